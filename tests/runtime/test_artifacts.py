"""What a worker submits beside its answer, through its task or a token, are parts of that answer, whoever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Blueprint, Functions
from flowbench.engine import Artifact, FileRef, Final, Inline
from flowbench.engine.layers.wrapping import Wrapped
from flowbench.flow import NotJson, Output
from tests.flows import Json, blueprint, step

REPORT = Artifact("report", Inline({"lines": 3}))


class Submits:
    """An operator who submits these events with the token it was given, and then returns `said`."""

    def __init__(self, *events: engine.OutputEvent, said: Any = "done") -> None:
        self.desk = engine.Engine()
        self.seat = engine.Seat(self.desk, self.desk.attach("op"))
        self.events, self.said, self.asked = events, said, 0

    def execute(self, ctx: engine.SpawnCtx, system: Any, prompt: str, worker: Any, token: Any) -> Any:
        self.asked += 1
        for event in self.events:
            self.desk.submit_output(token, ctx.task_id, ctx.attempt, event)
        return self.said


def asking(**agent: Any) -> Json:
    spec = {"operator_ref": "desk"}
    return blueprint(
        step("work"), agents=[{"name": "work", "kind": "operator", "spec": spec, **agent}], operators=[{"name": "desk"}]
    )


def ended(source: Json, operator: Submits, **options: Any) -> fb.Run:
    how = {"operators": {"desk": operator}, "seat": operator.seat, "functions": Functions(), **options}
    run = fb.launch(source, {"x": 1}, **how)
    run.wait(60)
    return run


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        ([REPORT], {"report": {"lines": 3}}),
        ([REPORT, Artifact("report", Inline(4)), Artifact("log", Inline("x"))], {"report": 4, "log": "x"}),
        ([Artifact("page", FileRef("p.md"))], {"page": {"kind": "file_ref", "path": "p.md"}}),
        ([Artifact("", Inline(1))], None),
        ([Final(Inline("posted"), True), REPORT], {"report": {"lines": 3}}),
    ],
    ids=["one", "the last of a name", "a file", "without a name", "beside a final"],
)  # fmt: skip
@pytest.mark.parametrize("durability", ["memory", "process"])
def test_artifacts_of_an_operator_are_parts_of_its_answer(events: Any, parts: Any, durability: Any) -> None:
    run = ended(asking(), Submits(*events), durability=durability)

    assert run.steps[0].parts == parts
    assert run.ctx == {"x": "posted" if isinstance(events[0], Final) else "done"}
    if durability == "process":
        assert fb.recall(run.id).steps[0].parts == parts


def test_a_blocked_step_has_no_answer_and_no_parts() -> None:
    run = ended(asking(), Submits(REPORT, said=engine.WorkerResult("no", ok=False)))

    assert (run.state, run.steps[0].parts) == ("failed", None)


def test_what_is_no_json_is_refused_to_whoever_submits_it() -> None:
    run = ended(asking(), Submits(Artifact("when", Inline({1, 2}))))

    [error] = [run.steps[0].error]
    assert error is not None
    assert "set" in error
    with pytest.raises(fb.RunFailed) as raised:
        run.result()
    assert isinstance(raised.value.body_error, NotJson)


def test_a_verdict_may_be_an_artifact() -> None:
    gate = asking(verdict={"values": ["pass", "fail"], "channel": "verdict"})

    run = ended(gate, Submits(Artifact("verdict", Inline("PASS")), REPORT))

    parts = {"verdict": "pass", "report": {"lines": 3}}
    assert run.ctx == {"x": {"out": "done", "parts": parts}}
    assert run.steps[0].parts == parts


def test_a_verdict_that_nobody_has_given_is_still_missed() -> None:
    gate = asking(verdict={"values": ["pass", "fail"], "channel": "verdict"})

    run = ended(gate, Submits(REPORT))

    assert "its answer has no part 'verdict'" in str(run.error)


def test_secrets_are_taken_out_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Repeats(Submits):
        def execute(self, ctx: engine.SpawnCtx, system: Any, prompt: str, worker: Any, token: Any) -> Any:
            self.events = (Artifact("note", Inline(f"told {prompt}")),)
            return super().execute(ctx, system, prompt, worker, token)

    run = fb.launch(
        asking(), {"x": "$secret:KEY"}, operators={"desk": (operator := Repeats())}, seat=operator.seat,
        functions=Functions(), secrets={"KEY": "open sesame"},
    )  # fmt: skip
    run.wait(60)

    assert run.steps[0].parts == {"note": "told $secret:KEY"}


class Signs:
    """A layer that submits an artifact for every step, and is neither operator nor agent."""

    name = "signs"

    def make(self, desk: engine.Engine, blueprint: Blueprint) -> engine.Layer:
        return lambda agent, inner: Signed(agent, inner)


class Signed(Wrapped):
    def body(self, site: engine.Site) -> engine.Body:
        inner = self.inner.body(site)

        def signed(value: Any) -> Any:
            site.task().submit(Artifact("by", Inline(self.agent)))
            return inner(value)

        return signed


async def waits(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (lambda value: value, {"by": "work"}),
        (waits, {"by": "work"}),
        (lambda value: Output(value, {"more": 1}), {"by": "work", "more": 1}),
        (lambda value: Output(value, {"by": "itself"}), {"by": "itself"}),
    ],
    ids=["plain", "async", "beside its own", "its own come first"],
)
def test_artifacts_of_any_worker_are(body: Callable[[Any], Any], parts: Any) -> None:
    table = Functions()
    table.register(body, id="work")

    run = fb.launch(blueprint(step("work")), {"x": 1}, functions=table, layers=[Signs()])

    assert run.result(60) == {"x": 1}
    assert run.steps[0].parts == parts


@pytest.mark.parametrize("said", ["done", {"$answer": {"value": 1, "parts": {}}}], ids=["plain", "odd"])
def test_an_answer_that_was_recorded_before_its_step_ended_brings_its_parts(said: Any) -> None:
    first, second = Submits(REPORT, said=said), Submits()
    whole = ended(asking(), first)
    assert whole.path is not None
    journal = whole.path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    answered = next(n for n, line in enumerate(lines) if b'"answer"' in line)
    journal.write_bytes(b"".join(lines[: answered + 1]))

    again = fb.resume(whole.id, operators={"desk": second}, seat=second.seat, functions=Functions())

    assert again.result(60) == {"x": said}
    assert again.steps[0].parts == {"report": {"lines": 3}}
    assert second.asked == 0
