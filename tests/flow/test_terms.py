"""Terms: Python operators that build expressions, and the mistakes that they tell."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.flow import (
    AuthoringError,
    Place,
    Term,
    assign,
    call,
    compile_expr,
    ctx,
    exists,
    is_in,
    len_,
    lit,
    path,
    seq,
    step,
    to_json,
)
from tests.flow.flows import call as op
from tests.flow.flows import lit as literal
from tests.flow.flows import path as place

A, B = place("$.a"), place("$.b")


def made(term: object) -> Any:
    """The JSON that stands where a value is wanted."""
    return to_json(assign(ctx.x, term))["value"]


@pytest.mark.parametrize(
    ("term", "data"),
    [
        (ctx, place("$")),
        (ctx.a.b, place("$.a.b")),
        (ctx["a"]["b"], place("$.a.b")),
        (ctx["odd key"].z, place('$["odd key"].z')),
        (ctx["a.b"], place('$["a.b"]')),
        (ctx["_a"], place("$._a")),
        (path('ctx.a["b c"]'), place('ctx.a["b c"]')),
        (ctx.items.keys, place("$.items.keys")),
        (ctx.a == 1, op("eq", A, literal(1))),
        (ctx.a != "red", op("ne", A, literal("red"))),
        (ctx.a == None, op("eq", A, literal(None))),  # noqa: E711
        (ctx.a < ctx.b, op("lt", A, B)),
        (ctx.a <= 1, op("lte", A, literal(1))),
        (ctx.a > 1, op("gt", A, literal(1))),
        (ctx.a >= 1, op("gte", A, literal(1))),
        (ctx.a + 1, op("add", A, literal(1))),
        (1 + ctx.a, op("add", literal(1), A)),
        (ctx.a - 1, op("sub", A, literal(1))),
        (1 - ctx.a, op("sub", literal(1), A)),
        (ctx.a * 2, op("mul", A, literal(2))),
        (2 * ctx.a, op("mul", literal(2), A)),
        (ctx.a / 2, op("div", A, literal(2))),
        (2 / ctx.a, op("div", literal(2), A)),
        (ctx.a % 2, op("mod", A, literal(2))),
        (2 % ctx.a, op("mod", literal(2), A)),
        (~ctx.a, op("not", A)),
        (-ctx.a, op("sub", literal(0), A)),
        (ctx.a & ctx.b & True, {"op": "and", "args": [A, B, literal(True)]}),
        (ctx.a & (ctx.b & ctx.a), {"op": "and", "args": [A, {"op": "and", "args": [B, A]}]}),
        (ctx.a | ctx.b | ctx.a, {"op": "or", "args": [A, B, A]}),
        (True & ctx.a, {"op": "and", "args": [literal(True), A]}),
        (False | ctx.a, {"op": "or", "args": [literal(False), A]}),
        (exists(ctx.a), op("exists", A)),
        (len_(ctx.a), op("len", A)),
        (is_in(ctx.a, [1, 2]), {"op": "in", "needle": A, "haystack": literal([1, 2])}),
        (call("round", ctx.a, 2), {"op": "call_extern", "ref": "round", "args": [A, literal(2)]}),
        (lit("$.a"), literal("$.a")),
        ((1, [2]), literal([1, [2]])),
        ({"a": 1}, literal({"a": 1})),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, Term) else None,
)
def test_python_makes_the_expression_of_the_language(term: object, data: Any) -> None:
    assert made(term) == data


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"text": ctx.a, "deep": {"list": [ctx.b, "x"], "plain": {"n": 1}}}, None),
        ([ctx.b, 7, {"k": ctx.a}], [2, 7, {"k": "A"}]),
        ({}, {}),
    ],
    ids=["object", "array", "empty"],
)
def test_dicts_and_lists_with_terms_are_put_together_when_the_flow_runs(value: Any, answer: Any) -> None:
    wanted = answer if answer is not None else {"text": "A", "deep": {"list": [2, "x"], "plain": {"n": 1}}}

    assert compile_expr(assign(ctx.x, value).value)({"a": "A", "b": 2}) == wanted


def test_the_host_s_own_externs_win_over_the_standard_ones() -> None:
    expr = assign(ctx.x, [ctx.a]).value

    assert compile_expr(expr, externs={"array": lambda args: "mine"})({"a": 1}) == "mine"


@pytest.mark.parametrize(
    ("args", "why"),
    [(("a",), "a key without a value"), ((1, 2), "a key must be a text, got 1")],
    ids=["odd", "no text"],
)
def test_an_object_needs_pairs_with_text_keys(args: tuple[object, ...], why: str) -> None:
    with pytest.raises(Exception, match=f"extern error for ref 'object': .*{why}"):
        compile_expr(assign(ctx.x, call("object", *args)).value)({})


def cycle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: 1 if ctx.x else 2, "`ctx.x` is neither true nor false here"),
        (lambda: ctx.x > 1 and ctx.y, r"write & | ~ with parentheses"),
        (lambda: 1 < ctx.x < 3, "chains such as a < b < c"),
        (lambda: not ctx.x, "neither true nor false"),
        (lambda: ctx.a > 1 & ctx.b < 2, "1 beside &: it binds more tightly than comparisons"),
        (lambda: ctx.a > 1 | ctx.b, "1 beside |"),
        (lambda: ctx.a & 1, "1 beside &"),
        (lambda: ctx.a**2, "the language has no power"),
        (lambda: ctx.a // 2, "write (ctx.a - ctx.a % n) / n"),
        (lambda: 3 in ctx.xs, "write is_in(x, ctx.xs)"),
        (lambda: list(ctx.xs), "fanout(ctx.xs, ctx.item, body, out=...)"),
        (lambda: len(ctx.xs), "write len_(ctx.xs)"),
        (lambda: ctx.xs[0], "lists have no index; fanout goes through a list"),
        (lambda: ctx.a.exists(), "`ctx.a.exists` is a place, no function"),
        (lambda: setattr(ctx.a, "b", 3), "a flow writes with assign(ctx.a.b, ...)"),
        (lambda: operator.setitem(ctx, "b", 3), "a flow writes with assign(ctx['b'], ...)"),
        (lambda: ctx.a == "$.b", "'$.b' is a text here; write ctx.b for the place, lit('$.b') for the text"),
        (lambda: ctx.a == {"x": ["ctx.b"]}, "write ctx.b for the place"),
        (lambda: ctx.a == len, "the function len stands where a value is wanted"),
        (lambda: ctx.a == seq(), "a node stands where a value is wanted"),
        (lambda: ctx.a == {1, 2}, "no JSON value: $: set is no JSON value"),
        (lambda: ctx.a == [float("nan")], "$[0]: nan is no JSON number"),
        (lambda: ctx.a == cycle(), "contains itself"),
        (lambda: lit(cycle()), "contains itself"),
        (lambda: lit([ctx.a]), "with terms inside, leave lit away"),
        (lambda: assign(ctx.x, {1: ctx.a}), "the key 1 of an object is no text"),
        (lambda: path("a.b"), "path must start with"),
        (lambda: ctx[""], "no path can hold the key ''"),
        (lambda: ctx['a"]b'], "no path can hold the key"),
        (lambda: ctx["\ud800"], "no path can hold the key"),
        (lambda: call(len, ctx.a), "an extern is named by text"),
    ],
)
def test_a_mistake_names_its_line_and_the_way_out(mistake: Callable[[], object], says: str) -> None:
    with pytest.raises(AuthoringError) as refused:
        mistake()

    assert says in refused.value.message
    assert refused.value.line == mistake.__code__.co_firstlineno
    assert str(refused.value).startswith(f"{__file__}:{refused.value.line}: ")
    assert refused.value.source in str(refused.value)
    assert "lambda" in refused.value.source


def test_a_mistake_in_a_cell_names_the_line_of_the_cell() -> None:
    with pytest.raises(AuthoringError) as refused:
        exec(compile("from flowbench import ctx\n\nctx.a[1]", "<cell>", "exec"), {"__name__": "__main__"})

    assert str(refused.value).startswith("line 3: 1 is no key")


def test_names_with_an_underscore_are_left_to_python() -> None:
    assert not hasattr(ctx, "_repr_html_")
    assert not hasattr(ctx, "__wrapped__")
    with pytest.raises(AttributeError, match=r'ctx\["_a"\]'):
        ctx._a  # noqa: B018


def test_terms_have_no_hash_since_equality_means_something_else() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(ctx.a)


def test_a_place_can_be_kept_and_gone_on_from() -> None:
    user: Place = ctx.user

    assert to_json(step("greet", user.name, user.greeting)) == {
        "kind": "step",
        "ref": "greet",
        "in": place("$.user.name"),
        "out": place("$.user.greeting"),
    }
