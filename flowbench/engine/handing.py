"""Handing over: a plain function of a step runs on a worker thread, and hears when the step ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flowbench.cancel import AbortReason, CancelToken, stopper

if TYPE_CHECKING:
    from flowbench.engine.spawner import Site


async def on_thread(fn: Callable[[Any], Any], value: Any, site: Site, token: CancelToken | None = None) -> Any:
    """What `fn(value)` returns, called on a worker thread; abort raises, and so does the end of the step.

    token: of the step, if it has one already; most functions never need theirs, and making it takes a while.
    """
    at, linger = site.visit().address, site.linger()
    stop = _Stop(site, at, token)
    before = stopper.set(stop)
    owner, outlives = site.run_id, site.outlives
    try:
        return await site.threads.call(fn, value, token=token, owner=owner, at=at, linger=linger, outlives=outlives)
    except asyncio.CancelledError:
        stop.abort()
        raise
    finally:
        with suppress(ValueError):  # the interpreter takes a forgotten coroutine away in some other context
            stopper.reset(before)


class _Stop:
    """The token of one call on a thread, made when it is first asked for."""

    __slots__ = ("_at", "_is_left", "_made", "_site")

    def __init__(self, site: Site, at: str, token: CancelToken | None) -> None:
        self._site, self._at, self._is_left = site, at, False
        self._made: dict[str, CancelToken] = {} if token is None else {"token": token}

    def __call__(self) -> CancelToken:
        token = self._made.get("token") or self._made.setdefault("token", self._site.step_token(self._at))
        if self._is_left:  # asked for too late: whatever it was for must not begin
            token.abort(AbortReason.SIGNAL, by="cancelled")
        return token

    def abort(self) -> None:
        """The caller has left."""
        self._is_left = True
        if token := self._made.get("token"):
            token.abort(AbortReason.SIGNAL, by="cancelled")
