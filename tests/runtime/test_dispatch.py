"""Dispatch: who stands behind the agents of a launch, and of the resume of one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import OperatorKind
from flowbench.runtime import Faces, LintWarning, RunError, rerun
from tests.engine.asked_once import Noting, faces
from tests.engine.desks import Clock
from tests.engine.layered import Everybody, functions, run
from tests.flows import seq, step


@pytest.mark.parametrize(
    ("agent", "asked", "value"),
    [
        ("same", ["before", "execute"], "done"),
        ("blocks", ["before", "ask"], {"original": {"got": 1}, "senior_answer": "yes"}),
    ],
)
def test_a_resume_after_a_kill_asks_nobody_again(
    agent: str, asked: list[str], value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    victim = subprocess.run(
        [sys.executable, "-m", "tests.engine.asked_once", agent], env={**os.environ, "DIES": "1"}, timeout=120
    )
    assert victim.returncode == -signal.SIGKILL
    [info] = fb.runs()

    ended = fb.resume(info.id, functions=functions(), operator=faces(agent))

    assert ended.result(60) == {"x": value}
    assert (tmp_path / "asked").read_text().splitlines() == [*asked, f"after {value}"]


def failed(**options: Any) -> fb.Run:
    ended = run("fails", durability="process", **options)
    assert ended.state == "failed"
    return ended


def test_a_resume_leaves_nobody_out_unseen() -> None:
    everybody = Everybody()
    first = failed(hints=["main_ai"], operator=Faces("main_ai", hook=everybody))

    with pytest.raises(RunError, match=r"its launch had a hook behind its agents; give them again with operator=Faces"):
        fb.resume(first.id, functions=functions())

    fb.resume(first.id, functions=functions(), operator=None).wait(60)
    assert everybody.heard == [("before", "fails"), ("after", "boom")]
    fb.resume(first.id, functions=functions(), operator=Faces("main_ai", hook=everybody)).wait(60)
    assert everybody.heard[2:] == [("after", "boom")]  # it had agreed already


def test_a_resume_wants_layers_again_that_were_objects_and_knows_the_others_by_name() -> None:
    desk = engine.default()
    reader = desk.wire.reader()
    named = failed(layers=["audit"])
    other = failed(layers=["audit", engine.PythonLayer(before=lambda ctx: None)])

    fb.resume(named.id, functions=functions()).wait(60)
    with pytest.raises(RunError, match=r"its launch had layers: audit, python; give them again with layers="):
        fb.resume(other.id, functions=functions())
    fb.resume(other.id, functions=functions(), layers=[]).wait(60)

    ids = [engine.ids.visit_id(each.id, each.steps[0].address) for each in (named, other)]
    heard = [event.data["task_id"] for event in reader.read() if event.kind == "task_attempt_started"]  # type: ignore[union-attr]
    assert [heard.count(id) for id in ids] == [2, 1]


def test_a_resume_keeps_the_operator_kinds_of_the_launch() -> None:
    seen: list[Any] = []
    layer = engine.PythonLayer(before=lambda ctx: seen.append(ctx["operator"]["kind"]))
    first = failed(layers=[layer], operator=Faces("composite", {"same": "main_ai"}))

    fb.resume(first.id, functions=functions(), layers=[layer]).wait(60)

    assert seen == ["Composite", "Composite"]


def test_a_run_that_is_done_needs_nobody_to_be_looked_at() -> None:
    done = run("same", durability="process", hints=["main_ai"], operator=Faces("main_ai", hook=Everybody()))

    assert fb.resume(done.id, functions=functions()).result(60) == {"x": 1}


def test_a_rerun_wants_them_again_too() -> None:
    done = run(
        seq(step("same"), step("same")),
        durability="process",
        hints=["main_ai"],
        operator=Faces("main_ai", hook=Everybody()),
    )
    with pytest.raises(RunError, match="its launch had a hook"):
        rerun(done.id, "1", functions=functions())


def test_a_seat_and_an_operator_exclude_each_other() -> None:
    desk = engine.Engine()

    with pytest.raises(RunError, match="give seat or operator, not both"):
        run("same", seat=engine.Seat(desk, desk.attach("op")), operator=Noting())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"operator": Faces(hook=3)}, "operator.hook is an object with a method before, not 3"),
        ({"operator": Faces(bridge=Everybody)}, "operator.bridge is an object with a method ask, not <class"),
        ({"operators": {"ed": "me"}}, "operators\\['ed'\\] is an object with a method execute, not 'me'"),
        ({"seat": 3}, "seat is engine.Seat\\(engine, token\\), not 3"),
        ({"layers": "audit"}, "layers is a list, such as \\['audit'\\], not 'audit'"),
        ({"layers": ["audit", engine.AuditLayer]}, 'layers\\[1\\] is the name of a layer, such as "audit", or a layer'),
    ],
    ids=["hook", "class", "operators", "seat", "a name alone", "class of a layer"],
)
def test_what_nobody_could_be_asked_for_is_refused_before_anything_runs(options: Any, said: str) -> None:
    with pytest.raises(RunError, match=f"^{said}"):
        run("same", **options)


def _spent(desk: engine.Engine) -> engine.CapToken:
    token = desk.tokens.mint("op", engine.Role.OPERATOR, desk.clock(), max_uses=1)
    engine.Seat(desk, token).enter()
    return token


def _revoked(desk: engine.Engine) -> engine.CapToken:
    token = desk.attach("op")
    desk.revoke(token)
    return token


def test_a_seat_whose_token_expires_starts_no_further_step() -> None:
    clock = Clock()

    class Passes:
        def before(self, ctx: engine.SpawnCtx) -> None:
            clock.now += 20

        def after(self, ctx: engine.SpawnCtx, value: Any) -> None: ...

    desk = engine.Engine(clock=clock)
    desk.register_spawn_hook("h", Passes())
    brings = engine.Attachment(engine.Tiers(launch=OperatorKind.MAIN_AI), hook_id="h")
    seat = engine.Seat(desk, desk.attach_with_ids("op", engine.Role.OPERATOR, 30, brings))

    ended = run(seq(step("same"), step("same"), step("same")), hints=["main_ai"], seat=seat)

    assert [each.error for each in ended.steps] == [None, None, "token expired"]


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (lambda desk: desk.attach("o", engine.Role.OBSERVER), "role violation: role=Observer verb=StartTask"),
        (lambda desk: desk.attach("s", engine.Role.SENIOR), "role violation: role=Senior verb=StartTask"),
        (lambda desk: desk.attach("op", ttl=0.5), "token expired"),
        (_revoked, "token uses exhausted"),
        (_spent, "token uses exhausted"),
        (lambda desk: engine.Engine().attach("op"), "token signature invalid"),
    ],
    ids=["observer", "senior", "expired", "revoked", "spent", "of another engine"],
)
def test_who_may_start_no_task_launches_nothing(token: Any, said: str) -> None:
    desk = engine.Engine()
    seat = engine.Seat(desk, token(desk))

    with pytest.raises(engine.TokenError, match=f"^{said}"):
        run("same", seat=seat, hints=["main_ai"])

    first = failed()
    with pytest.raises(engine.TokenError, match=f"^{said}"):
        fb.resume(first.id, functions=functions(), seat=seat)
    fb.resume(first.id, functions=functions(), seat=engine.Seat(desk, desk.attach("op"))).wait(60)


KINDS = (None, "main_ai", "automate", "composite")
TRUTH = [
    (agent, launch, operator, default) for agent in KINDS for launch in KINDS for operator in KINDS for default in KINDS
]


def test_the_first_tier_that_has_a_say_decides() -> None:
    """All 256 rows, four agents at a time: the one that is overridden, and what is left for the others."""
    seen: dict[tuple[Any, ...], str] = {}
    row: list[Any] = []

    def note(ctx: dict[str, Any]) -> None:
        kind = {"MainAi": "main_ai", "Automate": "automate", "Composite": "composite"}[ctx["operator"]["kind"]]
        seen[(*row, ctx["agent"])] = kind

    layer = engine.PythonLayer(before=note, inline=True)
    for agent, launch, operator, default in TRUTH:
        row[:] = [agent, launch, operator, default]
        table = functions()
        table.register(lambda value: value, id="other", inline=True)
        spec = {"fn_id": "same", "operator_ref": "op"}
        more: dict[str, Any] = {
            "agents": [
                {"name": "same", "kind": "python_fn", "spec": spec},
                {"name": "other", "kind": "python_fn", "spec": {"fn_id": "other"}},
            ],
            "operators": [{"name": "op", "kind": operator}],
        }
        if default:
            more["default_operator_kind"] = default
        kinds = {"same": agent} if agent else {}
        run(
            seq(step("same"), step("other")),
            more=more,
            functions=table,
            layers=[layer],
            operator=Faces(launch, kinds) if launch or kinds else None,
        )

    for agent, launch, operator, default in TRUTH:
        told = (agent, launch, operator, default)
        assert seen[(*told, "same")] == (agent or launch or operator or default or "automate"), told
        assert seen[(*told, "other")] == (launch or default or "automate"), told


def test_a_misspelt_agent_among_the_operator_kinds_is_told() -> None:
    with pytest.warns(LintWarning, match="names an agent 'sam'.*did you mean 'same'"):
        run("same", operator=Faces(kinds={"sam": "main_ai", "of an inner flow": "main_ai"}))
