"""Offstage: one asyncio loop on a daemon thread, where children live that outlast the loop of whoever calls."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from flowbench.cancel import GRACE_SECONDS
from flowbench.process.leash import end_all

T = TypeVar("T")

_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a forked child has none of its parent's threads
_starting = threading.Lock()


def backstage() -> asyncio.AbstractEventLoop:
    """The loop of this process; it runs until the interpreter ends. Nothing on it may block."""
    loop = _loops.get(os.getpid())
    if loop is not None:
        return loop
    with _starting:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name="flowbench-backstage", daemon=True)
            thread.start()
            atexit.register(_end, os.getpid(), loop, thread)
            _loops[os.getpid()] = loop
    return loop


def carry(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start `work` there; from any thread."""
    return asyncio.run_coroutine_threadsafe(work, backstage())


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


def _end(owner: int, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if os.getpid() != owner:
        return
    with suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(_settle(), loop).result(3 * GRACE_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(1.0)
    if not thread.is_alive():
        loop.close()


async def _settle() -> None:
    """What is asked of children ends when they do: nothing is left half way."""
    await end_all(GRACE_SECONDS)
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left, timeout=GRACE_SECONDS)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # what would not end is nobody's news any more
