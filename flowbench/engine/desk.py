"""Desk: the state of one engine: tasks with all that belongs to them, sessions, answers; behind one lock.

The lock is held for as long as it takes to change a dict, never over a wait and never while foreign code runs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from flowbench import flow
from flowbench.cancel import CancelToken, future
from flowbench.engine import ids
from flowbench.engine.config import EngineCfg
from flowbench.engine.errors import PollTimeout, TaskNotFound
from flowbench.engine.news import News, TaskCreated, Wire, WorkerOutput
from flowbench.engine.outputs import Artifact, Inline, OutputEvent, Tail
from flowbench.engine.roles import Role, Verb
from flowbench.engine.sessions import Session
from flowbench.engine.tasks import Cancelled, Dispatched, Happening, Status, TaskState, advance
from flowbench.engine.tokens import CapToken, TokenStore

Stop = Callable[[], object]


class Attempt(msgspec.Struct, eq=False):
    """What belongs to one attempt at a task. prompt: in a tuple, if there is one. nonce: of the token, or reserved for
    it. stop: ends its worker while that runs.
    """

    prompt: tuple[Any] | None = None
    system: str | None = None
    tail: Tail | None = None
    token: CapToken | None = None
    nonce: str = ""
    handle: str = ""
    stop: Stop | None = None


class Work(msgspec.Struct, eq=False):
    """A task and all that belongs to it. attempts: by number. parent: the task whose worker started it.

    children: those that its own workers started. pending: questions by resume key.
    """

    state: TaskState
    parent: str | None = None
    attempts: dict[int, Attempt] = {}
    children: set[str] = set()
    pending: dict[str, Pending] = {}
    waiters: list[_Waiter] = []

    def attempt(self, number: int) -> Attempt:
        known = self.attempts.get(number)
        return self.attempts.setdefault(number, Attempt()) if known is None else known


class Pending:
    """A question. answer: None until it has come."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: tuple[Any] | None = None


