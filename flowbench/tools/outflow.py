"""Outflow: what a program writes, from the thread that reads it to the one consumer, who may be slow.

Bytes go in; text comes out, in order, in whole characters. When so much waits that it is full, the writer holds the
program up until there is room again: nothing is lost, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
import codecs
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

LIMIT = 64 << 16  # bytes that may wait
PORTION = 1 << 16  # bytes of one text, at most


class Outflow:
    """One writer, one consumer. room: called in the consumer's thread when it was full and has room again."""

    def __init__(self, room: Callable[[], object]) -> None:
        self._room = room
        self._change = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._is_full = self._is_over = self._is_left = False
        self._until: float | None = None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._told: list[int] = []
        self._wake: Callable[[], object] | None = None

    # The writer

    def tell(self, number: int) -> None:
        """Comes out before all text."""
        with self._change:
            self._told.append(number)
            self._notify()

    def put(self, chunk: bytes) -> bool:
        """False if it is full now; put no more until `room` is called."""
        with self._change:
            if self._is_left:
                return True
            self._waiting.append(chunk)
            self._size += len(chunk)
            self._is_full = self._size >= LIMIT
            self._notify()
            return not self._is_full

    @property
    def has_room(self) -> bool:
        """It is not full."""
        return not self._is_full

    def cut(self, seconds: float) -> None:
        """From so many seconds on nothing more comes out."""
        self._until = time.monotonic() + seconds

    def end(self) -> None:
        """There will be no more."""
        with self._change:
            self._is_over = True
            self._notify()

    # The consumer

    def leave(self) -> None:
        """Nobody takes any more: nothing more comes out, and nobody who writes waits for room."""
        with self._change:
            self._is_left, self._is_full = True, False
            self._waiting.clear()
            self._size = 0
        self._room()

    def take(self) -> int | str | None:
        """The number that was told, then the next text, at last None. Blocks."""
        with self._change:
            while not (found := self._next()):
                self._change.wait()
        return self._out(found)

    async def later(self) -> int | str | None:
        """The same, on any loop."""
        loop = asyncio.get_running_loop()
        while True:
            with self._change:
                if found := self._next():
                    return self._out(found)
                ready = loop.create_future()
                self._wake = partial(_wake, loop, ready)
            await ready

    def _next(self) -> tuple[int | str | None] | None:
        """None: there is nothing yet."""
        if self._told:
            return (self._told.pop(),)
        if self._until is not None and time.monotonic() >= self._until:
            self._waiting.clear()
            self._size = 0
        while self._waiting:
            portion = bytearray(self._waiting.popleft())
            while self._waiting and len(portion) + len(self._waiting[0]) <= PORTION:
                portion += self._waiting.popleft()
            self._size -= len(portion)
            if text := self._decode(portion):  # nothing, of the first bytes of a character
                return (text,)
        if not self._is_over:
            return None
        return (self._decode(b"", True) or None,)

    def _out(self, found: tuple[int | str | None]) -> int | str | None:
        if self._is_full and self._size <= LIMIT // 2:
            self._is_full = False
            self._room()
        return found[0]

    def _notify(self) -> None:
        self._change.notify()
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
        loop.call_soon_threadsafe(_set, ready)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
