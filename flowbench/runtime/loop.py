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
from flowbench.runtime.watch import Watch, Watched

T = TypeVar("T")

THREADS = 4096  # never the limit that counts: each run has its own, see limits
SETTLED_SECONDS = GRACE_SECONDS + 0.5  # after the grace Aborted is raised inside; it ends then or never will

_log = logging.getLogger("flowbench.runtime")


class EngineThread:
    """A daemon thread that runs one loop for ever. threads: where plain functions run, shared by all engines.

    An engine whose loop answers no abort is given up: it takes no more runs, and ends when those it has have ended.
    """

    def __init__(self, threads: Handoff) -> None:
        self.loop = asyncio.new_event_loop()
        self.threads = threads
        self.pid = os.getpid()
        self._is_given_up = False
        self._watch = Watch(self.loop, self._give_up)
        self._thread = threading.Thread(target=self._run, name="flowbench-engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        _here.is_engine = True
        asyncio.set_event_loop(self.loop)
        while not self._is_over():  # a callback may raise SystemExit, an agent may stop the loop: nobody else notices
            try:
                self.loop.run_forever()
            except BaseException:
                _log.exception("something on the engine's loop tried to end it")
        self.loop.close()

    def carry(self, run: Watched, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work`, which carries `run` to its end, on the engine's loop; from any thread."""
        key = object()
        self._watch.add(key, run, self._thread.ident or 0)
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        future.add_done_callback(lambda _: self._drop(key))
        return future

    def is_here(self) -> bool:
        """True on the thread of an engine, where waiting for a run would wait for ever."""
        return getattr(_here, "is_engine", False)

    def _drop(self, key: object) -> None:
        self._watch.drop(key)
        if self._is_over():
            self.loop.call_soon_threadsafe(self.loop.stop)

    def _give_up(self) -> None:
        global _engine
        self._is_given_up = True
        self.loop.set_exception_handler(_unless_left)
        with _starting:
            if _engine is self:
                _engine = None

    def _is_over(self) -> bool:
        return self._is_given_up and not self._watch.has_runs


def _unless_left(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Bodies that would not end are taken away with their loop; their runs have named them, and nobody asks again."""
    if "task" in context and "destroyed" in context.get("message", ""):
        return
    loop.default_exception_handler(context)


_here = threading.local()  # .is_engine
_threads: Handoff | None = None
_engine: EngineThread | None = None
_starting = threading.Lock()


@atexit.register
def _let_bodies_end() -> None:
    """A process that ends gives functions that were asked to stop their grace: their `finally` blocks run."""
    if _threads is not None:
        _threads.settle(SETTLED_SECONDS)


def engine() -> EngineThread:
    """The engine of this process; a forked child gets its own."""
    global _engine, _threads
    with _starting:
        if _engine is None:
            _threads = _threads or Handoff(limit=THREADS)
            _engine = EngineThread(_threads)
        return _engine


def _forget() -> None:
    """In a forked child no thread of ours is left."""
    global _engine, _threads, _starting
    _engine = _threads = None
    _starting = threading.Lock()


os.register_at_fork(after_in_child=_forget)
