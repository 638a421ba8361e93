"""Serving: what a worker asks of the engine: its prompt, data by name, a place for what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowbench import flow
from flowbench.engine import ids
from flowbench.engine.desk import Desk, Work
from flowbench.engine.errors import ResourceNotFound, TokenNotFound, TokenTaskMismatch, TokenUsesExhausted
from flowbench.engine.outputs import OutputEvent
from flowbench.engine.roles import Verb
from flowbench.engine.tasks import Posted, TaskState
from flowbench.engine.tokens import CapToken
from flowbench.engine.workers.prompt import text_form


class Serving(Desk):
    """The part of the engine that workers use."""

    def fetch_prompt(self, token: CapToken, task_id: str) -> str:
        """The prompt of the task's current attempt: a string as it is, anything else as canonical JSON.

        Raises: TokenError, TaskNotFound, ResourceNotFound.
        """
        self._verify(token, Verb.FETCH_PROMPT, task_id)
        with self._lock:
            work = self._of(task_id)
            return self._prompt(work, work.state.attempt)

    def fetch_worker_payload(self, token: CapToken, task_id: str) -> dict[str, Any]:
        """`{"task_id", "attempt", "agent", "prompt"}`, and "system" where there is one. Raises: as `fetch_prompt`."""
        self._verify(token, Verb.FETCH_PROMPT, task_id)
        with self._lock:
            work = self._of(task_id)
            return self._payload(work, work.state.attempt)

    def fetch_worker_payload_trusted(self, handle: str) -> dict[str, Any]:
        """The same for whoever knows the worker's handle. Raises: TokenNotFound, TokenUsesExhausted, TaskNotFound."""
        token = self.worker_token(handle)
        with self._lock:
            task_id, attempt = self.tokens.bound_to(token.nonce) or ("", 0)
            return self._payload(self._of(task_id), attempt)

    def worker_token(self, handle: str) -> CapToken:
        """The token that a handle stands for. Raises: TokenNotFound, TokenUsesExhausted if it was revoked."""
        with self._lock:
            nonce = self._handles.get(handle, "")
            bound = self.tokens.bound_to(nonce)
            if bound is None:
                raise TokenNotFound(handle)
            if self.tokens.is_revoked(nonce):
                raise TokenUsesExhausted
            task_id, attempt = bound
            return self._worker_token(self._of(task_id), attempt)

    def submit_output(self, token: CapToken, task_id: str, attempt: int, event: OutputEvent) -> None:
        """Append to the tail of the attempt that the token is for. What comes late is kept, and revives nothing.

        Artifacts are parts of the step's answer. Raises: TokenError, TaskNotFound, flow.NotJson for an artifact.
        """
        self._verify(token, Verb.EMIT_OUTPUT, task_id)
        with self._lock:
            work = self._of(task_id)
            _, own = self.tokens.bound_to(token.nonce) or (task_id, attempt)
            if own != attempt:
                raise TokenTaskMismatch(f"{task_id} attempt {own}", f"{task_id} attempt {attempt}")
        self._submit(work, attempt, event)

    def output_tail(self, task_id: str, attempt: int) -> Sequence[OutputEvent]:
        """What the attempt has said so far, oldest first. Raises: TaskNotFound."""
        with self._lock:
            known = self._of(task_id).attempts.get(attempt)
            return [] if known is None or known.tail is None else known.tail.events()

    def post_result(self, token: CapToken, task_id: str, value: Any) -> None:
        """Leave a result; the status stays as it is. Raises: TokenError, TaskNotFound, flow.NotJson."""
        self._verify(token, Verb.POST_RESULT, task_id)
        fresh = flow.take(value)[0]
        with self._lock:
            work = self._of(task_id)
        self._apply(work, Posted(fresh))

    def read_task_state(self, token: CapToken, task_id: str) -> TaskState:
        """Raises: TokenError, TaskNotFound."""
        self._verify(token, Verb.READ_TASK_STATE, task_id)
        with self._lock:
            return self._of(task_id).state

    def set_resource(self, key: str, value: Any) -> None:
        """A value by name, for workers to fetch. Raises: flow.NotJson."""
        self._resources[key] = flow.take(value)[0]

    def keep_output(self, value: Any) -> str:
        """A value without a name of its own; the id under which workers fetch it. Raises: flow.NotJson."""
        key = ids.output_id()
        self.set_resource(key, value)
        return key

    def fetch_data(self, token: CapToken, key: str) -> Any:
        """A copy of the value. Raises: TokenError, ResourceNotFound."""
        self._verify(token, Verb.FETCH_DATA)
        try:
            return flow.hand(self._resources[key])[0]
        except KeyError:
            raise ResourceNotFound(key) from None

    def _prompt(self, work: Work, attempt: int) -> str:
        known = work.attempts.get(attempt)
        if known is None or known.prompt is None:
            raise ResourceNotFound(f"prompt({work.state.id}, attempt={attempt})")
        return text_form(known.prompt[0])

    def _payload(self, work: Work, attempt: int) -> dict[str, Any]:
        prompt, system = self._prompt(work, attempt), work.attempts[attempt].system
        return {
            "task_id": work.state.id,
            "attempt": attempt,
            "agent": work.state.spec.agent,
            **({} if system is None else {"system": system}),
            "prompt": prompt,
        }
