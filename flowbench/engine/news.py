"""News: what happens in the engine, told to whoever listens; the last of it is kept for who comes late.

Nobody who tells waits for anybody who listens: a slow listener is told how much it missed.
Source: mlua-swarm 0.2.1, engine events; there a failed dispatch told nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from flowbench.engine.ids import visit_id
from flowbench.engine.outputs import OutputEvent
from flowbench.engine.roles import Role
from flowbench.events import Bus, Event, Reader

HEARD = 256  # events that a listener may be behind
KEPT = 1024  # events of the tail, the oldest dropped first


class News(msgspec.Struct, frozen=True, tag_field="kind"):
    """Base of all engine events; the tag is the wire name."""

    @property
    def about(self) -> str:
        """The task or session."""
        return str(getattr(self, "task_id", "") or getattr(self, "session_id", ""))


class SessionAttached(News, frozen=True, tag="session_attached"):
    session_id: str
    role: Role


class SessionDetached(News, frozen=True, tag="session_detached"):
    session_id: str


class TaskCreated(News, frozen=True, tag="task_created"):
    task_id: str


class TaskAttemptStarted(News, frozen=True, tag="task_attempt_started"):
    """Told by the audit layer only, and not kept."""

    task_id: str
    attempt: int


class TaskAttemptCompleted(News, frozen=True, tag="task_attempt_completed"):
    task_id: str
    attempt: int
    result: Any


class TaskPass(News, frozen=True, tag="task_pass"):
    task_id: str
    result: Any


class TaskBlocked(News, frozen=True, tag="task_blocked"):
    task_id: str
    result: Any


class WorkerOutput(News, frozen=True, tag="worker_output"):
    task_id: str
    attempt: int
    event: OutputEvent


class TaskSuspended(News, frozen=True, tag="task_suspended"):
    task_id: str
    key: str


class TaskResumed(News, frozen=True, tag="task_resumed"):
    task_id: str
    key: str


class TaskCancelledNews(News, frozen=True, tag="task_cancelled"):
    task_id: str


class SeniorQueried(News, frozen=True, tag="senior_queried"):
    task_id: str
    question: Any


class SeniorAnswered(News, frozen=True, tag="senior_answered"):
    task_id: str
    answer: Any


AnyNews = (
    SessionAttached
    | SessionDetached
    | TaskCreated
    | TaskAttemptStarted
    | TaskAttemptCompleted
    | TaskPass
    | TaskBlocked
    | WorkerOutput
    | TaskSuspended
    | TaskResumed
    | TaskCancelledNews
    | SeniorQueried
    | SeniorAnswered
)


class _Told(msgspec.Struct, frozen=True, gc=False):
    """News on the bus: made an Event when somebody reads it."""

    news: News
    t: float

    def event(self) -> Event:
        plain = msgspec.to_builtins(self.news)
        return Event(plain.pop("kind"), self.news.about, self.t, plain)


class _Begun(msgspec.Struct, frozen=True, gc=False):
    """An attempt began, in a form that costs next to nothing: its task has a name when somebody reads."""

    run_id: str
    address: str
    attempt: int
    t: float

    def event(self) -> Event:
        return _Told(TaskAttemptStarted(visit_id(self.run_id, self.address), self.attempt), self.t).event()


class Wire:
    """Carries news to listeners and keeps the tail. From any thread, never waits."""

    def __init__(self, heard: int = HEARD, kept: int = KEPT) -> None:
        self._bus = Bus(heard)
        self.is_heard = False  # nobody has ever listened: what only listeners hear need not be told
        self._tail: deque[News] = deque(maxlen=kept)

    def tell(self, *news: News, now: float) -> None:
        for each in news:
            if not isinstance(each, TaskAttemptStarted):
                self._tail.append(each)
            self._bus.publish(_Told(each, now))

    def mention(self, news: News, now: float) -> None:
        """To listeners alone."""
        self._bus.publish(_Told(news, now))

    def begun(self, run_id: str, address: str, attempt: int, now: float) -> None:
        """`TaskAttemptStarted` of a run's step, to listeners alone; cheap enough for every step."""
        self._bus.publish(_Begun(run_id, address, attempt, now))

    def tail(self) -> Sequence[News]:
        """The last of what happened, oldest first."""
        return tuple(self._tail)

    def reader(self) -> Reader:
        """Events from now on, `Event(kind, task or session, t, fields)`; Lagged(n) where n were missed."""
        self.is_heard = True
        return self._bus.reader()
