"""Parsing: nodes survive a round trip, and every refusal names its place and what would be right."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import strategies as st

from flowbench.errors import FlowbenchError
from flowbench.flow import SEED, ParseError, nodes, parse, parse_expr, to_json
from tests.flow.flows import branch, call, fan, flows, let, lit, loop, path, seq, step
from tests.flow.forms import prove
from tests.flow.test_expressions import EXPRESSIONS


@prove(flows())
def test_parsing_and_writing_back_gives_the_same_data(data: Any) -> None:
    before = copy.deepcopy(data)

    assert to_json(parse(data)) == data == before


@prove(EXPRESSIONS)
def test_expressions_survive_a_round_trip(data: Any) -> None:
    assert to_json(parse_expr(data)) == data


def test_nodes_are_frozen_and_comparable() -> None:
    node = parse(seq(step("a")))

    with pytest.raises(AttributeError):
        node.children = ()  # type: ignore[misc, union-attr]
    assert (
        node
        == parse(seq(step("a")))
        == nodes.Seq(children=(nodes.Step(ref="a", input=nodes.Path(at="$.x"), out=nodes.Path(at="$.x")),))
    )


def test_an_absent_err_at_is_written_as_null() -> None:
    data = {"kind": "try", "body": seq(), "catch": seq()}

    assert to_json(parse(data)) == data | {"err_at": None}


def test_nodes_share_nothing_with_the_data_they_came_from() -> None:
    inner = [1]
    node = parse(let("$.x", lit(inner)))

    inner.append(2)

    assert to_json(node)["value"] == lit([1])


def test_both_dialects_are_read() -> None:
    both = seq({"kind": "assign", "at": path("$.a"), "value": lit(1)}, let('ctx["b.c"]', path("ctx.a")))

    assert to_json(parse(both)) == both


TRY = {"kind": "try", "body": seq(), "catch": seq()}


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        ([], "$", ["a node must be an object with `kind`", "got an array"]),
        ("step", "$", ["a node must be an object with `kind`", "got `step`"]),
        ({}, "$", ["missing field `kind`", "`step`, `seq`, `branch`, `fanout`, `loop`, `try`, `assign`, `let`"]),
        ({"op": "lit", "value": 1}, "$", ["missing field `kind`", "an object with `op` is an expression"]),
        ({"type": "step"}, "$", ["missing field `kind`", "here `type` is called `kind`"]),
        ({"kind": "parallel"}, "$.kind", ["unknown kind `parallel`", "did you mean `fanout`?"]),
        (
            {"kind": "step", "agent": "a", "in": path("$"), "out": path("$")},
            "$",
            ["unknown field `agent`", "did you mean `ref`?"],
        ),
        (
            {"kind": "step", "ref": "a", "input": path("$"), "output": path("$")},
            "$",
            ["unknown field `input`", "did you mean `in`?"],
        ),
        ({"kind": "stpe"}, "$.kind", ["unknown kind `stpe`", "did you mean `step`?", "`fanout`"]),
        ({"kind": 5}, "$.kind", ["unknown kind 5"]),
        ({"kind": ["step"]}, "$.kind", ["unknown kind an array"]),
        (
            seq(step("a"), step("b") | {"inn": 1}),
            "$.children[1]",
            ["unknown field `inn` in `step`", "its fields are `ref`, `in`, `out`"],
        ),
        (
            {"kind": "step", "ref": "a", "inn": lit(1), "out": path("$")},
            "$",
            ["unknown field `inn`", "did you mean `in`?"],
        ),
        ({"kind": "step", "ref": "a", "in": lit(1)}, "$", ["missing field `out` in `step`"]),
        (step("a") | {"ref": 5}, "$.ref", ["`ref` must be a string, got 5"]),
        (step("a") | {"ref": "\ud800"}, "$.ref", ["lone surrogate"]),
        (step("a") | {"in": 5}, "$.in", ["an expression must be an object with `op`, got 5"]),
        (step("a") | {"in": seq()}, "$.in", ["missing field `op`", "an object with `kind` is a node"]),
        (step("a") | {"in": {"op": "pth", "at": "$"}}, "$.in.op", ["unknown op `pth`", "did you mean `path`?"]),
        (step("a") | {"in": {"op": "path"}}, "$.in", ["missing field `at` in `path`"]),
        (step("a") | {"in": {"op": "path", "at": 3}}, "$.in.at", ["`at` must be a string, got 3"]),
        (step("a") | {"in": {"op": "path", "at": ["$"]}}, "$.in.at", ["`at` must be a string, got an array"]),
        (step("a", "$.a[0]"), "$.in.at", ["invalid path syntax '$.a[0]': expected '\"' after '['"]),
        (step("a", "$.x", "a.b"), "$.out.at", ["invalid path syntax 'a.b'"]),
        (step("a") | {"in": {"op": "lit"}}, "$.in", ["missing field `value` in `lit`"]),
        (step("a") | {"in": lit((1, 2))}, "$.in.value", ["`value` is no JSON value: $: tuple"]),
        (step("a") | {"in": lit([float("nan")])}, "$.in.value", ["$[0]: nan is no JSON number"]),
        (step("a") | {"in": {"op": "and", "args": lit(1)}}, "$.in.args", ["`args` must be an array, got an object"]),
        (step("a") | {"in": {"op": "or", "args": [lit(1), None]}}, "$.in.args[1]", ["got null"]),
        (
            step("a") | {"in": {"op": "call_extern", "ref": None, "args": []}},
            "$.in.ref",
            ["`ref` must be a string, got null"],
        ),
        (
            step("a") | {"in": call("eq", lit(1), call("not", path("x")))},
            "$.in.rhs.arg.at",
            ["invalid path syntax 'x'"],
        ),
        ({"kind": "seq"}, "$", ["missing field `children` in `seq`"]),
        ({"kind": "seq", "children": {}}, "$.children", ["`children` must be an array, got an object"]),
        (seq(seq(None)), "$.children[0].children[0]", ["got null"]),
        ({"kind": "branch", "cond": lit(True), "then": seq()}, "$", ["missing field `else` in `branch`"]),
        (branch(lit(True), seq(), {"kind": "x"}), "$.else.kind", ["unknown kind `x`"]),
        (loop(seq(), 1) | {"max": 2**32}, "$.max", ["`max` must be an integer from 0 to 4294967295, got 4294967296"]),
        (loop(seq(), 1) | {"max": 3.0}, "$.max", ["got 3.0"]),
        (loop(seq(), 1) | {"max": -1}, "$.max", ["got -1"]),
        (loop(seq(), 1) | {"max": True}, "$.max", ["got true"]),
        (
            fan(seq(), join="al"),
            "$.join",
            ["unknown join `al`", "`all`, `any`, `race`, `all_settled`", "did you mean `all`?"],
        ),
        (fan(seq()) | {"join": ["all"]}, "$.join", ["unknown join an array"]),
        ({k: v for k, v in fan(seq()).items() if k != "join"}, "$", ["missing field `join` in `fanout`"]),
        (TRY | {"err_at": 5}, "$.err_at", ["an expression must be"]),
        (TRY | {"err_att": None}, "$", ["unknown field `err_att`", "did you mean `err_at`?"]),
        (let("$.x", lit(1)) | {"at": path("$.x")}, "$.at", ["`at` must be a string, got an object"]),
        (let("x", lit(1)), "$.at", ["invalid path syntax 'x'"]),
        ({"kind": "assign", "at": "$.x", "value": lit(1)}, "$.at", ["an expression must be an object"]),
    ],
    ids=lambda value: str(value)[:50] if isinstance(value, str) else None,
)
def test_a_refusal_names_its_place_and_what_is_wrong(data: Any, place: str, says: list[str]) -> None:
    with pytest.raises(ParseError) as refused:
        parse(data)

    error = refused.value
    assert error.place == place
    assert [text for text in says if text not in error.message] == []
    assert str(error) == f"{error.message} - at `{place}`"
    assert isinstance(error, ValueError)
    assert isinstance(error, FlowbenchError)


def test_the_first_of_several_mistakes_is_named() -> None:
    with pytest.raises(ParseError) as refused:
        parse(seq(seq(step("a"), {"kind": "one"}), {"kind": "two"}))

    assert refused.value.place == "$.children[0].children[1].kind"


def test_places_begin_where_the_caller_says() -> None:
    with pytest.raises(ParseError) as refused:
        parse(seq(step("a") | {"in": 1}), root="$.flow")
    with pytest.raises(ParseError) as refused_expr:
        parse_expr(call("not", lit({1})), root="$.when")

    assert refused.value.place == "$.flow.children[0].in"
    assert refused_expr.value.place == "$.when.arg.value"


def test_the_seed_knows_no_let_and_reads_no_path_while_parsing() -> None:
    bad_path = step("a", "garbage")

    with pytest.raises(ParseError, match="unknown kind `let`"):
        parse(let("$.x", lit(1)), SEED)
    assert to_json(parse(bad_path, SEED)) == bad_path


def nested_seq(depth: int) -> Any:
    data: Any = step("a")
    for _ in range(depth):
        data = seq(data)
    return data


def nested_and(depth: int) -> Any:
    data: Any = path("$.x")
    for _ in range(depth):
        data = {"op": "and", "args": [data]}
    return data


def test_the_deepest_flow_that_is_allowed_is_read() -> None:
    data = nested_seq(200)
    innermost = data
    while innermost["kind"] == "seq":
        innermost = innermost["children"][0]
    innermost["in"] = nested_and(200)

    assert to_json(parse(data)) == data


@pytest.mark.parametrize("depth", [201, 5_000, 100_000])
def test_nodes_too_deep_are_refused_with_their_place(depth: int) -> None:
    with pytest.raises(ParseError, match="nodes nested deeper than 200") as refused:
        parse(nested_seq(depth))

    assert refused.value.place == "$" + ".children[0]" * 201


@pytest.mark.parametrize("depth", [201, 5_000, 100_000])
def test_expressions_too_deep_are_refused_with_their_place(depth: int) -> None:
    with pytest.raises(ParseError, match="expressions nested deeper than 200") as refused:
        parse(let("$.x", nested_and(depth)))

    assert refused.value.place == "$.value" + ".args[0]" * 201


def test_fan_outs_too_deep_are_refused_with_their_place() -> None:
    data: Any = seq()
    for _ in range(33):
        data = fan(data)

    with pytest.raises(ParseError, match="fan-outs nested deeper than 32") as refused:
        parse(data)

    assert refused.value.place == "$" + ".body" * 32


def test_a_literal_too_deep_is_refused_with_its_place() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = [value]

    with pytest.raises(ParseError, match="nested deeper than 500") as refused:
        parse(let("$.x", lit(value)))

    assert refused.value.place == "$.value.value"


def test_a_nearly_full_stack_is_at_most_a_refusal() -> None:
    def deeper(left: int) -> str:
        if left:
            return deeper(left - 1)
        try:
            parse(nested_seq(190))
        except ParseError as refused:
            return refused.message
        return "read"

    assert deeper(700) in ("read", "nested too deeply to be read from here")


def test_data_in_a_circle_is_refused() -> None:
    data: Any = seq()
    data["children"].append(data)

    with pytest.raises(ParseError, match="nodes nested deeper than 200"):
        parse(data)


NAMES = st.sampled_from(["kind", "op", "children", "ref", "in", "out", "at", "value", "args", "x"])
TAGS = st.sampled_from(["step", "seq", "path", "lit", "and", "$"])
NEARLY_FLOWS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner | TAGS, max_size=4),
    max_leaves=12,
)


@prove(NEARLY_FLOWS)
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        node = parse(data)
    except ParseError:
        return
    assert parse(to_json(node)) == node
