"""Operators as agents: who is asked, what they are told, whose answer counts, and that nobody is asked twice."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, load
from tests.flows import Json, attempt, blueprint, seq, step


class Fake:
    """Remembers what it was told; answers with `say(prompt)`."""

    def __init__(self, say: Any = lambda prompt: f"did {prompt}") -> None:
        self.say = say
        self.told: list[tuple[engine.SpawnCtx, str | None, str, engine.WorkerBinding | None]] = []

    async def execute(self, ctx: Any, system: Any, prompt: str, worker: Any, token: Any) -> Any:
        self.told.append((ctx, system, prompt, worker))
        said = self.say(prompt)
        return await said if hasattr(said, "__await__") else said


class Bound(Fake):
    requires_worker_binding = True


def asking(profile: Json | None = None, flow: Json | None = None, **more: Any) -> Json:
    agent: Json = {"name": "work", "kind": "operator", "spec": {"operator_ref": "desk"}, "profile": profile}
    return blueprint(flow or step("work"), agents=[agent], operators=[{"name": "desk"}], **more)


def ended(source: Json, value: Any, operator: Any, **options: Any) -> fb.Run:
    run = fb.launch(source, {"x": value}, operators={"desk": operator}, functions=Functions(), **options)
    run.wait(60)
    return run


def test_it_is_told_the_prompt_its_rendered_system_prompt_and_its_worker() -> None:
    desk = Fake()
    profile = {"system_prompt": "Be {{ mood }}.", "worker_binding": "coder", "tools": ["Read"]}

    run = ended(asking(profile), {"mood": "brief"}, desk)

    assert run.ctx == {"x": 'did {"mood":"brief"}'}
    [(ctx, system, prompt, worker)] = desk.told
    assert (system, prompt, worker) == ("Be brief.", '{"mood":"brief"}', engine.WorkerBinding("coder", ("Read",)))
    assert (ctx.agent, ctx.attempt, ctx.run_id) == ("work", 1, run.id)
    assert ctx.operator.backend is desk


@pytest.mark.parametrize(("profile", "system"), [(None, None), ({}, ""), ({"system_prompt": "{}"}, "{}")])
def test_without_a_profile_there_is_no_system_prompt_and_an_empty_one_is_one(profile: Any, system: Any) -> None:
    desk = Fake()

    ended(asking(profile), "hi", desk)

    assert desk.told[0][1:3] == (system, "hi")


def test_a_final_that_was_posted_beats_what_execute_returns() -> None:
    desk = engine.Engine()

    class Posts:
        def execute(self, ctx: Any, system: Any, prompt: str, worker: Any, token: Any) -> str:
            desk.submit_output(token, ctx.task_id, ctx.attempt, engine.Final(engine.Inline({"by": "post"}), True))
            assert desk.fetch_worker_payload(token, ctx.task_id)["system"] == "Be hi."
            return "by return"

    source = asking({"system_prompt": "Be {{ directive }}."})
    run = ended(source, "hi", Posts(), seat=engine.Seat(desk, desk.attach("op")))

    assert run.ctx == {"x": {"by": "post"}}


def test_ok_false_blocks_the_step() -> None:
    run = ended(asking(flow=attempt(step("work"))), "hi", Fake(lambda prompt: engine.WorkerResult({"no": 1}, ok=False)))

    assert 'blocked: {"no":1}' in run.ctx["err"]


def test_a_template_that_names_what_is_not_there_fails_the_step_before_anybody_is_asked() -> None:
    desk = Fake()

    run = ended(asking({"system_prompt": "Be {{ mood }}."}), "hi", desk)

    assert "internal: render system_prompt: template render failed: line 1: 'mood' is undefined" in str(run.error)
    assert desk.told == []


def test_operators_of_the_engine_come_and_go_while_the_run_goes_on() -> None:
    desk, first = engine.Engine(), Fake()
    first.say = lambda prompt: desk.unregister_operator("desk") and "done"
    desk.register_operator("desk", first)

    run = fb.launch(
        asking(flow=seq(step("work"), attempt(step("work", out="$.y")))),
        {"x": "hi"},
        functions=Functions(),
        seat=engine.Seat(desk, desk.attach("op")),
    )

    ctx = run.result(60)
    assert ctx["x"] == "done"
    assert "internal: operator_ref 'desk' not registered in factory. Registered sids: []." in ctx["err"]


def test_nobody_who_has_answered_is_asked_again_by_a_resume() -> None:
    desk = Fake()
    desk.say = lambda prompt: prompt if len(desk.told) < 2 else 1 / 0
    source = asking(flow=seq(step("work", "$.x", "$.y"), step("work", "$.y", "$.z")))
    run = ended(source, "hi", desk)
    assert (run.state, len(desk.told)) == ("failed", 2)
    desk.say = lambda prompt: "at last"

    again = fb.resume(run.id, operators={"desk": desk}, functions=Functions())

    assert again.result(60) == {"x": "hi", "y": "hi", "z": "at last"}
    assert len(desk.told) == 3


@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "async"])
def test_one_that_waits_for_ever_is_left_by_an_abort(is_plain: bool) -> None:
    began, freed = threading.Event(), threading.Event()

    class Waits:
        def execute(self, *_: Any) -> Any:
            began.set()
            freed.wait(60)

    class Sleeps:
        async def execute(self, *_: Any) -> Any:
            began.set()
            await asyncio.sleep(600)

    run = fb.launch(asking(), {"x": 1}, operators={"desk": Waits() if is_plain else Sleeps()}, functions=Functions())
    assert began.wait(60)

    run.abort()

    assert run.wait(60)
    assert run.state == "cancelled"
    freed.set()


@pytest.mark.parametrize(
    ("spec", "given", "said"),
    [
        ({}, {}, "operator spec: 'operator_ref' (string) required"),
        (
            {"operator_ref": "desk"},
            {"desk2": Fake(), "b": Fake()},
            "operator_ref 'desk' not registered in factory. Registered sids: [\"b\", \"desk2\"]. Did you mean 'desk2'?",
        ),
        (
            {"operator_ref": "desk"},
            {"desk": Bound()},
            "profile.worker_binding is required for this operator backend; declare it in the agent .md frontmatter",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_runs(spec: Json, given: Any, said: str) -> None:
    source = blueprint(
        step("work"), agents=[{"name": "work", "kind": "operator", "spec": spec}], operators=[{"name": "desk"}]
    )
    operators = engine.Operators(given, engine.Engine)

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(load(source), engine.factories(Functions(), operators=operators))

    assert said in str(refused.value)
