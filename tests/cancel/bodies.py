"""Bodies that can be watched, and ways to run and leave them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from flowbench.cancel import Aborted, AbortReason, Cause, Handoff

R = TypeVar("R")

TASK = Cause(AbortReason.SIGNAL, "task")


def run(main: Coroutine[Any, Any, R]) -> R:
    return asyncio.run(asyncio.wait_for(main, 60))


async def until_true(holds: Callable[[], bool]) -> None:
    """Wait, in a test that would otherwise end too early."""
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.002)


async def leave(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def double(number: int) -> int:
    return number * 2


class Body:
    """A function that can be watched: it begins, and ends by itself only when told."""

    def __init__(self, swallows: int = 0) -> None:
        self.began = threading.Event()
        self.told = threading.Event()
        self.swallows = swallows
        self.raised: list[Aborted] = []
        self.ended = False
        self.thread = 0

    def __call__(self, value: Any) -> Any:
        self.thread = threading.get_ident()
        self.began.set()
        try:
            while True:
                try:
                    while not self.told.is_set():
                        pass
                    return value
                except Aborted as aborted:
                    self.raised.append(aborted)
                    if len(self.raised) > self.swallows:
                        raise
        finally:
            self.ended = True

    async def start(self, threads: Handoff, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(threads.call(self, None, **options))
        await until_true(self.began.is_set)
        return task
