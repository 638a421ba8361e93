"""PTY session, awaited: the same as `pty_session`, on the caller's event loop."""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Sequence
from contextlib import suppress
from typing import Any, Unpack

from flowbench.cancel import Aborted
from flowbench.errors import FlowbenchError
from flowbench.tools.errors import PtyGone
from flowbench.tools.pty_life import Life, PtyResult
from flowbench.tools.pty_session import Controls, OnChunk, PtyTerms, shell_argv


class PtySession(Controls):
    """Runs programs on a terminal, one at a time and as often as you like.

    `write`, `resize` and `kill` may be called from the moment that `start` has returned its coroutine, whether or not
    that is awaited already. Callbacks are called on the loop, and may be coroutine functions. Otherwise as
    `flowbench.tools.PtySession`.
    """

    def start(
        self, command: str, *, shell: str = "sh", on_chunk: OnChunk | None = None, **terms: Unpack[PtyTerms]
    ) -> Coroutine[Any, Any, PtyResult]:
        """Run a command line. Abort returns flags; before the program runs, it raises Aborted.

        It begins at once. Cancelling who awaits ends the program with all it has started.
        Raises: as the blocking one; PtyAlreadyRunning at once.
        """
        return self._through(self._begin(shell_argv(shell, command), terms), on_chunk, terms)

    def start_argv(
        self,
        application: str,
        args: Sequence[str] = (),
        *,
        on_chunk: OnChunk | None = None,
        **terms: Unpack[PtyTerms],
    ) -> Coroutine[Any, Any, PtyResult]:
        """The same with a program, found on PATH, and its arguments. Abort returns flags, as with `start`."""
        return self._through(self._begin([application, *args], terms), on_chunk, terms)

    def stream(self, command: str, *, shell: str = "sh", **terms: Unpack[PtyTerms]) -> PtyStream:
        """What a command writes, as it comes. Abort returns flags in `last`; leaving the loop early ends the program.

        It begins when the first text is asked for. Raises: as `start`.
        """
        return PtyStream(self, shell_argv(shell, command), terms)

    def _through(self, life: Life, on_chunk: OnChunk | None, terms: PtyTerms) -> Coroutine[Any, Any, PtyResult]:
        return _Begun(self._heard(life, on_chunk, terms))

    async def _heard(self, life: Life, on_chunk: OnChunk | None, terms: PtyTerms) -> PtyResult:
        try:
            await _pause()
            async for text in _texts(life, terms):
                self._hear(text)
                if on_chunk is not None:
                    await _called(on_chunk(text))
        except GeneratorExit:  # closed, or forgotten: there is no waiting any more
            self._leave(life)
            raise
        except BaseException:  # of a callback, or cancelled: the caller does not wait any more
            await self._abandon(life)
            raise
        return self._end(life)

    async def _abandon(self, life: Life) -> None:
        """However often this is cancelled: nothing may be left when it returns."""
        with suppress(PtyGone):
            life.kill()
        while True:
            with suppress(asyncio.CancelledError):
                while await life.outflow.later() is not None:
                    pass
                break
        with suppress(FlowbenchError, Aborted):  # there is an error already
            self._end(life)


class PtyStream(AsyncIterator[str]):
    """See PtySession.stream. The program is ended when nobody refers to this any more, and by `aclose`."""

    def __init__(self, session: PtySession, argv: Sequence[str], terms: PtyTerms) -> None:
        self._session, self._argv, self._terms = session, argv, terms
        self._life: Life | None = None  # while it is read
        self._texts: AsyncGenerator[str] | None = None

    async def __anext__(self) -> str:
        if self._texts is None:
            self._life = self._session._begin(self._argv, self._terms)
            self._texts = _texts(self._life, self._terms)
        if self._life is None:
            raise StopAsyncIteration
        try:
            text = await anext(self._texts, None)
        except BaseException:  # of a callback, or cancelled
            await self.aclose()
            raise
        if text is not None:
            return self._session._hear(text)
        life, self._life = self._life, None
        self._session._end(life)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the program if it goes on, and return when it is gone."""
        life, self._life = self._life, None
        if life is not None:
            await self._session._abandon(life)

    def __del__(self) -> None:
        if self._life is not None:
            self._session._leave(self._life)


class _Begun(Coroutine[Any, Any, PtyResult]):
    """A coroutine that has begun, up to a pause: one that is cancelled or dropped before anybody awaits it hears that.

    A plain one that has not begun would never know, and its program would go on.
    """

    def __init__(self, going: Coroutine[Any, Any, PtyResult]) -> None:
        self._going = going
        going.send(None)

    def send(self, value: Any) -> Any:
        return self._going.send(value)

    def throw(self, *error: Any) -> Any:
        return self._going.throw(*error)

    def close(self) -> None:
        self._going.close()

    def __await__(self) -> Generator[Any, Any, PtyResult]:
        return self._going.__await__()


@types.coroutine
def _pause() -> Generator[None, None, None]:
    yield


async def _texts(life: Life, terms: PtyTerms) -> AsyncGenerator[str]:
    on_start = terms.get("on_start")
    while (item := await life.outflow.later()) is not None:
        if isinstance(item, str):
            yield item
        elif on_start is not None:
            await _called(on_start(item))


async def _called(answer: object) -> None:
    if inspect.isawaitable(answer):
        await answer
