"""The registry and @agent: what is registered, what is replaced, which steps find their function."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from flowbench.blueprint import AgentDef, Functions, UnfitFunction, UnknownFunction, adopt, agent, functions, load
from flowbench.blueprint.registry import step_refs
from flowbench.errors import FlowbenchError

EMPTY: dict[str, Any] = {"kind": "seq", "children": []}


def step(ref: str) -> dict[str, Any]:
    return {"kind": "step", "ref": ref, "in": "$", "out": "$"}


def test_agent_returns_the_function_itself_in_every_form() -> None:
    mine = Functions()

    def upper(text: str) -> str:
        return text.upper()

    same = mine.agent(upper)
    named = mine.agent(id="shout", inline=True)(upper)

    assert same is named is upper
    assert mine.ids() == ["shout", "upper"]
    assert mine.get("shout").inline
    assert not mine.get("upper").inline
    assert mine.get("upper").fn is upper
    assert "upper" in mine
    assert len(mine) == 2


def test_agent_without_arguments_enters_the_default_registry() -> None:
    @agent
    def registered_by_a_test(text: str) -> str:
        return text

    @agent(id="registered by a test")
    async def other(text: str) -> str:
        return text

    assert functions.get("registered_by_a_test").fn is registered_by_a_test
    assert functions.get("registered by a test").is_async


def test_registering_again_replaces_the_function_without_a_word() -> None:
    mine = Functions()
    mine.register(lambda text: text, id="f")
    before = mine.get("f").hash

    mine.register(lambda text: text + "!", id="f")

    assert mine.ids() == ["f"]
    assert mine.get("f").hash != before


def test_a_function_without_a_name_needs_an_id() -> None:
    with pytest.raises(UnfitFunction, match="has no name of its own"):
        Functions().register(lambda text: text)


def test_a_refused_function_leaves_the_old_one_in_place() -> None:
    mine = Functions()
    mine.register(len, id="f")

    with pytest.raises(UnfitFunction):
        mine.register(max, id="f")

    assert mine.get("f").fn is len


def test_an_unknown_function_is_told_with_a_guess_and_the_way_to_register_it() -> None:
    mine = Functions()
    mine.register(len, id="upper")

    with pytest.raises(UnknownFunction) as refused:
        mine.get("uper")

    assert isinstance(refused.value, FlowbenchError)
    assert (refused.value.id, refused.value.known) == ("uper", ["upper"])
    assert str(refused.value) == (
        'no Python function is registered as "uper" (did you mean "upper"?); registered: upper. '
        'Register one with @agent above its def, or @agent(id="uper")'
    )


def test_adopt_adds_agents_only_for_steps_that_have_none_and_whose_function_is_known() -> None:
    mine = Functions()
    for id in ("a", "b", "c"):
        mine.register(len, id=id)
    flow = {
        "kind": "try",
        "body": {"kind": "branch", "cond": "$.x", "then": step("b"), "else": step("unknown")},
        "catch": {"kind": "seq", "children": [step("a"), step("b"), step("defined")]},
    }
    blueprint = load({"id": "x", "flow": flow, "agents": [{"name": "defined", "kind": "lua"}]})

    adopted = adopt(blueprint, mine)

    assert [(each.name, each.kind, each.spec) for each in adopted.agents] == [
        ("defined", "lua", None),
        ("b", "python_fn", {"fn_id": "b"}),
        ("a", "python_fn", {"fn_id": "a"}),
    ]
    assert adopt(adopted, mine) is adopted
    assert isinstance(adopted.agents[1], AgentDef)


def test_step_refs_are_found_at_every_place_in_reading_order() -> None:
    flow = {
        "kind": "seq",
        "children": [
            step("1"),
            {"kind": "branch", "cond": "$.x", "then": step("2"), "else": step("3")},
            {"kind": "fanout", "items": "$.x", "bind": "$.y", "body": step("4"), "join": "all", "out": "$.z"},
            {"kind": "loop", "counter": "$.x", "cond": "$.x", "body": step("5"), "max": 1},
            {"kind": "try", "body": step("6"), "catch": {"kind": "seq", "children": [step("7")]}},
            {"kind": "assign", "at": "$.x", "value": {"op": "call_extern", "ref": "extern", "args": []}},
            {"kind": "assign", "at": "$.x", "value": {"op": "lit", "value": step("data")}},
        ],
    }

    assert list(step_refs(load(flow, name="x").flow)) == ["1", "2", "3", "4", "5", "6", "7"]


def test_the_room_loads_no_heavy_library() -> None:
    code = (
        "import sys, flowbench.blueprint; "
        "print([m for m in ('pandas', 'IPython', 'papermill', 'graphviz', 'wasmtime') if m in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
