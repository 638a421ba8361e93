"""Streaming: what blocking work finds, as an async iterator; it waits for a slow reader, and ends when that leaves."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

from flowbench.cancel import AbortReason, CancelToken, blocking

R = TypeVar("R")

AHEAD = 8  # batches that may wait for the reader
LOOK = 0.01  # seconds between two looks at the token while the reader has no room


async def streamed(
    tag: str, token: CancelToken, work: Callable[[CancelToken, Callable[[Sequence[R]], None]], object]
) -> AsyncIterator[R]:
    """Items in the order in which `work` hands them over; abort raises Aborted, and leaving the loop aborts the work.

    work: called with its token and with `put(batch)`, in a worker thread. `put` waits while 8 batches are not read yet,
    and raises Aborted; what the work returns is dropped.
    Raises: what the work raises, once all that it has handed over before is read.
    """
    pipe: _Pipe[R] = _Pipe(asyncio.get_running_loop())
    doing = blocking(tag, token, lambda own: work(own, lambda batch: pipe.put(batch, own)))
    doing.future.add_done_callback(lambda _: pipe.wake())
    try:
        while True:
            is_over = doing.done()  # before looking, so that nothing that comes between is missed
            for batch in pipe.taken():
                for item in batch:
                    yield item
            if is_over:
                await doing
                return
            await pipe.news()
    finally:
        doing.abort(AbortReason.SIGNAL, "reader")


class _Pipe(Generic[R]):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._news = asyncio.Event()
        self._room = threading.Semaphore(AHEAD)
        self._batches: deque[Sequence[R]] = deque()

    def put(self, batch: Sequence[R], token: CancelToken) -> None:
        token.heartbeat()
        while not self._room.acquire(timeout=LOOK):
            token.heartbeat()
        self._batches.append(batch)
        self.wake()

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop is closed, so nobody reads any more
            return

    async def news(self) -> None:
        await self._news.wait()
        self._news.clear()

    def taken(self) -> list[Sequence[R]]:
        found: list[Sequence[R]] = []
        while self._batches:
            found.append(self._batches.popleft())
            self._room.release()
        return found
