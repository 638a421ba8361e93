"""PTY session, awaited: the same as `pty_session`, on the caller's event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Coroutine, Sequence
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

    async def stream(self, command: str, *, shell: str = "sh", **terms: Unpack[PtyTerms]) -> AsyncGenerator[str]:
        """What a command writes, as it comes. Abort returns flags in `last`; leaving the loop early ends the program.

        It begins when the first text is asked for. Raises: as `start`.
        """
        life = self._begin(shell_argv(shell, command), terms)
        try:
            async for text in _texts(life, terms):
                yield self._hear(text)
        except BaseException:  # cancelled, or the loop was left
            await self._abandon(life)
            raise
        self._end(life)

    async def _through(self, life: Life, on_chunk: OnChunk | None, terms: PtyTerms) -> PtyResult:
        try:
            async for text in _texts(life, terms):
                self._hear(text)
                if on_chunk is not None:
                    await _called(on_chunk(text))
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
