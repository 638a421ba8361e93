"""Tasks: what can become of one piece of work, as one pure function: (state, what happens, now) -> (state, news).

Cancelled is the end: what comes to a cancelled task later is recorded elsewhere and changes nothing here. An attempt
that is not the current one any more has no say. Source: mlua-swarm 0.2.1 `TaskState`; there a late Final revived a
cancelled task, and a failed dispatch stayed `running`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from flowbench.engine.errors import InvalidTransition
from flowbench.engine.news import (
    News,
    TaskAttemptCompleted,
    TaskBlocked,
    TaskCancelledNews,
    TaskPass,
    TaskResumed,
    TaskSuspended,
)


class Status(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    PASS = "pass"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        """Nobody works on it."""
        return self in (Status.PASS, Status.BLOCKED, Status.CANCELLED)


class TaskSpec(msgspec.Struct, frozen=True):
    """initial_directive: any JSON value; workers get it as text."""

    agent: str
    initial_directive: Any = None


class TaskState(msgspec.Struct, frozen=True):
    """attempt: of the last dispatch, 0 before the first. suspended_on: the resume key. created_at, updated_at: unix
    seconds. spawn_depth: 0 for what an operator starts. suspended_from: where it goes on when it is resumed.
    """

    id: str
    spec: TaskSpec
    created_at: float
    updated_at: float
    status: Status = Status.PENDING
    attempt: int = 0
    suspended_on: str | None = None
    last_result: Any = None
    spawn_depth: int = 0
    suspended_from: Status | None = None


class Dispatched(msgspec.Struct, frozen=True):
    """A worker is about to begin; it makes one more attempt."""


class Ended(msgspec.Struct, frozen=True):
    """The worker answered."""

    attempt: int
    value: Any
    ok: bool


class Broke(msgspec.Struct, frozen=True):
    """There was no worker, or it failed."""

    attempt: int
    why: str


class Cancelled(msgspec.Struct, frozen=True):
    """Somebody wants no more of it, or whoever waited for it has gone. attempt: only if that is the current one."""

    attempt: int | None = None


class Suspended(msgspec.Struct, frozen=True):
    """It waits for an answer."""

    key: str


class Resumed(msgspec.Struct, frozen=True):
    """The answer has come."""

    key: str


class Posted(msgspec.Struct, frozen=True):
    """The worker leaves a result, whatever becomes of it."""

    value: Any


Happening = Dispatched | Ended | Broke | Cancelled | Suspended | Resumed | Posted

Next = tuple[TaskState, tuple[News, ...]]


def advance(task: TaskState, happening: Happening, now: float) -> Next:
    """now: unix seconds. Raises: InvalidTransition."""
    match happening:
        case Dispatched():
            return _dispatch(task, now)
        case Ended():
            return _end(task, happening, now)
        case Broke():
            result = {"error": happening.why}
            return _end(task, Ended(happening.attempt, result, False), now)
        case Cancelled():
            if task.status is Status.CANCELLED or happening.attempt not in (None, task.attempt):
                return task, ()
            done = replace(_woken(task), status=Status.CANCELLED, updated_at=now)
            return done, (TaskCancelledNews(task.id),)
        case Suspended():
            return _suspend(task, happening.key, now)
        case Resumed():
            if task.suspended_on != happening.key:
                return task, ()
            assert task.suspended_from is not None
            return replace(_woken(task), status=task.suspended_from, updated_at=now), (
                TaskResumed(task.id, happening.key),
            )
        case Posted():
            return replace(task, last_result=happening.value, updated_at=now), ()


def _dispatch(task: TaskState, now: float) -> Next:
    if task.status is Status.CANCELLED:
        raise InvalidTransition("cancelled -> running; start the work anew as another task")
    return replace(_woken(task), status=Status.RUNNING, attempt=task.attempt + 1, updated_at=now), ()


def _end(task: TaskState, end: Ended, now: float) -> Next:
    if end.attempt != task.attempt or task.status.is_settled or task.status is Status.PENDING:
        return task, ()
    status = Status.PASS if end.ok else Status.BLOCKED
    done = replace(_woken(task), status=status, last_result=end.value, updated_at=now)
    verdict = TaskPass(task.id, end.value) if end.ok else TaskBlocked(task.id, end.value)
    return done, (TaskAttemptCompleted(task.id, end.attempt, end.value), verdict)


def _suspend(task: TaskState, key: str, now: float) -> Next:
    if task.status is Status.CANCELLED:
        raise InvalidTransition("cancelled -> suspended; nobody goes on with a cancelled task")
    origin = task.suspended_from if task.status is Status.SUSPENDED else task.status
    held = replace(task, status=Status.SUSPENDED, suspended_on=key, suspended_from=origin, updated_at=now)
    return held, (TaskSuspended(task.id, key),)


def _woken(task: TaskState) -> TaskState:
    return replace(task, suspended_on=None, suspended_from=None) if task.suspended_on is not None else task
