"""Serving: what a worker gets from the engine, and what it may leave there."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench import flow
from flowbench.engine import CapToken, Final, Inline, Partial, Role, Site, Status
from flowbench.engine.errors import (
    ResourceNotFound,
    RoleViolation,
    TaskNotFound,
    TokenNotFound,
    TokenTaskMismatch,
    TokenUsesExhausted,
)
from tests.engine.desks import Desk, run


def token_of(desk: Desk, task_id: str) -> CapToken:
    """A worker's token of one more attempt, which is over."""
    found: list[CapToken] = []

    def work(site: Site, value: Any) -> Any:
        found.append(site.task().token())
        site.task().system = "be brief"
        return None

    run(desk.dispatch(task_id, work))
    return found[0]


@pytest.mark.parametrize(
    ("directive", "prompt"), [("as it is", "as it is"), ({"b": 1e21, "a": "é"}, '{"a":"é","b":1e21}'), (None, "null")]
)
def test_the_prompt_is_text(directive: Any, prompt: str) -> None:
    desk = Desk()
    task = desk.start(directive)
    token = token_of(desk, task)

    assert desk.engine.fetch_prompt(token, task) == prompt
    assert desk.engine.fetch_worker_payload(token, task) == {
        "task_id": task, "attempt": 1, "agent": "agent", "system": "be brief", "prompt": prompt,
    }  # fmt: skip


def test_the_prompt_is_of_the_current_attempt() -> None:
    desk = Desk()
    task = desk.start("first")
    token_of(desk, task)
    token = token_of(desk, task)

    assert desk.engine.fetch_worker_payload(token, task)["attempt"] == 2
    assert desk.engine.fetch_prompt(token, task) == "first"


def test_before_the_first_dispatch_there_is_no_prompt() -> None:
    desk = Desk()
    task = desk.start()
    token = desk.engine.tokens.mint("worker", Role.WORKER, desk.clock(), task_id=task)

    with pytest.raises(ResourceNotFound) as raised:
        desk.engine.fetch_prompt(token, task)

    assert str(raised.value) == f"resource not found: prompt({task}, attempt=0)"


def test_a_handle_stands_for_the_token_until_that_is_revoked() -> None:
    desk = Desk()
    task = desk.start("do")
    handles: list[str] = []

    def work(site: Site, value: Any) -> Any:
        assert site.task().handle() == site.task().handle()
        handles.append(site.task().handle())

    run(desk.dispatch(task, work))
    [handle] = handles

    assert (handle[:3], len(handle)) == ("wh-", 11)
    assert desk.engine.fetch_worker_payload_trusted(handle) == {
        "task_id": task, "attempt": 1, "agent": "agent", "prompt": "do",
    }  # fmt: skip
    desk.engine.submit_output(desk.engine.worker_token(handle), task, 1, Partial("more"))
    desk.engine.revoke(desk.engine.worker_token(handle))
    with pytest.raises(TokenUsesExhausted):
        desk.engine.fetch_worker_payload_trusted(handle)
    with pytest.raises(TokenNotFound) as raised:
        desk.engine.worker_token("wh-00000000")
    assert str(raised.value) == "token not found in store (nonce=wh-00000000)"


def test_a_token_of_one_task_is_refused_on_another() -> None:
    desk = Desk()
    mine, other = desk.start(), desk.start()
    token = token_of(desk, mine)
    said = f"token task mismatch: token bound to {mine}, arg was {other}"
    refused = [
        lambda: desk.engine.fetch_prompt(token, other),
        lambda: desk.engine.fetch_worker_payload(token, other),
        lambda: desk.engine.post_result(token, other, 1),
        lambda: desk.engine.read_task_state(token, other),
        lambda: desk.engine.cancel_task(token, other),
        lambda: run(desk.engine.poll_task(token, other)),
        lambda: desk.engine.submit_output(token, other, 1, Partial(1)),
    ]

    for ask in refused:
        with pytest.raises(TokenTaskMismatch) as raised:
            ask()
        assert str(raised.value) == said
    assert desk.state(other).status is Status.PENDING


def test_a_token_of_one_attempt_says_nothing_in_the_name_of_another() -> None:
    desk = Desk()
    task = desk.start()
    first = token_of(desk, task)
    token_of(desk, task)

    with pytest.raises(TokenTaskMismatch):
        desk.engine.submit_output(first, task, 2, Final(Inline("mine"), True))
    desk.engine.submit_output(first, task, 1, Final(Inline("mine"), True))

    assert desk.engine.output_tail(task, 1)[-1] == Final(Inline("mine"), True)
    assert desk.engine.output_tail(task, 7) == []


def test_a_result_is_left_and_changes_nothing_else() -> None:
    desk = Desk()
    task = desk.start()
    token = token_of(desk, task)

    desk.engine.post_result(token, task, {"a": 1})

    assert (desk.state(task).status, desk.state(task).last_result) == ("pass", {"a": 1})
    with pytest.raises(flow.NotJson):
        desk.engine.post_result(token, task, {1})


def test_data_goes_by_name_and_workers_get_copies() -> None:
    desk = Desk()
    token = token_of(desk, desk.start())
    desk.engine.set_resource("limits", {"most": [1]})
    kept = desk.engine.keep_output("a result")

    desk.engine.fetch_data(token, "limits")["most"].append(2)

    assert desk.engine.fetch_data(token, "limits") == {"most": [1]}
    assert (kept[:4], len(kept), desk.engine.fetch_data(token, kept)) == ("out-", 14, "a result")
    with pytest.raises(ResourceNotFound) as raised:
        desk.engine.fetch_data(token, "nothing")
    assert str(raised.value) == "resource not found: nothing"
    with pytest.raises(RoleViolation):
        desk.engine.fetch_data(desk.token, "limits")


def test_an_operator_does_no_workers_work() -> None:
    desk = Desk()
    task = desk.start()

    with pytest.raises(RoleViolation) as raised:
        desk.engine.submit_output(desk.token, task, 1, Partial(1))
    assert str(raised.value) == "role violation: role=Operator verb=EmitOutput"
    with pytest.raises(TaskNotFound):
        desk.engine.output_tail("T-0", 1)


def test_a_limited_workers_token_ends_by_the_clock() -> None:
    desk = Desk(worker_ttl=1800)
    task = desk.start()
    token = token_of(desk, task)

    assert token.expire_at - token.issued_at == 1800
    assert token.agent_id == f"worker-of-{task}"
