"""Expressions agree with a small reference written from the rules, and say exactly what is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import strategies as st

from flowbench.flow import (
    SEED,
    ExternError,
    FlowError,
    InvalidPath,
    NotJson,
    ParseError,
    PathNotFound,
    compile_expr,
    nodes,
    parse_expr,
    paths_read,
    values,
)
from flowbench.flow.expressions import children
from tests.flow.flows import call, lit, path
from tests.flow.forms import prove

CTX = {"n": 2, "f": 2.5, "neg": -3, "zero": 0, "s": "b", "t": True, "u": None, "list": [1, 2.0, "b"], "o": {"k": 1}}
LEAVES = st.one_of(
    st.sampled_from([*(f"$.{key}" for key in CTX), "$.o.k", "$.missing", "$"]).map(path),
    st.sampled_from(
        [0, 1, 2, 2.0, -3, 1e308, 5e-324, -0.0, "", "b", "é", True, False, None, [], [2, 1], {"k": 1.0}]
    ).map(lit),
)
BINARY = ["eq", "ne", "lt", "lte", "gt", "gte", "add", "sub", "mul", "div", "mod"]


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(call, st.sampled_from(BINARY), inner, inner),
        st.builds(call, st.sampled_from(["not", "exists", "len"]), inner),
        st.builds(
            lambda op, args: {"op": op, "args": args}, st.sampled_from(["and", "or"]), st.lists(inner, max_size=3)
        ),
        st.builds(lambda a, b: {"op": "in", "needle": a, "haystack": b}, inner, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, _compound, max_leaves=8)


class Refused(Exception):
    """The reference meets an error: (variant, ref)."""


def truth(value: Any) -> bool:
    return value is not None and value is not False


def same(a: Any, b: Any, seed: bool) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)) and not {type(a), type(b)} & {bool}:
        return float(a) == float(b) and (not seed or type(a) is type(b))
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y, seed) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return set(a) == set(b) and all(same(a[key], b[key], seed) for key in a)
    return bool(a == b)


def reference(expr: Any, seed: bool) -> Any:
    """The meaning of an expression, by the rules and with no care for speed."""
    op = expr["op"]

    def type_error(name: str) -> Refused:
        if name == "cmp":
            return Refused("DispatcherError", "expr.cmp") if seed else Refused("TypeError", "cmp")
        if name in ("len", "in"):
            return Refused("DispatcherError" if seed else "TypeError", f"expr.{name}")
        return Refused("DispatcherError", f"expr.{name}") if seed else Refused("TypeError", name)

    if op == "lit":
        return expr["value"]
    if op == "path":
        value: Any = CTX
        for key in expr["at"].split(".")[1:]:
            if not isinstance(value, dict) or key not in value:
                raise Refused("PathNotFound", None)
            value = value[key]
        return value
    if op == "not":
        return not truth(reference(expr["arg"], seed))
    if op == "exists":
        try:
            return reference(expr["arg"], seed) is not None
        except Refused as refused:
            if refused.args[0] == "PathNotFound":
                return False
            raise
    if op in ("and", "or"):
        for arg in expr["args"]:
            if truth(reference(arg, seed)) == (op == "or"):
                return op == "or"
        return op == "and"
    if op == "len":
        value = reference(expr["arg"], seed)
        if not isinstance(value, (str, list, dict)):
            raise type_error("len")
        return len(value)
    if op == "in":
        needle, haystack = reference(expr["needle"], seed), reference(expr["haystack"], seed)
        if not isinstance(haystack, list):
            raise type_error("in")
        return any(same(needle, item, seed) for item in haystack)
    a, b = reference(expr["lhs"], seed), reference(expr["rhs"], seed)
    if op in ("eq", "ne"):
        return same(a, b, seed) == (op == "eq")
    numbers = [type(value) in (int, float) for value in (a, b)]
    if op in ("lt", "lte", "gt", "gte"):
        if not (all(numbers) or (isinstance(a, str) and isinstance(b, str))):
            raise type_error("cmp")
        x, y = (float(a), float(b)) if all(numbers) else (a.encode(), b.encode())
        return {"lt": x < y, "lte": x <= y, "gt": x > y, "gte": x >= y}[op]
    if not all(numbers):
        raise type_error(op)
    return calculated(op, float(a), float(b), seed)


def calculated(op: str, a: float, b: float, seed: bool) -> float:
    failed = Refused("DispatcherError", f"expr.{op}") if seed else Refused("ArithError", op)
    if op in ("div", "mod"):
        if b == 0:
            raise failed
        quotient = a / b
        floor = float(math.floor(quotient)) if math.isfinite(quotient) else quotient
        result = quotient if op == "div" else a - floor * b
    else:
        result = {"add": a + b, "sub": a - b, "mul": a * b}[op]
    if not math.isfinite(result):
        raise failed
    return result


def comes_to(read: Any) -> Any:
    """What a function of the ctx comes to: (value,), or (variant, ref) of its error."""
    try:
        return (read(CTX),)
    except FlowError as error:
        return error.kind, getattr(error, "ref", None)
    except Refused as refused:
        return refused.args


@prove(EXPRESSIONS, st.booleans())
def test_expressions_mean_what_the_reference_says(data: Any, seed: bool) -> None:
    compat = SEED if seed else None

    got = comes_to(compile_expr(parse_expr(data, compat), compat))

    assert values.strictly_equal(list(got), list(comes_to(lambda ctx: reference(data, seed))))


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [(7, 3, 1.0), (-7, 3, 2.0), (7, -3, -2.0), (-7, -3, -1.0), (5.5, 2, 1.5), (-1e-20, 3, 3.0), (0, 5, 0.0)],
)
def test_the_remainder_follows_the_sign_of_its_divisor(a: float, b: float, result: float) -> None:
    assert compile_expr(parse_expr(call("mod", lit(a), lit(b))))({}) == result


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (call("div", lit(1), lit(0)), "arithmetic error in 'div': arithmetic failure (e.g. division by zero)"),
        (call("mod", lit(1), lit(-0.0)), "arithmetic error in 'mod': arithmetic failure (e.g. division by zero)"),
        (call("mul", lit(1e300), lit(1e300)), "arithmetic error in 'mul': result not f64-representable: inf"),
        (call("sub", lit(-1e308), lit(1e308)), "arithmetic error in 'sub': result not f64-representable: -inf"),
        (call("mod", lit(1e308), lit(1e-308)), "arithmetic error in 'mod': result not f64-representable: -inf"),
        (call("add", lit(None), lit("x")), "type error in 'add': expected number, got Null"),
        (call("add", lit(1), lit("x")), "type error in 'add': expected number, got String(\"x\")"),
        (
            call("lt", lit(1), lit("x")),
            "type error in 'cmp': cmp: both sides must be numbers or strings, got Number(1) vs String(\"x\")",
        ),
        (call("len", lit(True)), "type error in 'expr.len': len: unsupported type Bool(true)"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_texts_of_later_versions(data: Any, text: str) -> None:
    with pytest.raises(FlowError) as met:
        compile_expr(parse_expr(data))({})

    assert str(met.value) == text


def test_both_operands_are_evaluated_before_either_is_checked() -> None:
    with pytest.raises(PathNotFound):
        compile_expr(parse_expr(call("add", lit("no number"), path("$.missing"))))({})


def test_a_bad_path_of_the_seed_fails_only_when_it_is_read() -> None:
    read = parse_expr({"op": "or", "args": [lit(True), path("bad")]}, SEED)

    assert compile_expr(read, SEED)({}) is True
    with pytest.raises(InvalidPath, match=r"^invalid path syntax: path must start with \$ or \$\.: bad$"):
        compile_expr(parse_expr(path("bad"), SEED), SEED)({})


def test_literals_are_copied_when_they_are_compiled() -> None:
    inner = [1]
    expr = nodes.Lit(value=inner)
    function = compile_expr(expr)

    inner.append(2)

    assert function({}) == [1]


def test_a_literal_that_is_no_json_is_refused_when_it_is_compiled() -> None:
    with pytest.raises(NotJson, match="tuple"):
        compile_expr(nodes.Lit(value=(1, 2)))


def test_expressions_built_too_deep_are_refused_when_they_are_compiled() -> None:
    expr: nodes.Expr = nodes.Lit(value=1)
    for _ in range(300):
        expr = nodes.Not(arg=expr)

    with pytest.raises(ParseError, match="deeper than 200"):
        compile_expr(expr)


def extern(ref: str = "f", *args: Any) -> Any:
    return {"op": "call_extern", "ref": ref, "args": list(args)}


def test_externs_get_copies_and_their_answers_are_taken_over() -> None:
    kept: list[Any] = []

    def spoil(args: list[Any]) -> Any:
        args[0].append("spoiled")
        kept.append({"made": [1]})
        return kept[-1]

    ctx = {"list": [1]}

    answer = compile_expr(parse_expr(extern("f", path("$.list"))), None, {"f": spoil})(ctx)
    kept[0]["made"].append(2)

    assert ctx == {"list": [1]}
    assert answer == {"made": [1]}


@pytest.mark.parametrize(
    ("externs", "text"),
    [
        (None, "extern error for ref 'f': no externs registry configured"),
        ({}, "extern error for ref 'f': not registered in externs"),
        ({"f": lambda args: 1 / 0}, "extern error for ref 'f': division by zero"),
        ({"f": lambda args: {1}}, "extern error for ref 'f': $: set is no JSON value"),
    ],
    ids=["no registry", "unknown", "raises", "no JSON"],
)
def test_what_goes_wrong_with_an_extern_is_an_extern_error(externs: Any, text: str) -> None:
    with pytest.raises(ExternError) as met:
        compile_expr(parse_expr(extern()), None, externs)({})

    assert str(met.value) == text


def test_an_extern_error_raised_by_an_extern_is_not_wrapped() -> None:
    def own(args: list[Any]) -> Any:
        raise ExternError("mine", "as it is")

    with pytest.raises(ExternError, match=r"^extern error for ref 'mine': as it is$"):
        compile_expr(parse_expr(extern()), None, {"f": own})({})


def test_a_missing_path_inside_an_extern_s_argument_makes_exists_false() -> None:
    data = call("exists", extern("f", path("$.missing")))

    assert compile_expr(parse_expr(data), None, {"f": lambda args: 1})({}) is False


def test_paths_read_names_every_path_in_order() -> None:
    data = {
        "op": "and",
        "args": [call("lt", path("$.a"), path("$.b")), extern("f", path("$.c")), call("not", path("$.d"))],
    }
    within = {"op": "in", "needle": path("$.e"), "haystack": path("$.f")}

    assert list(paths_read(parse_expr(data))) == ["$.a", "$.b", "$.c", "$.d"]
    assert list(paths_read(parse_expr(within))) == ["$.e", "$.f"]
    assert children(parse_expr(lit(1))) == ()