class Desk:
    """cfg: see EngineCfg. clock: unix seconds."""

    def __init__(self, cfg: EngineCfg | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.cfg, self.clock = cfg or EngineCfg(), clock
        self.tokens = TokenStore(self.cfg.token_secret, layout=self.cfg.token_layout)
        self.wire = Wire(self.cfg.broadcast, self.cfg.event_tail)
        self._lock = threading.RLock()
        self._work: dict[str, Work] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()  # tasks that nobody works on, the oldest first
        self._sessions: dict[str, Session] = {}
        self._session_of: dict[str, str] = {}  # nonce -> session id
        self._handles: dict[str, str] = {}  # handle -> nonce
        self._resources: dict[str, Any] = {}

    # -- tokens

    def _verify(self, token: CapToken, verb: Verb, task_id: str | None = None) -> str | None:
        return self.tokens.verify(token, verb, self.clock(), task_id=task_id)

    def revoke(self, token: CapToken | str) -> bool:
        """From now on the token, or the one with this nonce, opens nothing. True if it was known."""
        return self.tokens.revoke(token if isinstance(token, str) else token.nonce)

    # -- tasks

    def _of(self, task_id: str) -> Work:
        """Under the lock. Raises: TaskNotFound."""
        work = self._work.get(task_id)
        if work is None:
            raise TaskNotFound(task_id)
        return work

    def _enter(self, work: Work) -> Work:
        """Make a new task known."""
        task = work.state
        with self._lock:
            self._work[task.id] = work
            if work.parent is not None and (above := self._work.get(work.parent)) is not None:
                above.children.add(task.id)
            self.wire.tell(TaskCreated(task.id), now=task.created_at)
        return work

    def _apply(self, work: Work, happening: Happening) -> Sequence[News]:
        """Change the task as `advance` says, tell it, and wake whoever waits for it. Raises: InvalidTransition."""
        now = self.clock()
        with self._lock:
            before = work.state
            work.state, news = advance(before, happening, now)
            if work.state is before:
                return news
            if isinstance(happening, Dispatched):
                self._settled.pop(before.id, None)
            elif work.state.status.is_settled and self._work.get(before.id) is work:
                self._settled[before.id] = None
            self.wire.tell(*news, now=now)
            waiters = list(work.waiters)
            self._forget_surplus()
        for waiter in waiters:
            waiter.wake()
        return news

    def _cancel(self, work: Work, attempt: int | None = None) -> None:
        """Cancelled for good, with all that its workers have started. attempt: as in `Cancelled`."""
        self._apply(work, Cancelled(attempt))
        if work.state.status is Status.CANCELLED:
            with self._lock:
                below = [child for id in work.children if (child := self._work.get(id)) is not None]
            for child in below:
                if not child.state.status.is_settled:
                    self._cancel(child)
        for number in list(work.attempts):
            if attempt in (None, number):
                self._stop_worker(work, number)

    def _stop_worker(self, work: Work, number: int) -> None:
        """End what runs for this attempt, if anything does. Not under the lock: the stop is foreign code."""
        with self._lock:
            attempt = work.attempt(number)
            stop, attempt.stop = attempt.stop, None
        if stop is not None:
            stop()

    def _forget_surplus(self) -> None:
        while len(self._settled) > self.cfg.kept_tasks:
            self._forget(next(iter(self._settled)))

    def _forget(self, task_id: str) -> None:
        work = self._work.pop(task_id)
        self._settled.pop(task_id, None)
        if work.parent is not None and (above := self._work.get(work.parent)) is not None:
            above.children.discard(task_id)
        for attempt in work.attempts.values():
            if attempt.token is not None:
                self.tokens.forget(attempt.nonce)
                self._handles.pop(attempt.handle, None)

    # -- what belongs to an attempt

    def _submit(self, work: Work, number: int, event: OutputEvent) -> None:
        """Append to the attempt's tail, tell it, and wake whoever waits for the task."""
        if isinstance(event, Artifact) and isinstance(event.content, Inline):
            event = Artifact(event.name, Inline(flow.take(event.content.value)[0]))
        with self._lock:
            attempt = work.attempt(number)
            attempt.tail = attempt.tail or Tail()
            attempt.tail.append(event)
            self.wire.tell(WorkerOutput(work.state.id, number, event), now=self.clock())
            waiters = list(work.waiters)
        for waiter in waiters:
            waiter.wake()

    def _nonce(self, work: Work, number: int) -> str:
        """Of the token that the worker of this attempt has, or would have if it asked."""
        with self._lock:
            attempt = work.attempt(number)
            attempt.nonce = attempt.nonce or ids.nonce()
            return attempt.nonce

    def _worker_token(self, work: Work, number: int) -> CapToken:
        """Minted when it is first asked for, bound to the task."""
        with self._lock:
            attempt = work.attempt(number)
            if attempt.token is None:
                task_id, now = work.state.id, self.clock()
                attempt.nonce = attempt.nonce or ids.nonce()
                attempt.token = self.tokens.mint(
                    worker_of(task_id),
                    Role.WORKER,
                    now,
                    ttl=self.cfg.worker_ttl,
                    task_id=task_id,
                    attempt=number,
                    nonce=attempt.nonce,
                )
            return attempt.token

    def _handle(self, work: Work, number: int) -> str:
        """A short name for the attempt's token."""
        with self._lock:
            token, attempt = self._worker_token(work, number), work.attempt(number)
            while not attempt.handle:
                handle = ids.handle()
                if self._handles.setdefault(handle, token.nonce) == token.nonce:
                    attempt.handle = handle
            return attempt.handle

    # -- waiting

    async def _until(
        self, work: Work, done: Callable[[], bool], seconds: float | None, stop: CancelToken | None
    ) -> None:
        """Until `done()`; looked at whenever something happens to the task. Raises: PollTimeout, Aborted."""
        if done():
            return
        if seconds is not None and seconds <= 0:
            raise PollTimeout
        await future("engine.wait", stop, self._ring(work, done, seconds))

    async def _ring(self, work: Work, done: Callable[[], bool], seconds: float | None) -> None:
        waiter = _Waiter()
        with self._lock:
            work.waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                while not done():
                    await waiter.wait()
        except TimeoutError:
            raise PollTimeout from None
        finally:
            with self._lock:
                work.waiters.remove(waiter)


def worker_of(task_id: str) -> str:
    """The agent_id of a worker's token."""
    return f"worker-of-{task_id}"


class _Waiter:
    """Somebody who waits for news of a task, on whichever loop. woken before it waits is woken all the same."""

    __slots__ = ("_loop", "_woken")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:  # the loop is closed, so nobody waits any more
            return

    async def wait(self) -> None:
        await self._woken.wait()
        self._woken.clear()
