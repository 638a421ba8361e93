"""The shorthand: which texts become paths, at which places, and what stays untouched."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from flowbench.blueprint import InvalidBlueprint, expand_paths
from flowbench.flow import Node, to_json
from tests.blueprint.samples import nodes

A = {"op": "path", "at": "$.a"}
LIT = {"op": "lit", "value": "$.a"}
EMPTY: dict[str, Any] = {"kind": "seq", "children": []}


def step(read: Any, write: Any = "$.a") -> dict[str, Any]:
    return {"kind": "step", "ref": "$.a", "in": read, "out": write}


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (step("$.a"), step(A, A)),
        (step("$"), step({"op": "path", "at": "$"}, A)),
        (step("ctx"), step({"op": "path", "at": "ctx"}, A)),
        (step('ctx["a"]'), step({"op": "path", "at": 'ctx["a"]'}, A)),
        (step("ctx.a"), step({"op": "path", "at": "ctx.a"}, A)),
        ({"kind": "seq", "children": [step("$.a")]}, {"kind": "seq", "children": [step(A, A)]}),
        (
            {"kind": "branch", "cond": "$.a", "then": step("$.a"), "else": EMPTY},
            {"kind": "branch", "cond": A, "then": step(A, A), "else": EMPTY},
        ),
        (
            {"kind": "fanout", "items": "$.a", "bind": "$.a", "body": step("$.a"), "join": "all", "out": "$.a"},
            {"kind": "fanout", "items": A, "bind": A, "body": step(A, A), "join": "all", "out": A},
        ),
        (
            {"kind": "loop", "counter": "$.a", "cond": "$.a", "body": step("$.a"), "max": 3},
            {"kind": "loop", "counter": A, "cond": A, "body": step(A, A), "max": 3},
        ),
        (
            {"kind": "try", "body": step("$.a"), "catch": step("$.a"), "err_at": "$.a"},
            {"kind": "try", "body": step(A, A), "catch": step(A, A), "err_at": A},
        ),
        (
            {"kind": "try", "body": EMPTY, "catch": EMPTY, "err_at": None},
            {"kind": "try", "body": EMPTY, "catch": EMPTY, "err_at": None},
        ),
        ({"kind": "assign", "at": "$.a", "value": "$.a"}, {"kind": "assign", "at": A, "value": A}),
        ({"kind": "let", "at": "$.a", "value": "$.a"}, {"kind": "let", "at": "$.a", "value": A}),
        (step({"op": "gt", "lhs": "$.a", "rhs": LIT}), step({"op": "gt", "lhs": A, "rhs": LIT}, A)),
        (step({"op": "not", "arg": "$.a"}), step({"op": "not", "arg": A}, A)),
        (
            step({"op": "and", "args": ["$.a", {"op": "exists", "arg": "$.a"}]}),
            step({"op": "and", "args": [A, {"op": "exists", "arg": A}]}, A),
        ),
        (step({"op": "in", "needle": "$.a", "haystack": "$.a"}), step({"op": "in", "needle": A, "haystack": A}, A)),
        (
            step({"op": "call_extern", "ref": "$.a", "args": ["$.a"]}),
            step({"op": "call_extern", "ref": "$.a", "args": [A]}, A),
        ),
        (step(LIT), step(LIT, A)),
        (step({"op": "lit", "value": step("$.a")}), step({"op": "lit", "value": step("$.a")}, A)),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bare_path_stands_for_a_path_expression(short: dict[str, Any], full: dict[str, Any]) -> None:
    before = copy.deepcopy(short)

    assert expand_paths(short) == full
    assert expand_paths(full) == full
    assert short == before


@given(nodes)
def test_the_full_form_is_left_alone(node: Node) -> None:
    written = to_json(node)

    assert expand_paths(written) == written


@given(nodes)
def test_every_path_of_any_flow_may_be_written_short(node: Node) -> None:
    written = to_json(node)

    assert expand_paths(shortened(written)) == written


def shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [shortened(each) for each in value]
    if not isinstance(value, dict) or value.get("op") == "lit":
        return value
    if value.get("op") == "path":
        return value["at"]
    return {key: shortened(each) for key, each in value.items()}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("a.b", 'the text "a.b"'),
        ("", 'the text ""'),
        ("ctxa", 'the text "ctxa"'),
        (5, "the number 5"),
        (True, "true"),
        (None, "null"),
        ([1], "a list"),
        ({"a": 1}, "an object"),
    ],
)
def test_anything_else_is_refused_with_the_way_to_write_a_value(value: Any, what: str) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        expand_paths({"kind": "seq", "children": [step({"op": "eq", "lhs": "$.a", "rhs": value})]})

    assert refused.value.place == "$.flow.children[0].in.rhs"
    assert refused.value.message.startswith(f"{what} is no expression")
    assert "{op: lit, value: ...}" in refused.value.message


def test_the_first_fault_in_reading_order_is_told() -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        expand_paths({"kind": "seq", "children": [step("$.a"), step(1, 2), step(3)]})

    assert refused.value.place == "$.flow.children[1].in"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"kind": 5},
        {"kind": ["step"]},
        {"kind": "stp", "in": 1},
        {"kind": "seq"},
        {"kind": "seq", "children": 5},
        {"kind": "seq", "children": [5]},
    ],
    ids=str,
)
def test_malformed_nodes_are_left_for_the_parser(data: Any) -> None:
    assert expand_paths(data) == data


def test_depth_costs_no_stack() -> None:
    flow: dict[str, Any] = step("$.a")
    for _ in range(5_000):
        flow = {"kind": "seq", "children": [flow]}

    flow = expand_paths(flow)

    while flow["kind"] == "seq":
        flow = flow["children"][0]
    assert flow == step(A, A)
