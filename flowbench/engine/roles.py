"""Roles: who may do what.

A worker may launch work of its own (start_task, dispatch_attempt): that is how one step asks for others; how deep is
limited by `EngineCfg.max_spawn_depth`. Source: mlua-swarm 0.2.1, role x verb gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """Operators drive tasks, workers do them, observers look, seniors answer when asked."""

    OPERATOR = "operator"
    WORKER = "worker"
    OBSERVER = "observer"
    SENIOR = "senior"

    @property
    def variant(self) -> str:
        """`Operator`, as errors and the older signature layout spell it."""
        return self.value.capitalize()


class Verb(StrEnum):
    """What a token can be asked to allow; the value is the wire name."""

    START_TASK = "start_task"
    DISPATCH_ATTEMPT = "dispatch_attempt"
    MINT_WORKER_TOKEN = "mint_worker_token"
    READ_TASK_STATE = "read_task_state"
    CANCEL_TASK = "cancel_task"
    QUERY_SENIOR = "query_senior"
    MARK_PASS = "mark_pass"
    MARK_BLOCKED = "mark_blocked"
    ATTACH_SESSION = "attach_session"
    DETACH_SESSION = "detach_session"
    HEARTBEAT = "heartbeat"
    POLL_TASK = "poll_task"
    FETCH_PROMPT = "fetch_prompt"
    FETCH_DATA = "fetch_data"
    POST_RESULT = "post_result"
    VERIFY_TOKEN = "verify_token"
    EMIT_OUTPUT = "emit_output"
    SUBSCRIBE_EVENTS = "subscribe_events"
    READ_TRACE = "read_trace"
    ANSWER_QUERY = "answer_query"
    OVERRIDE_VERDICT = "override_verdict"
    PAUSE_LOOP = "pause_loop"
    RESUME_LOOP = "resume_loop"
    INJECT_DIRECTIVE = "inject_directive"

    @property
    def variant(self) -> str:
        """`StartTask`, as errors spell it."""
        return "".join(word.capitalize() for word in self.value.split("_"))


GATE: Mapping[Role, frozenset[Verb]] = {
    Role.OPERATOR: frozenset(
        {
            Verb.START_TASK,
            Verb.DISPATCH_ATTEMPT,
            Verb.MINT_WORKER_TOKEN,
            Verb.READ_TASK_STATE,
            Verb.CANCEL_TASK,
            Verb.QUERY_SENIOR,
            Verb.MARK_PASS,
            Verb.MARK_BLOCKED,
            Verb.ATTACH_SESSION,
            Verb.DETACH_SESSION,
            Verb.HEARTBEAT,
            Verb.POLL_TASK,
        }
    ),
    Role.WORKER: frozenset(
        {
            Verb.FETCH_PROMPT,
            Verb.FETCH_DATA,
            Verb.POST_RESULT,
            Verb.VERIFY_TOKEN,
            Verb.EMIT_OUTPUT,
            Verb.START_TASK,
            Verb.DISPATCH_ATTEMPT,
            Verb.READ_TASK_STATE,
            Verb.POLL_TASK,
            Verb.CANCEL_TASK,
        }
    ),
    Role.OBSERVER: frozenset({Verb.SUBSCRIBE_EVENTS, Verb.READ_TRACE, Verb.READ_TASK_STATE}),
    Role.SENIOR: frozenset(
        {Verb.ANSWER_QUERY, Verb.OVERRIDE_VERDICT, Verb.PAUSE_LOOP, Verb.RESUME_LOOP, Verb.INJECT_DIRECTIVE}
    ),
}

OWN_TASK_ONLY = frozenset(
    {
        Verb.FETCH_PROMPT,
        Verb.POST_RESULT,
        Verb.READ_TASK_STATE,
        Verb.CANCEL_TASK,
        Verb.POLL_TASK,
        Verb.EMIT_OUTPUT,
    }
)
"""Verbs for which a worker's token has to be bound to the very task."""


def allows(role: Role, verb: Verb) -> bool:
    return verb in GATE[role]
