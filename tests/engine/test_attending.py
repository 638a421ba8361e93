"""Attending: sessions come and go; what they bring is looked up when it is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowbench.blueprint import OperatorKind
from flowbench.engine import Attachment, Engine, OperatorInfo, Role, SpawnCtx, Tiers, default
from flowbench.engine.errors import RoleViolation, SessionNotFound, TokenExpired, TokenUsesExhausted
from flowbench.events import Event, Lagged
from tests.engine.desks import Desk, run


class Face:
    """All three at once."""

    def before(self, ctx: SpawnCtx) -> None: ...

    def after(self, ctx: SpawnCtx, value: Any) -> None: ...

    def ask(self, task_id: str, question: Any) -> Any: ...

    def execute(self, ctx: SpawnCtx, system: Any, prompt: str, worker: Any, token: Any) -> Any: ...


def test_a_session_comes_is_heard_of_and_goes_and_its_token_stays_good() -> None:
    desk = Desk()
    task = desk.start()
    [session] = desk.engine.sessions()

    desk.clock.now += 5
    desk.engine.heartbeat(desk.token)
    heard = desk.engine.session(desk.token)
    desk.engine.detach(desk.token)
    desk.engine.detach(desk.token)

    assert (session.id[:2], session.operator_id, session.role, session.attached) == ("S-", "op", Role.OPERATOR, True)
    assert heard.last_seen == session.last_seen + 5
    assert not desk.engine.session(desk.token).attached
    assert desk.state(task).status == "pending"
    assert desk.told() == ["SessionAttached", "TaskCreated", "SessionDetached"]
    desk.engine.heartbeat(desk.token)
    assert desk.engine.session(desk.token).attached
    desk.engine.revoke(desk.token)
    with pytest.raises(TokenUsesExhausted):
        desk.engine.heartbeat(desk.token)


def test_a_session_ends_with_its_time() -> None:
    desk = Desk()
    token = desk.engine.attach("brief", Role.OPERATOR, 30)

    desk.clock.now += 30

    with pytest.raises(TokenExpired):
        desk.engine.heartbeat(token)


def test_a_token_without_a_session_is_no_session() -> None:
    desk = Desk()
    stray = desk.engine.tokens.mint("stray", Role.OPERATOR, desk.clock())

    with pytest.raises(SessionNotFound) as raised:
        desk.engine.heartbeat(stray)
    with pytest.raises(RoleViolation):
        desk.engine.detach(desk.engine.attach("eye", Role.OBSERVER))

    assert str(raised.value) == "session not found"


def test_who_misses_three_heartbeats_is_taken_for_gone() -> None:
    desk = Desk()
    other = desk.engine.attach("other")
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            raise asyncio.CancelledError
        desk.clock.now += seconds
        desk.engine.heartbeat(other)

    with pytest.raises(asyncio.CancelledError):
        run(desk.engine.start_detach_loop(pause=pause))

    assert pauses == [300.0] * 5
    assert (desk.engine.session(desk.token).attached, desk.engine.session(other).attached) == (False, True)
    assert desk.told().count("SessionDetached") == 1


def test_without_a_session_everything_automates() -> None:
    desk = Desk()
    tiers = Tiers(blueprint=OperatorKind.COMPOSITE)

    assert desk.engine.operator_info("agent") == OperatorInfo(OperatorKind.AUTOMATE, "default-automate")
    assert desk.engine.operator_info("agent", blueprint=tiers).kind is OperatorKind.COMPOSITE


def test_what_a_session_brings_is_looked_up_at_each_dispatch() -> None:
    desk, face = Desk(), Face()
    brings = Attachment(Tiers({"a": OperatorKind.MAIN_AI}), "br", "hk", "op")
    token = desk.engine.attach_with_ids("me", Role.OPERATOR, None, brings)

    before = desk.engine.operator_info("a", token)
    desk.engine.register_senior_bridge("br", face)
    desk.engine.register_spawn_hook("hk", face)
    desk.engine.register_operator("op", face)
    after = desk.engine.operator_info("a", token)

    assert before == OperatorInfo(OperatorKind.MAIN_AI, "me")
    assert after == OperatorInfo(OperatorKind.MAIN_AI, "me", face, face, face)
    assert desk.engine.operator_info("b", token).kind is OperatorKind.AUTOMATE
    assert desk.engine.list_senior_bridges() == ["br"]
    assert (desk.engine.list_spawn_hooks(), desk.engine.list_operators()) == (["hk"], ["op"])
    assert desk.engine.unregister_spawn_hook("hk")
    assert not desk.engine.unregister_spawn_hook("hk")
    assert desk.engine.unregister_senior_bridge("br")
    assert desk.engine.unregister_operator("op")
    assert desk.engine.operator_info("a", token) == before


def test_faces_given_inline_get_ids_of_their_own() -> None:
    desk, face = Desk(), Face()

    token = desk.engine.attach_with(
        "me", Role.OPERATOR, None, OperatorInfo(id="", hook=face, bridge=face, backend=face)
    )

    info = desk.engine.operator_info("agent", token)
    assert (info.hook, info.bridge, info.backend) == (face, face, face)
    assert [len(desk.engine.list_operators()[0]), desk.engine.list_operators()[0][:3]] == [19, "op-"]
    assert desk.engine.session(token).tiers.launch is OperatorKind.AUTOMATE


def test_listeners_hear_what_happens_and_slow_ones_how_much_they_missed() -> None:
    desk = Desk(broadcast=2, event_tail=3)
    reader = desk.engine.subscribe(desk.engine.attach("eye", Role.OBSERVER))
    task = desk.start()

    [event] = reader.read()
    run(desk.dispatch(task, lambda site, value: 1))
    late = reader.read()

    assert event == Event("task_created", task, desk.clock(), {"task_id": task})
    assert isinstance(late[0], Lagged)
    assert (late[0].missed, [each.kind for each in late[1:] if isinstance(each, Event)]) == (
        1,
        ["task_attempt_completed", "task_pass"],
    )
    assert desk.told() == ["WorkerOutput", "TaskAttemptCompleted", "TaskPass"]


def test_there_is_one_engine_of_the_process() -> None:
    assert default() is default()
    assert isinstance(default(), Engine)
