"""Pump: a session's output to whoever listens, no faster than they take it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from flowbench.process import Session

CHUNK = 1 << 16  # bytes
TURNS = 32  # chunks in a row before others on the loop have their turn


class Sink(Protocol):
    """Who hears what is written. Asked and told on the loop of the session; whoever makes room again stirs it."""

    @property
    def has_room(self) -> bool: ...

    def put(self, chunk: bytes, /) -> object: ...

    def cut(self, seconds: float, /) -> object:
        """The command was stopped: what nobody has taken within so many seconds is not told any more."""


class Capture:
    """Tells a sink, if there is one, and keeps what it told: at most so many bytes, the first ones."""

    def __init__(self, sink: Sink | None, limit: int) -> None:
        self._sink, self._limit = sink, limit
        self.heard = bytearray()
        self.is_too_long = False

    @property
    def has_room(self) -> bool:
        return self._sink is None or self._sink.has_room

    def put(self, chunk: bytes) -> None:
        if self._sink is not None:
            self._sink.put(chunk)
        left = self._limit - len(self.heard)
        self.heard += chunk[:left]
        self.is_too_long = self.is_too_long or len(chunk) > left

    def cut(self, seconds: float) -> None:
        if self._sink is not None:
            self._sink.cut(seconds)


class Pump:
    """stir: set when anything is new."""

    def __init__(self, session: Session, sink: Sink, stir: asyncio.Event) -> None:
        self._session, self._sink, self._stir = session, sink, stir
        self._turns = 0

    async def turn(self, limit: int = CHUNK, seconds: float | None = None) -> int:
        """Move one chunk, or wait for anything new, at most so long; how many bytes were moved."""
        chunk = self._session.take(limit) if self._sink.has_room else None
        if chunk:
            self._sink.put(chunk)
            self._turns += 1
            if self._turns % TURNS == 0:
                await asyncio.sleep(0)
            return len(chunk)
        self._stir.clear()  # nothing can have happened on this loop since the caller has looked
        try:
            async with asyncio.timeout(seconds):
                await self._stir.wait()
        except TimeoutError:
            pass
        return 0

    async def finish(self, seconds: float) -> None:
        """Move what is left when nobody writes any more, as far as it is taken within so many seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            if self._sink.has_room and not self._session.pending():
                break
            await self.turn(seconds=left)
