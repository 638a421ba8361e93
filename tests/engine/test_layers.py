"""Layers, each by itself: when it acts, what it tells, what it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import adopt
from flowbench.engine import ids
from flowbench.events import Reader
from flowbench.runtime import Faces
from tests.engine.layered import Everybody, functions, run, said
from tests.flows import blueprint, fan, seq, step


@pytest.fixture
def desk() -> engine.Engine:
    return engine.Engine()


def seat(desk: engine.Engine) -> engine.Seat:
    return engine.Seat(desk, desk.attach("op"))


def told(reader: Reader) -> list[tuple[str, Any]]:
    return [(event.kind, event.data) for event in reader.read() if event.kind.startswith("task")]  # type: ignore[union-attr]


# -- audit


def test_audit_tells_listeners_of_each_attempt_under_the_id_its_task_would_have(desk: engine.Engine) -> None:
    reader = desk.wire.reader()

    ended = run(seq(step("same"), step("same")), layers=["audit"], seat=seat(desk))

    at = [ids.visit_id(ended.id, each.address) for each in ended.steps]
    assert told(reader) == [("task_attempt_started", {"task_id": id, "attempt": 1}) for id in at]
    assert [type(news).__name__ for news in desk.wire.tail()] == ["SessionAttached"]


@pytest.mark.parametrize("layer", ["audit", engine.LongHoldLayer(), engine.SinkLayer("http://sink")])
def test_a_layer_that_only_looks_keeps_quick_bodies_quick(desk: engine.Engine, layer: Any) -> None:
    made = adopt(fb.load(blueprint(seq(step("same"), step("blocks")))), functions())
    compiled = engine.compile(made, engine.factories(functions()))
    plain = engine.link(compiled)

    linked = engine.link(compiled, engine.layer_registry.layers(made, lambda: desk, [layer]))

    assert linked.quick == plain.quick != frozenset()
    assert (linked.uses, linked.digests, linked.wants_secrets) == (plain.uses, plain.digests, plain.wants_secrets)


# -- long hold


class Clock:
    """Ten seconds pass between any two looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


@pytest.mark.parametrize("agent", ["same", "blocks", "fails"])
@pytest.mark.parametrize(("hold", "warns"), [(9.5, True), (10.0, False)])
def test_long_hold_tells_of_what_took_longer_and_changes_nothing(
    desk: engine.Engine, agent: str, hold: float, warns: bool
) -> None:
    reader = desk.wire.reader()
    plain = run(agent)

    ended = run(agent, layers=[engine.LongHoldLayer(hold, Clock())], seat=seat(desk))

    assert (ended.state, ended.steps[0].error, ended.ctx) == (plain.state, plain.steps[0].error, plain.ctx)
    result = {"long_hold_warn": True, "elapsed_ms": 10_000, "default_hold_ms": int(hold * 1000)}
    id = ids.visit_id(ended.id, ended.steps[0].address)
    wanted = {"task_id": id, "attempt": 1, "result": result}
    assert told(reader) == ([("task_attempt_completed", wanted)] if warns else [])
    assert ("longer than the 9.5 s" in said(ended)) is warns
    assert [type(news).__name__ for news in desk.wire.tail()] == ["SessionAttached"]


def test_long_hold_takes_its_seconds_from_the_engine() -> None:
    desk = engine.Engine(engine.EngineCfg(long_hold=engine.LongHold(default_hold=-1.0)))
    reader = desk.wire.reader()

    run("same", hints=["long_hold"], seat=seat(desk))

    assert [kind for kind, _ in told(reader)] == ["task_attempt_completed"]


# -- main_ai


@pytest.mark.parametrize(
    ("agent", "after"), [("same", 1), ("blocks", {"got": 1}), ("fails", "boom")], ids=["ok", "blocked", "failed"]
)
@pytest.mark.parametrize("kind", ["main_ai", "composite"])
def test_a_hook_hears_before_and_after(agent: str, after: Any, kind: str) -> None:
    everybody = Everybody()

    ended = run(agent, hints=["main_ai"], operator=Faces(kind, hook=everybody, id="me"))

    assert everybody.heard == [("before", agent), ("after", after)]
    assert (ended.state == "done") is (agent == "same")
    [ctx] = everybody.ctxs
    assert (ctx.run_id, ctx.agent, ctx.attempt, ctx.operator.id) == (ended.id, agent, 1, "me")
    assert ctx.task_id == ids.visit_id(ended.id, ended.steps[0].address)


@pytest.mark.parametrize("kind", ["automate", None])
def test_a_hook_is_left_out_where_the_step_is_automated(kind: str | None) -> None:
    everybody = Everybody()

    assert run("same", hints=["main_ai"], operator=Faces(kind, hook=everybody)).state == "done"

    assert everybody.heard == []


