"""Roles: the whole table of who may do what."""

from __future__ import annotations

import pytest

from flowbench import engine
from flowbench.engine import CapToken, EngineError, Role, TokenStore, Verb
from flowbench.engine.errors import RoleViolation

TABLE = {
    Role.OPERATOR: (
        "start_task dispatch_attempt mint_worker_token read_task_state cancel_task query_senior mark_pass mark_blocked "
        "attach_session detach_session heartbeat poll_task"
    ),
    Role.WORKER: (
        "fetch_prompt fetch_data post_result verify_token emit_output "
        "start_task dispatch_attempt read_task_state poll_task cancel_task"
    ),
    Role.OBSERVER: "subscribe_events read_trace read_task_state",
    Role.SENIOR: "answer_query override_verdict pause_loop resume_loop inject_directive",
}


@pytest.mark.parametrize("role", Role)
def test_a_token_does_what_its_role_may_and_nothing_else(role: Role) -> None:
    store = TokenStore(b"secret")
    token = store.mint("somebody", role, 0.0)

    allowed = {verb.value for verb in Verb if refusal(store, token, verb) is None}
    refusals = {refusal(store, token, verb) for verb in Verb if verb.value not in allowed}

    assert allowed == set(TABLE[role].split())
    assert refusals == {
        f"role violation: role={role.value.title()} verb={verb.value.title().replace('_', '')}"
        for verb in Verb
        if verb.value not in allowed
    }


def refusal(store: TokenStore, token: CapToken, verb: Verb) -> str | None:
    try:
        store.verify(token, verb, 0.0)
    except RoleViolation as error:
        return str(error)
    return None


def test_the_wire_names_and_the_seeds_example() -> None:
    assert [role.value for role in Role] == ["operator", "worker", "observer", "senior"]
    assert len(Verb) == 24
    assert str(RoleViolation("Observer", "StartTask")) == "role violation: role=Observer verb=StartTask"
    assert issubclass(RoleViolation, EngineError)
    assert engine.Verb("start_task").variant == "StartTask"
