"""Warm: a few Python processes that stay for the next call; each can be killed in the middle of one.

For calls that hold this process's lock for long, or may crash: a start costs a tenth of a second, a further call less
than a millisecond. Each process hangs on a keeper like any child: it dies with this process, however that ends.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause
from flowbench.process import warm_child
from flowbench.process.errors import BodyRaised, ProcessError
from flowbench.process.script import run_script

SIZE = 2  # processes: what is called in them is heavy, and the machine has other work
IDLE_SECONDS = 60.0  # without a call, after which a process ends
CLOSE_SECONDS = 5.0  # that closing waits for processes to end
BEAT = 0.05  # seconds between two heartbeats of who waits for an answer
LIMIT = 16  # processes that one of them may have below it
_FILE = Path(warm_child.__file__)
_QUIET = {"RUST_BACKTRACE": "0"}  # texts of errors are for people


class WarmPool:
    """label: what messages call one of the processes. size: how many at most. idle: seconds until an idle one ends.

    From any thread. Nothing runs before the first call, and nothing when all have been idle for long enough. After a
    fork the child has a pool of its own.
    """

    def __init__(self, label: str, *, size: int = SIZE, idle: float = IDLE_SECONDS) -> None:
        self.label, self.size, self.idle = label, size, idle
        self._begin_anew()

    def _begin_anew(self) -> None:
        # Re-entrant: a signal handler may abort a token while its own thread is in here.
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._queue: deque[WarmJob] = deque()
        self._workers: set[_Worker] = set()
        self._idle: set[_Worker] = set()

    def begin(self, function: str, *args: Any, token: CancelToken | None = None) -> WarmJob:
        """Have `function` called soon; abort raises Aborted where the result is waited for, and kills the process.

        function: "module:name", of what can be imported here. args and the answer: JSON.
        """
        if os.getpid() != self._owner:
            self._begin_anew()
        job = WarmJob(self, {"call": function, "args": args}, token or CancelToken())
        if job.token.aborted():
            job.future.set_exception(Aborted(job.token.cause or Cause(AbortReason.UNKNOWN, "api")))
            return job
        with self._lock:
            self._queue.append(job)
            try:
                if self._idle:
                    self._idle.pop().wake()
                elif len(self._workers) < self.size:
                    self._start()
            except BaseException:
                self._queue.remove(job)
                raise
        job.listen()
        return job

    def call(self, function: str, *args: Any, token: CancelToken | None = None) -> Any:
        """What `function(*args)` returns in another process; blocks; abort raises Aborted, and kills that process.

        Raises: BodyRaised, BodyDied, NotStarted, Aborted.
        """
        return self.begin(function, *args, token=token).result()

    def close(self) -> None:
        """End all processes and wait for it; calls that go on are aborted. The next call starts new ones."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            jobs, workers = list(self._queue), list(self._workers)
        for job in jobs:
            job.abort("close")
        for worker in workers:
            worker.token.abort(AbortReason.SIGNAL, "close")
        until = time.monotonic() + CLOSE_SECONDS
        for worker in workers:
            worker.thread.join(max(until - time.monotonic(), 0.0))

    @property
    def processes(self) -> int:
        """How many there are, those that are just starting included."""
        with self._lock:
            return len(self._workers)

    def _start(self) -> None:
        worker = _Worker(self)
        worker.thread.start()
        self._workers.add(worker)
        atexit.unregister(self.close)
        atexit.register(self.close)

    def _take(self, worker: _Worker) -> WarmJob | None:
        """The next job that still waits; None: there is nothing to do for this worker."""
        with self._lock:
            self._idle.discard(worker)
            if worker.token.aborted():
                return None  # it has answered at the last moment, and is being killed
            if not self._queue:
                self._idle.add(worker)
                return None
            worker.job = self._queue.popleft()
            return worker.job

    def _settle(self, worker: _Worker, told: Any) -> None:
        with self._lock:
            job, worker.job = worker.job, None
        if job is None:
            return
        if "type" in told:
            job.fail(BodyRaised(told["type"], told["text"] or told["type"], ()))
        else:
            job.succeed(told["value"])

    def _retire(self, worker: _Worker) -> bool:
        """It has been idle for long; False: there is work after all."""
        with self._lock:
            if self._queue:
                return False
            self._forget(worker)
            return True

    def _forget(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        self._idle.discard(worker)

    def _ended(self, worker: _Worker, error: BaseException | None) -> None:
        """Its process is gone: so is its call, and another process does what still waits."""
        with self._lock:
            self._forget(worker)
            job = worker.job
            if job is None and error is not None and not isinstance(error, Aborted) and self._queue:
                job = self._queue.popleft()  # none can be started: whoever waits is told so, not kept waiting
            if self._queue and len(self._workers) < self.size:
                self._start()
        if job is not None:
            job.fail(error or ProcessError(f"{self.label} has ended before it had answered"))

    def _stop(self, job: WarmJob, cause: Cause) -> None:
        with self._lock:
            if job in self._queue:
                self._queue.remove(job)
                ended = True
            else:
                ended = False
                for worker in self._workers:
                    if worker.job is job:
                        worker.token.abort(cause.reason, cause.by)
        if ended:
            job.fail(Aborted(cause))


class WarmJob:
    """One call that has been begun. future: has its answer, or the failure."""

    def __init__(self, pool: WarmPool, request: dict[str, Any], token: CancelToken) -> None:
        self._pool, self.request = pool, request
        self.token = token.child()
        self.future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._undo: Callable[[], None] = lambda: None

    def result(self) -> Any:
        """Wait for what the function returns. Who waits and is interrupted leaves, and the process is killed.

        Raises: as `WarmPool.call`.
        """
        try:
            while not self.future.done():
                try:
                    self.token.heartbeat()
                except Aborted as passed:
                    self.token.abort(*passed.cause)  # its deadline has passed, which tells nobody by itself
                    concurrent.futures.wait([self.future])
                    break
                deadline = self.token.deadline
                left = BEAT if deadline is None else min(deadline - time.monotonic(), BEAT)
                concurrent.futures.wait([self.future], max(left, 0.0))
        except BaseException:  # Ctrl-C, or raised into this thread: whatever it is, nobody waits any more
            self.abort("leaving")
            raise
        if self.token.abort_reason() is not None:
            self.token.heartbeat()  # an abort beats an answer that came meanwhile
        return self.future.result()

    def abort(self, by: str = "api") -> None:
        """Kill it if it has not ended. At once; `result` raises when it is gone."""
        if not self.future.done():
            self.token.abort(AbortReason.USER, by)

    def listen(self) -> None:
        """From now on an abort of its token ends it."""
        self._undo = self.token.on_abort(lambda cause: self._pool._stop(self, cause))
        if self.future.done():
            self._undo()

    def succeed(self, value: Any) -> None:
        self._undo()
        if not self.future.done():
            self.future.set_result(value)

    def fail(self, error: BaseException) -> None:
        self._undo()
        if not self.future.done():
            self.future.set_exception(error)


class _Worker:
    """One process, and the thread that attends it. job: what it does; it is the pool's, under its lock."""

    def __init__(self, pool: WarmPool) -> None:
        self.token = CancelToken()
        self.job: WarmJob | None = None
        self._pool = pool
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self.thread = threading.Thread(target=self._run, name=f"flowbench {pool.label}", daemon=True)

    def wake(self) -> None:
        """There is work. Only while it is idle, so that its loop runs."""
        assert self._loop is not None
        assert self._woken is not None
        self._loop.call_soon_threadsafe(self._woken.set)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._live())
        except BaseException as raised:  # Aborted, too: whoever waits for an answer gets it
            error = raised
        self._pool._ended(self, error)

    async def _live(self) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        label = self._pool.label
        await run_script(label, _FILE, None, serve=self._serve, token=self.token, limit=LIMIT, env=_QUIET)

    async def _serve(self, told: Any) -> Any:
        assert self._woken is not None
        self._pool._settle(self, told)
        while (job := self._pool._take(self)) is None:
            try:
                async with asyncio.timeout(self._pool.idle):
                    await self._woken.wait()
            except TimeoutError:
                if self._pool._retire(self):
                    return None
            self._woken.clear()
        return job.request