def test_a_hook_that_raises_refuses_the_step() -> None:
    everybody, seen = Everybody(refuses="not on a Friday"), []
    table = functions()
    table.register(seen.append, id="seen")

    ended = run("seen", hints=["main_ai"], operator=Faces("main_ai", hook=everybody), functions=table)

    assert ended.steps[0].error == "spawn rejected by middleware: not on a Friday"
    assert (seen, everybody.heard) == ([], [("before", "seen")])


def test_what_a_hook_raises_after_the_step_is_told_in_its_log_and_changes_nothing() -> None:
    class Sour(Everybody):
        async def after(self, ctx: engine.SpawnCtx, value: Any) -> None:
            raise ValueError("too sour")

    ended = run("same", hints=["main_ai"], operator=Faces("main_ai", hook=Sour()))

    assert ended.result() == {"x": 1}
    assert "the hook failed after the step: too sour" in said(ended)


# -- senior_escalation


def test_a_senior_upgrades_a_blocked_step_by_one_more_final(desk: engine.Engine) -> None:
    everybody, tasks = Everybody(), []
    desk.register_senior_bridge("b", everybody)
    token = desk.attach_with_ids("me", engine.Role.OPERATOR, None, engine.Attachment(bridge_id="b"))

    ended = run("blocks", hints=["senior_escalation"], seat=engine.Seat(desk, token))

    upgraded = {"original": {"got": 1}, "senior_answer": "senior says"}
    assert ended.result() == {"x": upgraded}
    question = {"reason": "worker reported ok=false", "value": {"got": 1}}
    assert everybody.heard == [("ask", question)]
    id = ids.visit_id(ended.id, ended.steps[0].address)
    tasks = [event for event in desk.output_tail(id, 1) if isinstance(event, engine.Final)]
    assert tasks == [
        engine.Final(engine.Inline({"got": 1}), False),
        engine.Final(engine.Inline(upgraded), True),
    ]


@pytest.mark.parametrize(
    ("agent", "answer", "asked"),
    [("same", "x", False), ("fails", "x", False), ("blocks", ValueError("away"), True), ("blocks", {1, 2}, True)],
    ids=["ok", "failure", "senior-raises", "no-json"],
)
def test_without_an_answer_everything_stays_as_it_is(agent: str, answer: Any, asked: bool) -> None:
    plain, everybody = run(agent), Everybody(answer=answer)

    ended = run(agent, hints=["senior_escalation"], operator=Faces(bridge=everybody))

    assert (ended.state, ended.steps[0].error, ended.ctx) == (plain.state, plain.steps[0].error, plain.ctx)
    assert bool(everybody.heard) is asked
    assert ("the senior gave no answer" in said(ended)) is asked


def test_a_blocked_step_without_a_senior_stays_blocked() -> None:
    assert run("blocks", hints=["senior_escalation"]).steps[0].error == "blocked: no"


# -- operator_delegate


def binding(**more: Any) -> dict[str, Any]:
    profile = {"system_prompt": "You are.", "tools": ["Read"], "worker_binding": "coder"}
    return {"agents": [{"name": "same", "kind": "python_fn", "spec": {"fn_id": "same"}, "profile": profile}], **more}


@pytest.mark.parametrize("kind", ["automate", "main_ai", None])
def test_an_operator_does_the_work_whatever_the_kind(kind: str | None) -> None:
    everybody = Everybody()

    ended = run(
        step("same"),
        {"x": {"b": 1, "a": [1.0]}},
        hints=["operator_delegate"],
        more=binding(),
        operator=Faces(kind, backend=everybody),
    )

    assert ended.result() == {"x": "operator did"}
    worker = engine.WorkerBinding("coder", ("Read",))
    assert everybody.heard == [("execute", None, '{"a":[1.0],"b":1}', worker)]


@pytest.mark.parametrize(
    ("work", "error"),
    [(engine.WorkerResult({"n": 1}), None), (engine.WorkerResult({"n": 1}, ok=False), 'blocked: {"n":1}')],
)
def test_an_operator_may_say_that_it_is_not_ok(work: Any, error: str | None) -> None:
    ended = run("same", hints=["operator_delegate"], operator=Everybody(work=work))

    assert (ended.steps[0].error, ended.steps[0].output) == (error, None if error else {"n": 1})


def test_a_final_that_was_submitted_for_the_attempt_counts_instead(desk: engine.Engine) -> None:
    class Posts(Everybody):
        async def execute(self, ctx: Any, system: Any, prompt: str, worker: Any, token: Any) -> Any:
            desk.submit_output(token, ctx.task_id, ctx.attempt, engine.Final(engine.Inline("posted"), True))
            return "returned"

    desk.register_operator("o", Posts())
    token = desk.attach_with_ids("me", engine.Role.OPERATOR, None, engine.Attachment(operator_backend_id="o"))

    ended = run("same", hints=["operator_delegate"], seat=engine.Seat(desk, token))

    assert ended.result() == {"x": "posted"}
    finals = desk.output_tail(ids.visit_id(ended.id, ended.steps[0].address), 1)
    assert finals == [engine.Final(engine.Inline("posted"), True)]


