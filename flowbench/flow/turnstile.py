"""Turnstile: so many step bodies at once and no more, first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque


class Turnstile:
    """A place per body, taken before it is called and given back when it has ended. most: places, at least 1.

    It counts bodies and not branches: a branch that only waits for its own inner fan-out holds no place, so that
    nested fan-outs cannot wait for each other. Belongs to one evaluation; only its thread may touch it.
    """

    __slots__ = ("_queue", "free")

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"a turnstile needs at least 1 place, not {most}")
        self.free = most  # above 0 only while nobody waits
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def is_awaited(self) -> bool:
        """Somebody stands in the queue, or has just left it."""
        return bool(self._queue)

    async def enter(self) -> None:
        """Return with a place taken. Whoever is cancelled meanwhile has none."""
        if self.free > 0:
            self.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # the place was ours already when we were cancelled
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to whoever waits longest."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1
