"""Authoring: Python functions that return nodes; what is inferred, and what is refused at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.flow import (
    AuthoringError,
    Callee,
    Node,
    assign,
    branch,
    ctx,
    fanout,
    introduce,
    len_,
    let,
    loop,
    pipeline,
    seq,
    step,
    to_json,
    try_,
)
from tests.flow import flows
from tests.flows import attempt, path

# -- every node


def test_step_reads_a_value_and_writes_a_place() -> None:
    assert to_json(step("double", ctx.x, ctx.y)) == flows.step("double", "$.x", "$.y")
    assert to_json(step("double", in_=3, out="$.y")) == flows.step("double") | {"in": flows.lit(3), "out": path("$.y")}
    assert to_json(step("double", ctx.x)) == flows.step("double", "$.x", "$.double")
    assert to_json(step("none", None, ctx)) == flows.step("none") | {"in": flows.lit(None), "out": path("$")}


def test_nodes_are_those_of_the_language() -> None:
    body = flows.step("f", "$.x", "$.y")
    node = step("f", ctx.x, ctx.y)

    assert to_json(seq(node, node)) == flows.seq(body, body)
    assert to_json(branch(ctx.n > 3, node, seq(node))) == flows.branch(
        flows.call("gt", path("$.n"), flows.lit(3)), body, flows.seq(body)
    )
    assert to_json(branch(ctx.ok, node))["else"] == flows.seq()
    assert to_json(fanout(ctx.xs, ctx.x, node, out=ctx.ys, join="any")) == {
        "kind": "fanout",
        "items": path("$.xs"),
        "bind": path("$.x"),
        "body": body,
        "join": "any",
        "out": path("$.ys"),
    }
    assert to_json(loop(ctx.more, node, max=3, counter=ctx.n)) == flows.loop(body, 3, path("$.more"))
    assert to_json(loop(True, node, max=3))["counter"] == path("$.turn")
    assert to_json(try_(node, node, err_at=ctx.err)) == attempt(body, body)
    assert to_json(try_(node)) == {"kind": "try", "body": body, "catch": flows.seq(), "err_at": None}
    assert to_json(assign(ctx.x, 1)) == {"kind": "assign", "at": path("$.x"), "value": flows.lit(1)}
    assert to_json(let(ctx.x, 1)) == flows.let("$.x", flows.lit(1))


def test_a_list_stands_for_a_seq_and_a_single_node_for_itself() -> None:
    node = step("f", ctx.x)

    assert branch(ctx.ok, [node, node]).then == seq(node, node)
    assert branch(ctx.ok, [node]).then == node
    assert seq(node, [node, [node, node]]).children == (node, seq(node, seq(node, node)))


# -- functions


def agent(takes: Any, needs: tuple[str, ...] = (), ref: str = "", **keeps: Any) -> Callable[..., Any]:
    def function() -> None: ...

    introduce(function, Callee(ref, takes, needs, keeps))
    return function


load = agent("value", ("path",), "load")
clean = agent("value", ("rows",), "clean")
count = agent("fields", ("clean", "limit"), "count")
report = agent("fields", ("title", "count"), "report")
show = agent("fields", (), "show", width=80, clean=None)
tick = agent("nothing", (), "tick")
page = agent("value", (), "page", size=20)


def read(node: Node) -> str:
    """`what it reads -> ref -> where it writes`, of a step."""
    shown = re.fullmatch(r'step\("(.*?)", in_=(.*), out=(.*)\)', repr(node))
    assert shown
    return f"{shown[2]} -> {shown[1]} -> {shown[3]}"


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (load, "ctx.path -> load -> ctx.load"),
        (count, '{"clean": ctx.clean, "limit": ctx.limit} -> count -> ctx.count'),
        (tick, "None -> tick -> ctx.tick"),
        (show, "{} -> show -> ctx.show"),
        (page, "20 -> page -> ctx.page"),
        (agent("value", ("x",), "my.agent"), 'ctx.x -> my.agent -> ctx["my.agent"]'),
    ],
    ids=["one", "several", "none", "defaults", "one default", "odd name"],
)
def test_a_step_of_a_function_reads_its_parameters_and_writes_its_name(function: Any, wanted: str) -> None:
    assert read(step(function)) == wanted


def test_what_is_said_is_not_inferred() -> None:
    assert read(step(load, in_={"a": ctx.b})) == '{"a": ctx.b} -> load -> ctx.load'
    assert read(step(load, out=ctx.rows)) == "ctx.path -> load -> ctx.rows"
    assert read(step(load, None)) == "None -> load -> ctx.load"


def test_a_function_stands_for_its_step() -> None:
    assert seq(load, clean) == seq(step(load), step(clean))
    assert fanout(ctx.paths, ctx.path, load, out=ctx.all).body == step(load)


@pytest.mark.parametrize(
    ("parts", "last"),
    [
        ((load, clean), "ctx.load -> clean -> ctx.clean"),
        ((clean, load), "ctx.clean -> load -> ctx.load"),
        ((load, clean, count), '{"clean": ctx.clean, "limit": ctx.limit} -> count -> ctx.count'),
        ((clean, tick, count), '{"clean": ctx.clean, "limit": ctx.tick} -> count -> ctx.count'),
        ((count, report), '{"title": ctx.title, "count": ctx.count} -> report -> ctx.report'),
        ((tick, report), '{"title": ctx.tick, "count": ctx.count} -> report -> ctx.report'),
        ((clean, show), '{"clean": ctx.clean} -> show -> ctx.show'),
        ((tick, show), '{"width": ctx.tick} -> show -> ctx.show'),
        ((tick, page), "ctx.tick -> page -> ctx.page"),
        ((load, load), "ctx.load -> load -> ctx.load"),
        ((load, "publish"), "ctx.load -> publish -> ctx.publish"),
        ((step(load, out=ctx.rows), clean), "ctx.rows -> clean -> ctx.clean"),
        ((step(clean, out=ctx.kept), load, count), '{"clean": ctx.kept, "limit": ctx.load} -> count -> ctx.count'),
        ((assign(ctx.rows, []), load), "ctx.rows -> load -> ctx.load"),
        ((let(ctx.rows, []), load), "ctx.rows -> load -> ctx.load"),
        ((fanout(ctx.a, ctx.b, load, out=ctx.all), clean), "ctx.all -> clean -> ctx.clean"),
        (([tick, load], clean), "ctx.load -> clean -> ctx.clean"),
        ((branch(ctx.ok, load), clean), "ctx.rows -> clean -> ctx.clean"),
        ((seq(), clean), "ctx.rows -> clean -> ctx.clean"),
    ],
)
def test_in_a_pipeline_each_step_reads_what_went_before(parts: Any, last: str) -> None:
    assert read(pipeline(*parts).children[-1]) == last


# -- refusals


def unknown(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: step("f"), "step('f'): say what it reads"),
        (lambda: step(unknown), "unknown is no agent yet: put @agent above its def"),
        (lambda: step(lambda x: x), "this function has no name"),
        (lambda: step(ctx.f, 1), "a step calls an agent"),
        (lambda: step(3, 1), "a step calls an agent"),  # type: ignore[arg-type]
        (lambda: step("f", 1, "y"), "out='y' is no place; write out=ctx.y"),
        (lambda: step("f", 1, "odd key"), "write out=ctx['odd key']"),
        (lambda: step("f", 1, ctx.a > 1), "out is where to write: a place such as ctx.a, not `ctx.a > 1`"),  # type: ignore[arg-type]
        (lambda: step("f", unknown), "the function unknown stands where a value is wanted"),
        (lambda: seq("f"), "write step('f', in_=..., out=...)"),  # type: ignore[arg-type]
        (lambda: seq(ctx.x), "the value `ctx.x` stands where a node is wanted"),
        (lambda: seq(3), "a node is wanted, such as step(...) or seq(...), not `3`"),  # type: ignore[arg-type]
        (lambda: branch(ctx.x is None, seq()), "the condition is False before the flow runs"),
        (lambda: branch(ctx.x + 1, seq()), "`ctx.x + 1` is never true or false"),
        (lambda: branch(len_(ctx.x), seq()), "as in len_(ctx.x) > 0"),
        (lambda: branch("yes", seq()), "is never true or false"),
        (lambda: fanout(3, ctx.x, seq(), out=ctx.y), "items must be a list or a place of one, not `lit(3)`"),
        (lambda: fanout(ctx.x, "x", seq(), out=ctx.y), "bind='x' is no place; write bind=ctx.x"),
        (
            lambda: fanout(ctx.x, ctx.x, seq(), out=ctx.y, join="rase"),  # type: ignore[arg-type]
            "unknown join 'rase' (did you mean 'race'?)",
        ),
        (lambda: loop(ctx.x is None, seq(), max=1), "the condition is False before the flow runs"),
        (lambda: loop(True, seq(), max=-1), "max is a whole number from 0 to 4294967295, not -1"),
        (lambda: loop(True, seq(), max=True), "not True"),
        (lambda: pipeline("f"), "nothing is in front of 'f' that it could read"),
        (lambda: step(agent("value", (), "any")), "any takes whatever it gets"),
        (lambda: step(agent("value", (), "odd", x={1})), "the default of odd(x) is no JSON value"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(mistake: Callable[[], object], says: str) -> None:
    with pytest.raises(AuthoringError) as refused:
        mistake()

    assert says in refused.value.message
    assert refused.value.file == __file__
