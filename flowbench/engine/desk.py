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

from flowbench.cancel import CancelToken, future
from flowbench.engine import ids
from flowbench.engine.config import EngineCfg
from flowbench.engine.errors import PollTimeout, TaskNotFound
from flowbench.engine.news import News, TaskCreated, Wire
from flowbench.engine.outputs import Tail
from flowbench.engine.roles import Role, Verb
from flowbench.engine.sessions import Session
from flowbench.engine.tasks import Cancelled, Dispatched, Happening, TaskSpec, TaskState, advance
from flowbench.engine.tokens import CapToken, TokenStore

Stop = Callable[[], object]


class Work:
    """A task and all that belongs to it; each dict is by attempt. stops: ends the worker of an attempt that runs.

    parent: the task whose worker started it. children: those that its own workers started.
    """

    __slots__ = (
        "children", "handles", "nonces", "parent", "prompts", "state", "stops", "systems", "tails", "tokens", "waiters"
    )  # fmt: skip

    def __init__(self, state: TaskState, parent: str | None = None) -> None:
        self.state, self.parent = state, parent
        self.prompts: dict[int, Any] = {}
        self.systems: dict[int, str] = {}
        self.tails: dict[int, Tail] = {}
        self.tokens: dict[int, CapToken] = {}
        self.nonces: dict[int, str] = {}  # of tokens, also of those that are only reserved
        self.handles: dict[int, str] = {}
        self.stops: dict[int, Stop] = {}
        self.children: set[str] = set()
        self.waiters: set[_Waiter] = set()


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
        self._by_nonce: dict[str, tuple[str, int]] = {}  # of worker tokens: task, attempt
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

    def _create(self, task_id: str, spec: TaskSpec, depth: int = 0, parent: str | None = None) -> Work:
        now = self.clock()
        work = Work(TaskState(task_id, spec, now, now, spawn_depth=depth), parent)
        with self._lock:
            self._work[task_id] = work
            if parent is not None and (above := self._work.get(parent)) is not None:
                above.children.add(task_id)
            self.wire.tell(TaskCreated(task_id), now=now)
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
        """Cancelled for good, with all that its workers have started; whatever runs is stopped. attempt: as of
        `Cancelled`."""
        if attempt in (None, work.state.attempt):
            self._apply(work, Cancelled())
            with self._lock:
                below = [child for id in work.children if (child := self._work.get(id)) is not None]
            for child in below:
                self._cancel(child)
        for number in [number for number in list(work.stops) if attempt in (None, number)]:
            self._stop_worker(work, number)

    def _stop_worker(self, work: Work, attempt: int) -> None:
        """End what runs for this attempt, if anything does. Not under the lock: the stop is foreign code."""
        with self._lock:
            stop = work.stops.pop(attempt, None)
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
        self.tokens.forget(list(work.nonces.values()))
        for nonce in work.nonces.values():
            self._by_nonce.pop(nonce, None)
        for handle in work.handles.values():
            self._handles.pop(handle, None)

    # -- what belongs to an attempt

    def _tail(self, work: Work, attempt: int) -> Tail:
        tail = work.tails.get(attempt)
        return work.tails.setdefault(attempt, Tail()) if tail is None else tail

    def _nonce(self, work: Work, attempt: int) -> str:
        """Of the token that the worker of this attempt has, or would have if it asked."""
        nonce = work.nonces.get(attempt)
        return work.nonces.setdefault(attempt, ids.nonce()) if nonce is None else nonce

    def _worker_token(self, work: Work, attempt: int) -> CapToken:
        """Minted when it is first asked for, bound to the task."""
        token = work.tokens.get(attempt)
        if token is not None:
            return token
        with self._lock:
            token = work.tokens.get(attempt)
            if token is None:
                task_id, nonce, ttl = work.state.id, self._nonce(work, attempt), self.cfg.worker_ttl
                token = work.tokens[attempt] = self.tokens.mint(
                    f"worker-of-{task_id}", Role.WORKER, self.clock(), ttl=ttl, task_id=task_id, nonce=nonce
                )
                self._by_nonce[nonce] = (task_id, attempt)
            return token

    def _handle(self, work: Work, attempt: int) -> str:
        """A short name for the attempt's token."""
        with self._lock:
            known = work.handles.get(attempt)
            if known is None:
                token = self._worker_token(work, attempt)
                known = ids.handle()
                while known in self._handles:
                    known = ids.handle()
                work.handles[attempt], self._handles[known] = known, token.nonce
            return known

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
            work.waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                while not done():
                    await waiter.wait()
        except TimeoutError:
            raise PollTimeout from None
        finally:
            with self._lock:
                work.waiters.discard(waiter)


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
