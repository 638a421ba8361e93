"""Threads: hand a plain function to a worker thread and get the answer back without the event loop's wake-up cost.

A quick answer is waited for on a lock, for at most `patience` seconds, and only for functions that were quick before;
a slow one comes back through `call_soon_threadsafe`, and the loop is free meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any, TypeVar

from flowbench.cancel.grace import GRACE_SECONDS
from flowbench.cancel.job import Job, Orphan
from flowbench.cancel.nearby import Distance, Sleeper
from flowbench.cancel.reaper import Reaper
from flowbench.cancel.reason import Aborted, AbortReason
from flowbench.cancel.token import CancelToken

SETTLE_PAUSE = 0.005  # seconds
KNOWN_FUNCTIONS = 4096  # durations kept; then all are forgotten, which costs each function one short wait

A = TypeVar("A")
R = TypeVar("R")
Outlives = Callable[[str, float | None], object]
"""What a body that its caller has left is told of with; see `Handoff.call`."""

_numbers = itertools.count(1)
_here = threading.local()  # .pool: the Handoff that this thread works for


class Handoff:
    """A growing set of daemon threads. limit: threads at most, not counting those whose caller has left. spare: idle
    ones that are kept for later calls.

    patience: seconds that the event loop may stand still for an answer.
    """

    def __init__(self, limit: int = 32, patience: float = 0.0003, spare: int = 32) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        self._limit = limit
        self._patience = patience
        self._spare = spare
        self._lock = threading.Lock()
        self._threads = 0
        self._idle: list[_Seat] = []
        self._backlog: deque[Job[Any, Any]] = deque()
        self._usual: dict[int, float] = {}  # hash of a function: seconds, smoothed
        self._reaper = Reaper()
        self._distance = Distance()
        self._closed = False

    async def call(
        self,
        fn: Callable[[A], R],
        value: A,
        *,
        token: CancelToken | None = None,
        grace: float = GRACE_SECONDS,
        owner: object = None,
        at: str = "",
        linger: Callable[[], Callable[[], object]] | None = None,
        outlives: Outlives | None = None,
    ) -> R:
        """`fn(value)` on a thread, in a copy of the caller's context; abort raises.

        If the task that awaits is cancelled, it stops waiting at once, `token` is aborted, and after `grace` seconds
        Aborted is raised inside `fn`. A call that no thread has begun is dropped. owner, at: what `left` finds it by.
        linger: called if `fn` runs on when its caller leaves; its answer is called on the loop when `fn` has ended, or
        after `grace` seconds. outlives: called with `at` and None if `fn` runs on, and with `at` and the moment, of
        perf_counter, in the thread of `fn` when it has ended after all; in either order.
        Raises: what `fn` raises; Aborted if `token` was aborted before `fn` began; RuntimeError when closed.
        """
        job = Job(fn, value, token, owner, at)
        usual, began = self._usually(fn), perf_counter()
        is_quick = usual < self._patience
        self._submit(job, nearby=is_quick and self._distance.is_far)
        try:
            if is_quick and job.wait_briefly(self._patience):
                self._distance.hear(perf_counter() - began)
            else:
                await job.wait()
        except BaseException:  # cancelled, closed or interrupted: whatever it is, nobody waits any more
            self._leave(job, grace, linger, outlives)
            raise
        self._learn(fn, usual * 0.8 + (perf_counter() - began) * 0.2)
        return job.outcome()

    def start(self, fn: Callable[[A], object], value: A) -> None:
        """`fn(value)` on a thread, in a copy of the caller's context; nobody hears what it returns or raises.

        Raises: RuntimeError when closed.
        """
        self._submit(Job(fn, value, None))

    @property
    def orphans(self) -> list[Orphan]:
        """Bodies that go on although they were forced. They end when they choose to, or with the process."""
        return self._reaper.orphans()

    def left(self, owner: object) -> list[Orphan]:
        """Bodies of this owner that run on although their callers have left, as of now."""
        return self._reaper.left(owner)

    def settle(self, seconds: float) -> bool:
        """Wait until all bodies whose callers have left have ended, at most so long; False if some go on."""
        until = time.monotonic() + seconds
        while self._reaper.runs_any():
            if time.monotonic() >= until:
                return False
            time.sleep(SETTLE_PAUSE)
        return True

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Around a wait for other work of this pool, in one of its threads: the place is somebody else's meanwhile.

        Without it, functions that wait for functions fill all places and wait for ever. Elsewhere it does nothing.
        """
        if getattr(_here, "pool", None) is not self:
            yield
            return
        self._give_place()
        try:
            yield
        finally:
            with self._lock:
                self._threads += 1  # for a while there may be more than the limit; they end when they are next idle

    def close(self) -> None:
        """Take no more calls. What was handed over is still done; then the threads end. Does not wait."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            self._threads -= len(idle)
        for seat in idle:
            seat.gate.release()

    def _submit(self, job: Job[Any, Any], *, nearby: bool = False) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("this Handoff is closed")
            if self._idle:
                seat = self._idle.pop()
                seat.job = job
                if nearby and seat.sleeper is not None:
                    seat.sleeper.call_here()
                seat.gate.release()
            elif self._threads < self._limit:
                self._start(job)
            else:
                self._backlog.append(job)

    def _start(self, job: Job[Any, Any]) -> None:
        name = f"flowbench-{next(_numbers)}"
        threading.Thread(target=self._work, args=(_Seat(job),), name=name, daemon=True).start()
        self._threads += 1

    def _leave(
        self,
        job: Job[Any, Any],
        grace: float,
        linger: Callable[[], Callable[[], object]] | None,
        outlives: Outlives | None,
    ) -> None:
        if job.token is not None:
            job.token.abort(AbortReason.SIGNAL, "task")
        over = _Over(job.at, outlives)
        if not job.leave(over):
            return
        if outlives is not None:
            outlives(job.at, None)
        if linger is not None:
            over.tell(linger(), grace)
        self._reaper.take(job, grace)
        self._give_place()  # its thread takes no further job

    def _give_place(self) -> None:
        with self._lock:
            self._threads -= 1
            if self._backlog:
                self._start(self._backlog.popleft())

    def _work(self, seat: _Seat) -> None:
        thread = threading.current_thread()
        _here.pool = self
        sleeper = seat.sleeper = Sleeper()
        while (job := seat.job) is not None:
            try:
                goes_on = job.run(thread)
            except Aborted:  # forced between the last bytecode of the body and its end
                goes_on = job.end()
            stays = goes_on and self._sit_down(seat)
            job.tell()
            if not stays:
                return
            del job  # an idle thread keeps nothing of its last call
            seat.gate.acquire()
            sleeper.let_go()

    def _sit_down(self, seat: _Seat) -> bool:
        """Have the next job put into `seat`, whose gate opens then; False if there will be none."""
        seat.job = None
        with self._lock:
            is_spare = not self._backlog and (self._closed or len(self._idle) >= self._spare)
            if self._threads > self._limit or is_spare:
                self._threads -= 1
                return False
            if self._backlog:
                seat.job = self._backlog.popleft()
                seat.gate.release()
            else:
                self._idle.append(seat)
        return True

    def _usually(self, fn: Callable[[Any], Any]) -> float:
        try:
            return self._usual.get(hash(fn), 0.0)
        except TypeError:  # a callable without a hash cannot be remembered, so it is never waited for
            return self._patience

    def _learn(self, fn: Callable[[Any], Any], seconds: float) -> None:
        if len(self._usual) >= KNOWN_FUNCTIONS:
            self._usual.clear()
        try:
            self._usual[hash(fn)] = seconds
        except TypeError:
            return


class _Over:
    """Called in the thread of a body that has ended; whoever `tell` names hears of it on the loop, or when it is late.

    The body may end before, while or after it is said who wants to hear.
    """

    __slots__ = ("_at", "_ended", "_hear", "_loop", "_outlives")

    def __init__(self, at: str, outlives: Outlives | None) -> None:
        self._at, self._outlives = at, outlives
        self._ended = False
        self._hear: Callable[[], object] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> None:
        self._ended = True
        if self._outlives is not None:
            self._outlives(self._at, perf_counter())
        self._send()

    def tell(self, hear: Callable[[], object], grace: float) -> None:
        """In the caller. hear: may be called more than once."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # the caller was closed without one
            return
        self._hear = hear
        self._loop.call_later(grace, hear)
        if self._ended:
            self._send()

    def _send(self) -> None:
        if self._hear is not None and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, so nobody waits for a place
                self._loop.call_soon_threadsafe(self._hear)


class _Seat:
    """Where a thread waits for its next job. gate: opened once per job; a job of None means: end.

    sleeper: the thread itself, from its beginning on.
    """

    __slots__ = ("gate", "job", "sleeper")

    def __init__(self, job: Job[Any, Any]) -> None:
        self.job: Job[Any, Any] | None = job
        self.sleeper: Sleeper | None = None
        self.gate = threading.Lock()
        self.gate.acquire()
