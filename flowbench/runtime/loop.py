"""Loop: the one thread that all runs live on, with its own asyncio loop.

A cell or script only waits. Measured: no other way keeps an abort button live in a busy cell on ipykernel 6.31-7.4.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from flowbench.cancel import GRACE_SECONDS, Handoff

T = TypeVar("T")

THREADS = 4096  # never the limit that counts: each run has its own, see limits
FORCED_SECONDS = 0.5  # after the grace: Aborted is raised inside, and the function ends or never will

_log = logging.getLogger("flowbench.runtime")


class EngineThread:
    """A daemon thread that runs one loop for ever. threads: where plain functions run."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.threads = Handoff(limit=THREADS)
        self.pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="flowbench-engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:  # a callback may raise SystemExit, an agent may stop the loop: the other runs must not notice
            try:
                self.loop.run_forever()
            except BaseException:
                _log.exception("something on the engine's loop tried to end it")

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` on the engine's loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def is_here(self) -> bool:
        """True on the engine's own thread, where waiting for a run would wait for ever."""
        return threading.current_thread() is self._thread


_engine: EngineThread | None = None
_starting = threading.Lock()


@atexit.register
def _let_bodies_end() -> None:
    """A process that ends gives functions that were asked to stop their grace: their `finally` blocks run."""
    if _engine is not None and _engine.pid == os.getpid():
        _engine.threads.settle(GRACE_SECONDS + FORCED_SECONDS)


def engine() -> EngineThread:
    """The engine of this process; a forked child gets its own."""
    global _engine
    with _starting:
        if _engine is None or _engine.pid != os.getpid():
            _engine = EngineThread()
        return _engine
