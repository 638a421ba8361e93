"""Dispatching: a task is started, and attempts at it are made until one of them answers.

However an attempt ends, its task says so and whoever polls it is woken: no task stays `running` after its worker.
Whoever awaits a dispatch and leaves takes the worker along. Source: mlua-swarm 0.2.1 `dispatch_attempt_with`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from flowbench import flow, process
from flowbench.cancel import Aborted, AbortReason, CancelToken, Handoff, future
from flowbench.engine import ids
from flowbench.engine.alone import Alone
from flowbench.engine.attending import Attending
from flowbench.engine.desk import Attempt, Work
from flowbench.engine.errors import (
    Blocked,
    DispatchFailed,
    Internal,
    InvalidTransition,
    NotRegistered,
    SpawnDepthExceeded,
    SpawnError,
)
from flowbench.engine.outputs import Final, Inline
from flowbench.engine.roles import Verb
from flowbench.engine.spawner import Spawner
from flowbench.engine.tasks import Dispatched, Status, TaskSpec, TaskState
from flowbench.engine.tokens import CapToken
from flowbench.engine.visiting import Task

Routes = Spawner | Mapping[str, Spawner]
"""Whoever does the work: of any agent, or by agent name."""


class Outcome(msgspec.Struct, frozen=True):
    """What a dispatch came to. value: of pass and blocked."""

    kind: Literal["pass", "blocked", "suspended", "cancelled", "timeout"]
    value: Any = None


class Dispatching(Attending):
    """The part of the engine that gets work done."""

    def __init__(self, *args: Any, spawner: Routes | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        self.spawner = spawner
        self._threads: Handoff | None = None
        self._starting = threading.Lock()

    def start_task(self, token: CapToken, spec: TaskSpec) -> str:
        """The id of a new task, which is pending. What a worker starts is one deeper than its own task.

        Raises: TokenError, SpawnDepthExceeded, InvalidTransition for the worker of a cancelled task, flow.NotJson.
        """
        parent = self._verify(token, Verb.START_TASK)  # None for an operator
        directive = flow.take(spec.initial_directive)[0]
        with self._lock:
            above = None if parent is None else self._of(parent).state
            if above is not None and above.status is Status.CANCELLED:
                raise InvalidTransition(f"{parent} is cancelled, so its worker starts nothing more")
            depth = 0 if above is None else above.spawn_depth + 1
            if depth >= self.cfg.max_spawn_depth:
                raise SpawnDepthExceeded(depth, self.cfg.max_spawn_depth)
            now, fresh = self.clock(), TaskSpec(spec.agent, directive)
            state = TaskState(ids.task_id(), fresh, now, now, spawn_depth=depth)
            return self._enter(Work(state, parent, {1: Attempt((directive,))})).state.id

    async def dispatch_attempt(self, token: CapToken, task_id: str, *, stop: CancelToken | None = None) -> Outcome:
        """`dispatch_attempt_with` the engine's own spawner; abort raises Aborted."""
        return await self.dispatch_attempt_with(token, task_id, self.spawner or {}, stop=stop)

    async def dispatch_attempt_with(
        self, token: CapToken, task_id: str, spawner: Routes, *, stop: CancelToken | None = None
    ) -> Outcome:
        """One more attempt at the task, to its end; abort raises Aborted.

        An attempt that still runs is cancelled in favour of this one. Leaving cancels the task, and so does an abort.
        "cancelled": somebody else has cancelled it, or made another attempt. On any loop.
        Raises: TokenError, TaskNotFound, InvalidTransition for a cancelled task, DispatchFailed.
        """
        self._verify(token, Verb.DISPATCH_ATTEMPT)
        with self._lock:
            work = self._of(task_id)
        if stop is not None:
            stop.heartbeat()
        task, halt = self._begin(work, stop)
        site = Alone(task, halt, self._handoff(), self.operator_info(work.state.spec.agent, token))
        me = asyncio.current_task()
        asked = 0 if me is None else me.cancelling()
        try:
            value = await future("engine.dispatch", halt, self._carry_out(spawner, site, work))
        except Aborted as aborted:
            if not halt.aborted():
                return self._failed(task, aborted)
            task.cancelled()
            if stop is not None and stop.aborted():
                raise
            return Outcome("cancelled")
        except asyncio.CancelledError as left:
            if me is not None and me.cancelling() == asked:  # the body's own doing
                return self._failed(task, left)
            task.cancelled()
            raise
        except Blocked as blocked:
            self._append(task, blocked.value, False)
            task.failed(blocked)
            return self._outcome(task, "blocked", blocked.value)
        except Exception as error:  # whatever the worker raises is the dispatch's failure
            return self._failed(task, error)
        except BaseException:  # Ctrl-C, SystemExit: no worker is left to wait for
            task.cancelled()
            raise
        self._append(task, value, True)
        task.done(value)
        return self._outcome(task, "pass", value)

    def _begin(self, work: Work, stop: CancelToken | None) -> tuple[Task, CancelToken]:
        halt = CancelToken() if stop is None else stop.child()
        with self._lock:
            self._apply(work, Dispatched())
            earlier, number = list(work.attempts), work.state.attempt
            attempt = work.attempt(number)
            attempt.prompt = attempt.prompt or (work.state.spec.initial_directive,)
            attempt.stop = partial(halt.abort, AbortReason.SIGNAL, "cancel_task")
        for each in earlier:
            if each != number:
                self._stop_worker(work, each)
        return Task(self, work, number), halt

    async def _carry_out(self, spawner: Routes, site: Alone, work: Work) -> Any:
        agent = work.state.spec.agent
        chosen = spawner.get(agent) if isinstance(spawner, Mapping) else spawner
        if chosen is None:
            raise NotRegistered(agent)
        result = chosen.body(site)(flow.hand(site.task().prompt)[0])
        if hasattr(type(result), "__await__"):
            result = await result
        if not self._is_out(site.task()):  # else they are of the attempt that has taken its place
            await process.clear(site.run_id)  # what a program has left behind; costs nothing if there is nothing
        return flow.take(result)[0]

    def _append(self, task: Task, value: Any, ok: bool) -> None:
        """The answer is the last Final, unless the worker has submitted just that."""
        final, finals = Final(Inline(value), ok), task.finals()
        if not finals or finals[-1] != final:
            task.submit(final)

    def _failed(self, task: Task, error: BaseException) -> Outcome:
        """Raises: DispatchFailed, unless the task was cancelled meanwhile."""
        if isinstance(error, DispatchFailed):
            why = error.why
        else:
            is_spawn = isinstance(error, SpawnError | Internal)
            why = str(error) if is_spawn else f"worker fn returned error: {flow.text_of(error)}"
        task.broke(why)
        if self._is_out(task):
            return Outcome("cancelled")
        raise DispatchFailed(why) from error

    def _outcome(self, task: Task, kind: Literal["pass", "blocked"], value: Any) -> Outcome:
        return Outcome("cancelled") if self._is_out(task) else Outcome(kind, value)

    def _is_out(self, task: Task) -> bool:
        """It was cancelled, or another attempt is the current one."""
        state = task.state
        return state.status is Status.CANCELLED or state.attempt != task.attempt

    def _handoff(self) -> Handoff:
        with self._starting:
            if self._threads is None:
                self._threads = Handoff()
            return self._threads
