"""Phrases: expressions as a person writes them, with the parentheses they need and no others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.blueprint.phrase import phrase, reading
from flowbench.flow import Expr, to_json
from tests.blueprint.samples import expressions


def path(at: str) -> dict[str, Any]:
    return {"op": "path", "at": at}


def lit(value: Any) -> dict[str, Any]:
    return {"op": "lit", "value": value}


def two(op: str, lhs: Any, rhs: Any) -> dict[str, Any]:
    return {"op": op, "lhs": lhs, "rhs": rhs}


A, B, ONE = path("$.a"), path("$.b"), lit(1)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (A, "$.a"),
        ("ctx.a", "ctx.a"),
        (lit("x"), '"x"'),
        (lit('é"\n'), '"é\\"\\n"'),
        (lit({"a": [1, 2.5, None, True], "b": {}}), '{"a": [1, 2.5, null, true], "b": {}}'),
        (two("gt", path("$.size"), lit(400)), "$.size > 400"),
        (two("eq", A, lit("done")), '$.a == "done"'),
        (two("ne", A, B), "$.a != $.b"),
        (two("lt", A, B), "$.a < $.b"),
        (two("lte", A, B), "$.a <= $.b"),
        (two("gte", A, B), "$.a >= $.b"),
        ({"op": "in", "needle": A, "haystack": lit([1])}, "$.a in [1]"),
        ({"op": "not", "arg": A}, "not $.a"),
        ({"op": "not", "arg": {"op": "not", "arg": A}}, "not not $.a"),
        ({"op": "not", "arg": two("eq", A, B)}, "not $.a == $.b"),
        ({"op": "not", "arg": {"op": "and", "args": [A, B]}}, "not ($.a and $.b)"),
        (two("eq", {"op": "not", "arg": A}, B), "(not $.a) == $.b"),
        ({"op": "and", "args": [A, {"op": "or", "args": [A, B]}, B]}, "$.a and ($.a or $.b) and $.b"),
        ({"op": "or", "args": [{"op": "and", "args": [A, B]}, B]}, "$.a and $.b or $.b"),
        ({"op": "and", "args": []}, "true"),
        ({"op": "or", "args": []}, "false"),
        ({"op": "or", "args": [two("eq", A, B)]}, "$.a == $.b"),
        ({"op": "exists", "arg": A}, "exists($.a)"),
        ({"op": "len", "arg": A}, "len($.a)"),
        ({"op": "call_extern", "ref": "f", "args": [A, two("add", A, B)]}, "f($.a, $.a + $.b)"),
        ({"op": "call_extern", "ref": "object", "args": [lit("k"), A, lit("n"), ONE]}, '{"k": $.a, "n": 1}'),
        ({"op": "call_extern", "ref": "object", "args": [lit("k")]}, 'object("k")'),
        ({"op": "call_extern", "ref": "array", "args": [A, lit("x")]}, '[$.a, "x"]'),
        (two("sub", two("sub", A, B), ONE), "$.a - $.b - 1"),
        (two("sub", A, two("sub", B, ONE)), "$.a - ($.b - 1)"),
        (two("mul", two("add", A, B), ONE), "($.a + $.b) * 1"),
        (two("add", two("mul", A, B), two("div", A, ONE)), "$.a * $.b + $.a / 1"),
        (two("mod", A, two("mul", B, ONE)), "$.a % ($.b * 1)"),
        (two("lt", two("lt", A, B), B), "($.a < $.b) < $.b"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_expression_is_written_as_a_person_would(expression: Any, text: str) -> None:
    assert phrase(expression) == text


@given(expressions, st.integers(5, 80))
def test_a_phrase_fits_its_room(expression: Expr, room: int) -> None:
    text = phrase(to_json(expression), room)

    assert 0 < len(text) <= room
    assert phrase(to_json(expression), 10_000).startswith(text.removesuffix("…"))


@pytest.mark.parametrize(
    "expression",
    [lit("x" * 2**20), lit(list(range(100_000))), lit({"k" * 2**20: 1}), path("$." + "a" * 2**20)],
    ids=["text", "list", "key", "path"],
)
def test_huge_expressions_are_cut(expression: Any) -> None:
    assert len(phrase(expression)) == 60


def test_depth_costs_no_stack() -> None:
    expression = A
    for _ in range(5_000):
        expression = {"op": "not", "arg": expression}

    assert phrase(expression).startswith("not not not ")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (A, "$.a"),
        (lit(None), ""),
        ({"op": "call_extern", "ref": "object", "args": [lit("a"), A, lit("b"), B]}, "a, b"),
        ({"op": "call_extern", "ref": "object", "args": [lit("a"), B, lit("b"), ONE]}, "a: $.b, b: 1"),
        (
            {"op": "call_extern", "ref": "object", "args": [lit("name"), path("$.somewhere.else"), lit("size"), A]},
            "name, size",
        ),
        ({"op": "call_extern", "ref": "object", "args": [A, B]}, "{$.a: $.b}"),
        ({"op": "call_extern", "ref": "object", "args": []}, "{}"),
    ],
)
def test_what_a_step_reads_is_told_by_the_names_of_its_parameters(expression: Any, text: str) -> None:
    assert reading(expression) == text
