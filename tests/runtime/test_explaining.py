"""Explain: layers, operators, prompts and tokens of every agent, and nothing runs."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, OperatorKind
from flowbench.runtime import Explanation, Faces, RunError, explain
from tests.engine.layered import Everybody
from tests.flows import Json, blueprint, fan, lit, loop, path, seq, step

CALLED: list[Any] = []


@pytest.fixture
def functions() -> Functions:
    CALLED.clear()
    table = Functions()
    table.register(CALLED.append, id="plain")
    return table


def told(flow: Json, ctx: Any = None, **more: Any) -> Explanation:
    options = {key: more.pop(key) for key in ("operator", "operators", "layers", "functions", "seat") if key in more}
    return explain(blueprint(flow, **more), ctx, **options)


def asking(ref: str, value: Any) -> Json:
    return {**step(ref), "in": value}


def editor(prompt: str | None = None, **more: Any) -> Json:
    made: Json = {"name": "writer", "kind": "operator", "spec": {"operator_ref": "ed"}}
    if prompt is not None:
        made["profile"] = {"system_prompt": prompt, **more}
    return {"agents": [made], "operators": [{"name": "ed", "kind": "main_ai"}]}


def written(flow: Json, prompt: str | None, ctx: Any = None, **options: Any) -> Explanation:
    return explain(blueprint(flow, **editor(prompt)), ctx, operators={"ed": Everybody()}, **options)


def test_the_stack_is_told_outermost_first_with_what_is_left_out(functions: Functions) -> None:
    found = told(
        step("plain"),
        {"x": 1},
        functions=functions,
        layers=["audit", engine.SinkLayer("http://sink")],
        spawner_hints={"layers": ["main_ai", "main_ia", "long_hold"]},
        metadata={"project_name_alias": "apollo"},
    )

    assert found["plain"].layers == ("project_name_alias", "long_hold", "main_ai", "sink", "audit")
    assert found.unknown == ("main_ia",)
    assert CALLED == []


def test_operators_need_not_be_registered_to_be_explained() -> None:
    flow = blueprint(step("writer"), **editor("Edit {{ text }}.", worker_binding="sub"))

    absent = explain(flow, {"x": {"text": "this"}})
    present = explain(flow, {"x": {"text": "this"}}, operators={"ed": Everybody()})

    assert absent["writer"].steps[0].system == present["writer"].steps[0].system == "Edit this."
    works = [found["writer"].work for found in (absent, present)]
    assert works == ["ed: nobody is registered yet", "ed: Everybody"]
    assert "  work      ed: nobody is registered yet\n" in repr(absent)


@pytest.mark.parametrize(
    ("launch", "kinds", "default", "kind", "tier"),
    [
        (None, {}, None, "automate", "default"),
        (None, {}, "composite", "composite", "Blueprint default"),
        ("automate", {}, "composite", "automate", "launch"),
        ("automate", {"plain": "main_ai"}, "composite", "main_ai", "launch, per agent"),
    ],
)
def test_the_tier_that_decides_is_named(
    functions: Functions, launch: Any, kinds: Any, default: Any, kind: str, tier: str
) -> None:
    more = {"default_operator_kind": default} if default else {}

    found = told(step("plain"), functions=functions, operator=Faces(launch, kinds), **more)["plain"]

    assert (str(found.operator_kind), str(found.tier)) == (kind, tier)


def test_a_blueprints_operator_decides_for_agents_that_name_it() -> None:
    found = written(step("writer"), None)["writer"]

    assert (str(found.operator_kind), str(found.tier)) == ("main_ai", "Blueprint operator")


def test_a_seat_speaks_for_itself(functions: Functions) -> None:
    desk, everybody = engine.Engine(engine.EngineCfg(worker_ttl=600.0)), Everybody()
    desk.register_spawn_hook("hk", everybody)
    tiers = engine.Tiers(launch_agents={"plain": OperatorKind.COMPOSITE})
    token = desk.attach_with_ids("me", engine.Role.OPERATOR, None, engine.Attachment(tiers, hook_id="hk"))

    found = told(step("plain"), functions=functions, seat=engine.Seat(desk, token))["plain"]

    assert (found.tier, found.operator_id, found.faces) == (engine.Tier.LAUNCH_AGENT, "me", {"hook": "Everybody"})
    assert found.token.ttl == 600.0
    assert everybody.heard == []


def test_prompts_are_shown_where_nothing_before_them_can_change_them() -> None:
    flow = seq(
        asking("writer", lit("as it is")),
        asking("writer", lit({"b": 1, "a": "ü"})),
        asking("writer", path("$.given")),
        {**asking("writer", path("$.missing")), "out": path("$.y")},
        {**asking("writer", path("$.y.deep")), "out": path("$.z")},
    )

    steps = written(flow, None, {"given": [1.0]})["writer"].steps

    assert [(each.form, each.prompt) for each in steps] == [
        ("text", "as it is"),
        ("json", '{"a":"ü","b":1}'),
        ("json", "[1.0]"),
        ("text or json", None),
        ("text or json", None),
    ]
    assert [each.reads for each in steps][2:4] == ["$.given", "$.missing"]
    assert "missing" in steps[3].why
    assert steps[4].why == "$.y.deep is written by $.flow.children[3] before"
    assert steps[4].place == "$.flow.children[4]"


def test_what_a_loop_or_a_fan_out_writes_is_not_known() -> None:
    turned = written(loop(seq(step("writer"), step("writer", "$.o", "$.x")), 2), None, {"x": 1, "o": 2})["writer"]
    fanned = written(fan(step("writer", "$.i", "$.o")), None, {"i": 1})["writer"]

    assert [each.prompt for each in turned.steps] == [None, "2"]
    assert fanned.steps[0].why == "$.i is written by $.flow before"


def test_functions_get_values_and_delegates_text(functions: Functions) -> None:
    plain = told(step("plain"), {"x": "a"}, functions=functions)["plain"]
    delegated = told(
        step("plain"), {"x": "a"}, functions=functions, layers=["operator_delegate"], operator=Everybody()
    )["plain"]

    assert [(each.form, each.prompt) for each in (*plain.steps, *delegated.steps)] == [("value", '"a"'), ("text", "a")]


def test_a_system_prompt_is_rendered_where_its_prompt_is_known() -> None:
    flow = seq(
        asking("writer", lit({"topic": "tea"})),
        asking("writer", lit("no slots")),
        asking("writer", path("$.x")),
    )

    found = written(flow, "About {{ topic }}.")["writer"]

    assert found.template == "About {{ topic }}."
    assert [each.system for each in found.steps][::2] == ["About tea.", None]
    assert "topic" in str(found.steps[1].system)
    assert "undefined" in str(found.steps[1].system)


def test_a_system_prompt_without_slots_is_as_it_is_and_no_profile_is_none() -> None:
    flow = asking("writer", path("$.unknown"))

    assert written(flow, "Plain.")["writer"].steps[0].system == "Plain."
    assert written(flow, "")["writer"].steps[0].system == ""
    assert written(flow, None)["writer"].steps[0].system is None


def test_the_token_is_told_without_a_secret(functions: Functions) -> None:
    desk = engine.default()
    before = len(desk.tokens)

    found = told(step("plain"), functions=functions)["plain"].token

    assert (found.role, found.scopes, found.ttl) == (engine.Role.WORKER, ("*",), None)
    assert "its own task" in found.bound_to
    assert {"nonce", "seal", "sig_hex"}.isdisjoint(msgspec.structs.asdict(found))
    assert len(desk.tokens) == before


def test_it_is_text_html_json_and_a_frame(functions: Functions) -> None:
    functions.register(lambda value: value, id="<b>idle</b>")
    agents = [{"name": "<b>idle</b>", "kind": "python_fn", "spec": {"fn_id": "<b>idle</b>"}}]
    found = told(seq(step("plain"), step("plain")), {"x": 1}, functions=functions, agents=agents, layers=["audit"])

    text, html, frame = repr(found), found._repr_html_(), found.frame()

    assert "layers    audit" in text
    assert "none calls it" in text
    assert "<b>idle" not in html
    assert "&lt;b&gt;idle" in html
    assert list(frame["agent"]) == ["<b>idle</b>", "plain", "plain"]
    assert list(frame["prompt"]) == [None, "1", None]
    assert msgspec.json.decode(msgspec.json.encode(found.plain()))["agents"][1]["layers"] == ["audit"]
    assert [each.name for each in found] == ["<b>idle</b>", "plain"]
    with pytest.raises(KeyError):
        found["nobody"]


def test_a_blueprint_that_does_not_compile_is_refused_and_one_without_agents_is_told() -> None:
    with pytest.raises(engine.UnresolvedRef):
        told(step("nobody_here"))

    assert repr(told(seq())) == "Blueprint test has no agents"


def test_secrets_stay_references(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "open sesame")

    found = told(asking("plain", lit("use $secret:KEY")), functions=functions)

    assert "open sesame" not in repr(found) + found._repr_html_()
    assert "$secret:KEY" in repr(found)


def test_on_the_engines_thread_it_says_how_to_do_it(functions: Functions) -> None:
    @functions.agent
    async def explains(value: Any) -> Any:
        written(asking("writer", lit({"topic": "tea"})), "About {{ topic }}.")

    @functions.agent
    async def aside(value: Any) -> Any:
        found = await asyncio.to_thread(lambda: written(asking("writer", lit({"topic": "tea"})), "About {{ topic }}."))
        return found["writer"].steps[0].system

    refused = fb.launch(blueprint(step("explains")), {"x": 1}, functions=functions, durability="memory")
    with pytest.raises(fb.RunFailed, match=r"await asyncio\.to_thread") as raised:
        refused.result(60)

    assert isinstance(raised.value.body_error, RunError)
    run = fb.launch(blueprint(step("aside")), {"x": 1}, functions=functions, durability="memory")
    assert run.result(60) == {"x": "About tea."}
