"""Ps awaited: the same processes, whose waits do not hold up an asyncio loop."""

from __future__ import annotations

from flowbench.cancel import CancelToken, blocking, bound
from flowbench.tools import ps


class Process(ps.Process):
    """As `flowbench.tools.Process`; `terminate` and `wait_for_exit` are awaited."""

    async def terminate(  # type: ignore[override]
        self,
        *,
        group: bool = False,
        graceful_ms: float = 1000,
        timeout_ms: float = 5000,
        token: CancelToken | None = None,
    ) -> bool:
        """As that of `flowbench.tools.Process`. Abort raises Aborted."""

        def work(own: CancelToken) -> bool:
            plain = ps.Process(self.pid, self.born)
            return plain.terminate(group=group, graceful_ms=graceful_ms, timeout_ms=timeout_ms, token=own)

        return await blocking("process.terminate", bound(token), work)

    async def wait_for_exit(  # type: ignore[override]
        self, *, timeout_ms: float | None = None, token: CancelToken | None = None
    ) -> bool:
        """As that of `flowbench.tools.Process`. Abort raises Aborted."""
        plain = ps.Process(self.pid, self.born)
        return await blocking(
            "process.wait_for_exit", bound(token), lambda own: plain.wait_for_exit(timeout_ms=timeout_ms, token=own)
        )
