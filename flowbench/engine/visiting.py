"""Visiting: a step of a run as a task of the engine, made known when somebody first asks for it.

A run that is resumed finds its tasks under the ids that they had, with a higher attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowbench.engine import ids
from flowbench.engine.desk import Attempt, Desk, Stop, Work, worker_of
from flowbench.engine.errors import Blocked, DispatchFailed, TaskCancelled
from flowbench.engine.outputs import Final, OutputEvent, answer
from flowbench.engine.tasks import Broke, Ended, Status, TaskSpec, TaskState
from flowbench.engine.tokens import CapToken
from flowbench.flow import compact, text_of


class Task:
    """One attempt of one task, as whoever does the work sees it. From any thread."""

    __slots__ = ("_desk", "_work", "attempt", "id")

    def __init__(self, desk: Desk, work: Work, attempt: int) -> None:
        self._desk, self._work, self.attempt, self.id = desk, work, attempt, work.state.id

    @property
    def state(self) -> TaskState:
        """As of now."""
        return self._work.state

    @property
    def agent_id(self) -> str:
        """Of the token."""
        return worker_of(self.id)

    @property
    def nonce(self) -> str:
        """Of the token: reserved when it is asked for, which mints nothing yet."""
        return self._desk._nonce(self._work, self.attempt)

    def token(self) -> CapToken:
        """A worker's, bound to this task; minted on first use."""
        return self._desk._worker_token(self._work, self.attempt)

    def handle(self) -> str:
        """`wh-` and 8 hex digits that stand for the token."""
        return self._desk._handle(self._work, self.attempt)

    @property
    def prompt(self) -> Any:
        """What the worker is asked, any JSON value, for who fetches it; shared, not to be changed."""
        prompt = self._work.attempt(self.attempt).prompt
        return None if prompt is None else prompt[0]

    @prompt.setter
    def prompt(self, value: Any) -> None:
        self._work.attempt(self.attempt).prompt = (value,)

    @property
    def system(self) -> str | None:
        """The rendered system prompt, for who fetches it."""
        return self._work.attempt(self.attempt).system

    @system.setter
    def system(self, text: str | None) -> None:
        self._work.attempt(self.attempt).system = text

    def submit(self, event: OutputEvent) -> None:
        """Append to the tail, and tell it. Whatever comes after the end is kept, too, and changes nothing.

        Raises: flow.NotJson for an artifact that is none: it would be a part of the step's answer.
        """
        self._desk._submit(self._work, self.attempt, event)

    def finals(self) -> Sequence[Final]:
        """Those submitted so far, oldest first; the last one counts."""
        tail = self._work.attempt(self.attempt).tail
        return () if tail is None else tail.finals()

    def parts(self) -> dict[str, Any]:
        """The artifacts submitted so far, by name: parts of the step's answer, if it answers."""
        tail = self._work.attempt(self.attempt).tail
        return {} if tail is None else tail.parts()

    def outcome(self) -> Any:
        """What the last Final holds. Raises: Blocked if that is not ok, DispatchFailed if there is none."""
        tail = self._work.attempt(self.attempt).tail
        if tail is None or tail.final is None:
            raise DispatchFailed("no Final in output_tail")
        value = answer(tail.final.content)
        if not tail.final.ok:
            raise Blocked(value, compact(value), "")
        return value

    def cancel(self) -> None:
        """Stop the worker; the task is cancelled for good."""
        self._desk._cancel(self._work, self.attempt)

    def done(self, value: Any) -> None:
        """It has answered. Of the first of `done`, `failed` and `cancelled` only; a cancelled task stays so."""
        self._close(Ended(self.attempt, value, True))

    def failed(self, error: BaseException) -> None:
        """It could not: blocked, with what it answered all the same, or with the error's text."""
        if isinstance(error, TaskCancelled):
            self.cancelled()
        elif isinstance(error, Blocked):
            self._close(Ended(self.attempt, error.value, False))
        else:
            self.broke(text_of(error))

    def broke(self, why: str) -> None:
        """There was no worker, or it failed: blocked, with `{"error": why}`."""
        self._close(Broke(self.attempt, why))

    def cancelled(self) -> None:
        """Nobody waits for it any more; what its worker has started ends, too."""
        with self._desk._lock:
            self._work.attempt(self.attempt).stop = None
        self._desk._cancel(self._work, self.attempt)

    def _close(self, happening: Ended | Broke) -> None:
        with self._desk._lock:
            self._work.attempt(self.attempt).stop = None
        self._desk._apply(self._work, happening)

    def __repr__(self) -> str:
        return f"<Task {self.id} attempt {self.attempt}: {self._work.state.status}>"


class Visiting(Desk):
    """The part of the engine that runs use."""

    def visit(self, run_id: str, address: str, agent: str, attempt: int, stop: Stop) -> Task:
        """Make the visit of a step known as a task that runs. stop: ends its worker when the task is cancelled."""
        task_id = ids.visit_id(run_id, address)
        with self._lock:
            if task_id in self._work:  # of an owner before this one: its token must not open what runs now
                self._forget(task_id)
            now = self.clock()
            state = TaskState(task_id, TaskSpec(agent), now, now, Status.RUNNING, attempt)
            work = self._enter(Work(state, attempts={attempt: Attempt(stop=stop)}))
        return Task(self, work, attempt)
