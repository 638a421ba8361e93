"""Spelling: authored flows come back from their JSON, and every node from the Python that it is shown as."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from flowbench import flow
from flowbench.flow import Node, branch, ctx, fanout, let, lit, loop, seq, step, to_json, try_
from tests.flow import flows
from tests.flow.flows import Data
from tests.flow.forms import prove
from tests.flows import path


def authored(data: Data) -> Node:
    """The flow, written with the functions of authoring."""
    match data["kind"]:
        case "step":
            return step(data["ref"], value(data["in"]), data["out"]["at"])
        case "seq":
            return seq(*map(authored, data["children"]))
        case "branch":
            return branch(value(data["cond"]), authored(data["then"]), authored(data["else"]))
        case "loop":
            return loop(value(data["cond"]), authored(data["body"]), max=data["max"], counter=value(data["counter"]))
        case "try":
            err_at = None if data["err_at"] is None else value(data["err_at"])
            return try_(authored(data["body"]), authored(data["catch"]), err_at=err_at)
        case "fanout":
            items, bind = value(data["items"]), value(data["bind"])
            return fanout(items, bind, authored(data["body"]), join=data["join"], out=value(data["out"]))
        case _:
            return let(data["at"], value(data["value"]))


def value(data: Data) -> Any:
    match data["op"]:
        case "path":
            return flow.path(data["at"])
        case "lt":
            return value(data["lhs"]) < value(data["rhs"])
        case _:
            return data["value"] if data["value"] is True else lit(data["value"])


@prove(flows.flows())
def test_authored_flows_are_read_back_from_their_json_and_from_their_python(data: Data) -> None:
    node = authored(data)

    assert to_json(node) == data
    assert flow.parse(to_json(node)) == node
    assert eval(repr(node), vars(flow)) == node


_atoms = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_odd_texts = st.sampled_from(["$", "$.a", 'ctx["x"]', "'\""])
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | _odd_texts
_values = st.recursive(
    _atoms | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)
_good_paths = st.sampled_from(["$", "ctx", "$.a", "ctx.a.b", '$["a b"].c', "$.class", "$._x", '$["a"]', "$.é"])
_paths = _good_paths | st.sampled_from(["bad", "$.a[0]"])
_binary = st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte", "add", "sub", "mul", "div", "mod"])
_expressions: st.SearchStrategy[Data] = st.recursive(
    _paths.map(path) | _values.map(flows.lit),
    lambda inner: st.one_of(
        st.builds(flows.call, _binary, inner, inner),
        st.builds(flows.call, st.sampled_from(["not", "exists", "len"]), inner),
        st.builds(
            lambda op, args: {"op": op, "args": args}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)
        ),
        st.builds(lambda x, xs: {"op": "in", "needle": x, "haystack": xs}, inner, inner),
        st.builds(
            lambda ref, args: {"op": "call_extern", "ref": ref, "args": args},
            st.sampled_from(["f", "object", "array"]),
            st.lists(inner, max_size=4),
        ),
    ),
    max_leaves=8,
)


@prove(_expressions, st.sampled_from(["step", "branch", "fanout", "loop", "try", "assign", "let"]))
def test_every_node_is_shown_as_python_that_makes_it(expr: Data, kind: str) -> None:
    body = flows.step("f", "$.x", "$.y")
    data = {
        "step": flows.step("a'\"b") | {"in": expr},
        "branch": flows.branch(expr, body, flows.seq()),
        "fanout": flows.fan(body) | {"items": expr, "out": path("$.r")},
        "loop": flows.loop(body, 4, expr),
        "try": flows.attempt(body, body) | {"err_at": expr},
        "assign": {"kind": "assign", "at": expr, "value": expr},
        "let": flows.let("$.a", expr),
    }[kind]
    compat = None if kind == "let" else flow.SEED  # which lets bad paths through
    try:
        node = flow.parse(data, compat)
    except flow.ParseError:
        assume(False)

    read = {"parse": partial(flow.parse, compat=compat), "parse_expr": partial(flow.parse_expr, compat=compat)}
    assert eval(repr(node), vars(flow) | read) == node


def test_a_short_flow_is_one_line_and_a_long_one_is_indented() -> None:
    assert repr(branch(ctx.ok, step("a", ctx.x))) == 'branch(ctx.ok, step("a", in_=ctx.x, out=ctx.a))'
    assert repr(
        seq(step("first", ctx.input), loop(ctx.more, step("again", ctx.rest, ctx.rest), max=9))
    ).splitlines() == [
        "seq(",
        '    step("first", in_=ctx.input, out=ctx.first),',
        '    loop(ctx.more, step("again", in_=ctx.rest, out=ctx.rest), max=9),',
        ")",
    ]


def test_a_flow_of_the_greatest_depth_is_shown() -> None:
    data = flows.step("f")
    for _ in range(200):
        data = flows.seq(data)

    text = repr(flow.parse(data))

    assert text.startswith("seq(") or "too deeply" in text