def test_an_operator_that_needs_a_worker_is_not_called_without_one() -> None:
    class Needy(Everybody):
        requires_worker_binding = True

    needy = Needy()

    refused = run("same", hints=["operator_delegate"], operator=needy)

    assert "profile.worker_binding is required for this operator backend" in str(refused.steps[0].error)
    assert needy.heard == []
    assert run("same", hints=["operator_delegate"], more=binding(), operator=needy).state == "done"


# -- notes


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: engine.LongHoldLayer("3"), "default_hold is a number of seconds, 0 or more, not '3'"),
        (lambda: engine.LongHoldLayer(-1), "default_hold is a number of seconds, 0 or more, not -1"),
        (lambda: engine.InputInjectLayer("out-1"), r"refs are several ids, such as \['out-1'\], not one text"),
    ],
    ids=["text for seconds", "below 0", "one id"],
)
def test_a_layer_that_makes_no_sense_is_refused_when_it_is_made(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        make()


def test_notes_of_layers_reach_whoever_is_told_of_a_visit() -> None:
    everybody = Everybody()
    layers = ["main_ai", engine.InputInjectLayer(("out-0123456789",)), engine.SinkLayer("http://sink")]

    run(
        "same",
        layers=layers,
        more={"metadata": {"project_name_alias": "apollo"}},
        operator=Faces("main_ai", hook=everybody),
    )

    notes = everybody.ctxs[0].runtime
    assert {name: notes[name] for name in notes if name != "worker_handle"} == {
        "input_refs": ["out-0123456789"],
        "data_sink_endpoint": "http://sink",
        "project_name_alias": "apollo",
    }
    assert notes["worker_handle"].startswith("wh-")
    assert "wh-" not in repr(everybody.ctxs[0])


# -- resolver


def test_a_resolver_sends_a_visit_to_another_agent_with_the_layers_inside_it() -> None:
    heard: list[Any] = []

    def choose(hint: Any, ctx: engine.SpawnCtx) -> str:
        return {"same": "double", "fails": "nobody"}.get(ctx.agent, ctx.agent) if hint == "on" else ctx.agent

    table = functions()
    table.register(lambda value: value * 2, id="double")
    inside = engine.PythonLayer(before=lambda ctx: heard.append(ctx["agent"]))
    agents = [{"name": name, "kind": "python_fn", "spec": {"fn_id": name}} for name in ("same", "double", "fails")]
    flow = seq(step("same"), step("double"))
    how: Any = {"more": {"agents": agents}, "functions": table}

    ended = run(flow, layers=[inside, engine.ResolverLayer(choose, "on")], **how)

    assert ended.result() == {"x": 4}
    assert heard == ["double", "double"]
    assert [each.agent for each in ended.steps] == ["same", "double"]
    assert run(flow, layers=[engine.ResolverLayer(choose)], **how).result() == {"x": 2}
    lost = run("fails", layers=[engine.ResolverLayer(choose, "on")], **how)
    assert lost.steps[0].error == "worker not registered: nobody"


# -- in branches


def test_layers_answer_for_their_own_branch(desk: engine.Engine) -> None:
    everybody = Everybody()

    ended = run(fan(step("same", "$.i", "$.o"), range(5)), hints=["main_ai"], operator=Faces("main_ai", hook=everybody))

    told = {(ctx.address, ctx.task_id) for ctx in everybody.ctxs}
    assert told == {(each.address, ids.visit_id(ended.id, each.address)) for each in ended.steps}
    assert sorted(value for what, value in everybody.heard if what == "after") == [0, 1, 2, 3, 4]


# -- waiting for people


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.mark.parametrize("face", ["hook", "bridge", "backend"])
def test_a_face_that_waits_for_a_person_holds_up_no_abort(face: str, gate: threading.Event) -> None:
    inside = threading.Event()

    class Waits:
        def before(self, *_: Any) -> None:
            inside.set()
            gate.wait(60)

        after = ask = execute = before

    layer, agent = {
        "hook": ("main_ai", "same"),
        "bridge": ("senior_escalation", "blocks"),
        "backend": ("operator_delegate", "same"),
    }[face]
    made = blueprint(step(agent), spawner_hints={"layers": [layer]})
    run = fb.launch(made, {"x": 1}, functions=functions(), operator=Faces("main_ai", **{face: Waits()}))
    assert inside.wait(60)

    run.abort()

    assert run.wait(60)
    assert run.state == "cancelled"


def test_what_a_hook_prints_belongs_to_the_step_it_stands_before() -> None:
    class Prints(Everybody):
        def before(self, ctx: engine.SpawnCtx) -> None:
            print("before")

        async def after(self, ctx: engine.SpawnCtx, value: Any) -> None:
            print("after")

    flow = seq(step("same"), step("same", "$.x", "$.y"))
    ended = run(flow, hints=["main_ai"], operator=Faces("main_ai", hook=Prints()))

    heard = [(line.at, line.text) for line in ended.log.lines()]
    assert heard == [("0", "before"), ("0", "after"), ("1", "before"), ("1", "after")]
