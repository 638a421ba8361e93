"""Compile: every check of the seed, in its order, with the place."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench import engine
from flowbench.blueprint import Functions, load
from tests.flows import Json, attempt, blueprint, fan, loop, seq, step

HERE = ("python_fn", "rust_fn", "subprocess")


@pytest.fixture
def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value, id="same", inline=True)
    return table


def agent(name: str = "a", kind: str = "python_fn", spec: Any = None) -> Json:
    return {"name": name, "kind": kind, "spec": {"fn_id": "same"} if spec is None else spec}


def compiled(functions: Functions, flow: Json, **more: Any) -> engine.Compiled:
    """By an installation that runs functions and programs alone."""
    known = {kind: each for kind, each in engine.factories(functions).items() if kind in HERE}
    return engine.compile(load(blueprint(flow, **more)), known)


def test_every_agent_gets_a_route(functions: Functions) -> None:
    result = compiled(functions, seq(step("b"), step("a")), agents=[agent("a"), agent("b")])

    assert list(result.routes) == ["a", "b"]
    assert result.program.refs == ["b", "a"]


BAD: dict[str, tuple[Json, type[engine.CompileError], str, str]] = {
    "an operator that nobody defines": (
        {"agents": [agent(kind="operator", spec={"operator_ref": "x"})], "operators": [{"name": "b"}, {"name": "c"}]},
        engine.UnresolvedOperatorRef,
        (
            "agent 'a' operator_ref 'x' does not match any OperatorDef.name in Blueprint.operators "
            '(defined: ["b", "c"])'
        ),
        "$.agents[0].spec.operator_ref",
    ),
    "two agents of one name": (
        {"agents": [agent(), agent()]},
        engine.DuplicateAgent,
        "duplicate AgentDef name: a",
        "$.agents[1].name",
    ),
    "a kind that nothing here runs": (
        {"agents": [agent(), agent("l", "lua", {"fn_id": "x"})]},
        engine.UnknownKind,
        (
            "unknown agent kind in SpawnerRegistry: lua (agent 'l' at `$.agents[1].kind`); "
            "this installation runs: python_fn, rust_fn, subprocess"
        ),
        "$.agents[1].kind",
    ),
    "a spec without its function": (
        {"agents": [agent(spec={})]},
        engine.InvalidSpec,
        "agent 'a' spec invalid: python_fn spec: 'fn_id' (string) required",
        "$.agents[0].spec",
    ),
    "a function that nobody registered": (
        {"agents": [agent(spec={"fn_id": "sane"})]},
        engine.InvalidSpec,
        "agent 'a' spec invalid: fn_id 'sane' not registered in factory",
        "$.agents[0].spec",
    ),
    "a step that names no agent": (
        {"agents": [agent("ab")]},
        engine.UnresolvedRef,
        "flow references agent 'a' but no AgentDef matches; define it under `agents`, or with @agent as 'a'",
        "$",
    ),
}


@pytest.mark.parametrize(("more", "error", "text", "place"), BAD.values(), ids=BAD)
def test_what_nobody_can_run_is_refused(
    functions: Functions, more: Json, error: type[engine.CompileError], text: str, place: str
) -> None:
    with pytest.raises(error) as caught:
        compiled(functions, step("a"), **more)

    assert str(caught.value).startswith(text)
    assert caught.value.place == place


@pytest.mark.parametrize(
    "flow",
    [
        seq(seq(step("lost"))),
        {"kind": "branch", "cond": {"op": "lit", "value": True}, "then": seq(), "else": step("lost")},
        fan(step("lost")),
        loop(step("lost"), 0),
        attempt(step("lost")),
        attempt(seq(), step("lost")),
    ],
    ids=["seq", "else", "fanout", "loop", "try", "catch"],
)
def test_a_missing_agent_is_found_wherever_it_is_named(functions: Functions, flow: Json) -> None:
    with pytest.raises(engine.UnresolvedRef, match="'lost'"):
        compiled(functions, flow)


def test_without_strict_refs_the_step_fails_when_it_is_reached(functions: Functions) -> None:
    import flowbench as fb

    bp = blueprint(attempt(step("lost")), strategy={"strict_refs": False, "strict_kind": True})

    ctx = fb.launch(bp, {"x": 1}, functions=functions).result(30)

    assert ctx["err"] == "dispatcher error for ref 'lost': worker not registered: lost"


def test_without_strict_kind_the_agent_is_left_out_with_a_warning(functions: Functions) -> None:
    with pytest.warns(UserWarning, match="agent 'l' is left out"):
        result = compiled(
            functions,
            step("a"),
            agents=[agent(), agent("l", "lua", {})],
            strategy={"strict_refs": True, "strict_kind": False},
        )

    assert list(result.routes) == ["a"]
