"""Asking: what an operator asks about its tasks, and what a task asks a senior."""

from __future__ import annotations

from typing import Any

from flowbench import flow
from flowbench.cancel import CancelToken
from flowbench.engine import ids
from flowbench.engine.desk import Desk, Pending
from flowbench.engine.errors import InvalidTransition, ResumeKeyNotFound, TaskCancelled
from flowbench.engine.news import SeniorAnswered, SeniorQueried
from flowbench.engine.roles import Verb
from flowbench.engine.tasks import Resumed, Status, Suspended, TaskState
from flowbench.engine.tokens import CapToken
from flowbench.events import Reader


class Asking(Desk):
    """The part of the engine that drives tasks once they are there."""

    def cancel_task(self, token: CapToken, task_id: str) -> None:
        """Stop its worker, and those of tasks that it has started; cancelled is for good. Twice is once.

        Raises: TokenError, TaskNotFound.
        """
        self._verify(token, Verb.CANCEL_TASK, task_id)
        with self._lock:
            work = self._of(task_id)
        self._cancel(work)

    async def poll_task(
        self, token: CapToken, task_id: str, hold: float = 0.0, stop: CancelToken | None = None
    ) -> TaskState:
        """The task as it is, if nobody works on it or hold is 0; else after the next change; abort raises Aborted.

        hold: seconds, at most `cfg.long_hold.max_hold`. Raises: TokenError, TaskNotFound, PollTimeout.
        """
        self._verify(token, Verb.POLL_TASK, task_id)
        with self._lock:
            work = self._of(task_id)
        first = work.state
        if hold <= 0 or first.status.is_settled or first.status is Status.SUSPENDED:
            return first
        await self._until(work, lambda: work.state is not first, min(hold, self.cfg.long_hold.max_hold), stop)
        return work.state

    def subscribe(self, token: CapToken) -> Reader:
        """Engine events from now on, `Event(kind, task or session, t, fields)`; a slow reader gets Lagged(n).

        Raises: TokenError; only an observer may listen. Who owns the engine reads `wire` without a token.
        """
        self._verify(token, Verb.SUBSCRIBE_EVENTS)
        return self.wire.reader()

    def query_senior(self, token: CapToken, task_id: str, question: Any) -> str:
        """The task waits for an answer; the key to answer with. Asking again forgets the question before.

        Raises: TokenError, TaskNotFound, InvalidTransition, flow.NotJson.
        """
        self._verify(token, Verb.QUERY_SENIOR, task_id)
        asked, key = flow.take(question)[0], ids.senior_key(task_id)
        with self._lock:
            work = self._of(task_id)
            self.wire.tell(SeniorQueried(task_id, asked), now=self.clock())
            self._apply(work, Suspended(key))
            work.pending[key] = Pending()
        return key

    def resume(self, key: str, answer: Any, token: CapToken | None = None) -> None:
        """Answer; the task goes on as it was. Once: an answer that was given stays.

        token: verified, if there is one. Raises: TokenError, ResumeKeyNotFound, InvalidTransition, flow.NotJson.
        """
        if token is not None:
            self._verify(token, Verb.ANSWER_QUERY)
        told = flow.take(answer)[0]
        with self._lock:
            work, pending = self._pending(key)
            if pending.answer is not None:
                raise InvalidTransition(f"{key} is answered already; ask again with query_senior")
            pending.answer = (told,)
            self._apply(work, Resumed(key))
            self.wire.tell(SeniorAnswered(work.state.id, told), now=self.clock())
            waiters = list(work.waiters)
        for waiter in waiters:  # also where the task had gone on without the answer
            waiter.wake()

    async def await_resume(self, key: str, hold: float | None = None, stop: CancelToken | None = None) -> Any:
        """The answer, as soon as there is one; abort raises Aborted.

        hold: seconds; None waits for ever. Raises: ResumeKeyNotFound, PollTimeout, TaskCancelled.
        """
        with self._lock:
            work, _ = self._pending(key)

        def has_come() -> bool:
            return work.pending[key].answer is not None or work.state.status is Status.CANCELLED

        await self._until(work, has_come, hold, stop)
        answer = work.pending[key].answer  # of the last question, if it was asked anew meanwhile
        if answer is None:
            raise TaskCancelled
        return flow.hand(answer[0])[0]

    def _pending(self, key: str) -> tuple[Any, Pending]:
        work = self._work.get(key.removeprefix(ids.SENIOR))
        pending = None if work is None else work.pending.get(key)
        if work is None or pending is None:
            raise ResumeKeyNotFound
        return work, pending
