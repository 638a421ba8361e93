"""Awaited: the same shell session for callers on an asyncio loop, on any, and on another one later."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from flowbench.cancel import AbortReason, CancelToken
from flowbench.process import carry
from flowbench.tools.minimizing.result import MinimizerOptions
from flowbench.tools.shells.core import Order
from flowbench.tools.shells.face import Face, Kept, order
from flowbench.tools.shells.result import ShellResult

T = TypeVar("T")


class Shell(Face):
    """As `flowbench.tools.Shell`, its methods to be awaited; `async with` ends the session."""

    async def run(
        self,
        command: str,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        token: CancelToken | None = None,
        timeout_ms: float | None = None,
        on_chunk: Callable[[str], object] | None = None,
    ) -> ShellResult:
        """As `flowbench.tools.Shell.run`. Abort returns flags; a task that is cancelled aborts the command, and ends
        when that is gone.

        on_chunk: called on this loop; what it returns is awaited if it can be.
        Raises: ShellFailed, TooManyProcesses, Survivors, CancelledError.
        """
        asked = order(self._tag, command, cwd, env, token, timeout_ms)
        if on_chunk is None:
            kept = Kept()
            return kept.within(await _settled(carry(self.core.run(asked, kept)), asked))
        stream = ShellStream(self, asked)
        try:
            async for text in stream:
                said = on_chunk(text)
                if isinstance(said, Awaitable):
                    await said
        finally:
            await stream.aclose()
        assert stream.result is not None
        return stream.result

    def stream(
        self,
        command: str,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        token: CancelToken | None = None,
        timeout_ms: float | None = None,
    ) -> ShellStream:
        """`async for text in shell.stream(command)`: as `flowbench.tools.Shell.stream`. Abort returns early."""
        return ShellStream(self, order(self._tag, command, cwd, env, token, timeout_ms))

    async def abort(self) -> bool:
        """Abort the command that is carried out now; False if there is none. Does not wait for its end."""
        return self.core.abort()

    async def live_background_job_count(self) -> int:
        """Jobs that commands have left running in the background."""
        return self.core.jobs()

    async def close(self) -> None:
        """Abort what is carried out and end the session with all it has started; return when that is gone."""
        await asyncio.wrap_future(carry(self.core.close()))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


async def execute_shell(
    command: str,
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    session_env: Mapping[str, str] | None = None,
    snapshot_path: str | os.PathLike[str] | None = None,
    minimizer: MinimizerOptions | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
    on_chunk: Callable[[str], object] | None = None,
) -> ShellResult:
    """As `flowbench.tools.execute_shell`. Abort returns flags."""
    async with Shell(session_env=session_env, snapshot_path=snapshot_path, minimizer=minimizer) as shell:
        shell._tag = "shell.execute"
        return await shell.run(command, cwd=cwd, env=env, token=token, timeout_ms=timeout_ms, on_chunk=on_chunk)


class ShellStream(AsyncIterator[str]):
    """What a command writes, as it comes; it is put to the session when the first part is asked for.

    Used on one loop. result: how it ended, once the loop over it is over. It is stopped when nobody refers to it any
    more, and by `aclose`.
    """

    def __init__(self, shell: Face, asked: Order) -> None:
        self.result: ShellResult | None = None
        self._shell, self._order = shell, asked  # a session ends with the last who knows its Shell
        self._future: Future[ShellResult] | None = None
        self._outflow = shell.outflow()

    async def __anext__(self) -> str:
        if self._future is None:
            outflow = self._outflow  # and not this object, which the loop backstage must not keep
            self._future = carry(self._shell.core.run(self._order, outflow))
            self._future.add_done_callback(lambda _: outflow.end())
        if (text := await self._outflow.later()) is not None:
            return str(text)
        self.result = self._future.result()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop the command if it goes on, and return when it has ended."""
        if self._leave() and self._future is not None:
            await _settled(self._future, self._order)

    def _leave(self) -> bool:
        if self._future is None or self._future.done():
            return False
        self._order.token.abort(AbortReason.SIGNAL, "left")
        self._outflow.leave()
        return True

    def __del__(self) -> None:
        self._leave()


async def _settled(future: Future[T], asked: Order) -> T:
    """What it comes to. Who is cancelled meanwhile aborts it, and is cancelled when it has ended."""
    cancelled: asyncio.CancelledError | None = None
    wrapped = asyncio.wrap_future(future)
    while not wrapped.done():
        try:
            await asyncio.wait([wrapped])
        except asyncio.CancelledError as error:
            cancelled = error
            asked.token.abort(AbortReason.SIGNAL, "task")
    if cancelled is not None:
        wrapped.exception()  # looked at, so that asyncio does not complain that nobody did
        raise cancelled
    return wrapped.result()
