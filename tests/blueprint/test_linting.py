"""Lint: what each rule finds, and where it stays silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowbench.blueprint import Functions, lint, load
from flowbench.blueprint.linting import RULES
from tests.blueprint.test_json_schema import notebooks
from tests.flows import Json, attempt, fan, lit, loop, path, seq, step

SEED = "0.1.1"
AGENTS = [{"name": name, "kind": "operator", "spec": {"operator_ref": "me"}} for name in ("a", "b")]
OPERATORS = [{"name": "me"}]
EMPTY = seq()


def let(at: str, value: Json | None = None) -> Json:
    return {"kind": "let", "at": at, "value": value or lit(1)}


def branch(cond: Json, then: Json | None = None, otherwise: Json | None = None) -> Json:
    return {"kind": "branch", "cond": cond, "then": then or EMPTY, "else": otherwise or EMPTY}


def op(name: str, lhs: Json, rhs: Json) -> Json:
    return {"op": name, "lhs": lhs, "rhs": rhs}


def while_(cond: Json, body: Json, times: int = 9) -> Json:
    return {**loop(body, times), "cond": cond}


def found(flow: Json, compat: str | None = None, **more: Any) -> list[tuple[str, str, str]]:
    """(level, code, place) of each finding, without those about agents that the flow does not call."""
    data = {"id": "x", "flow": flow, "agents": AGENTS, "operators": OPERATORS, **more}
    findings = lint(load(data), functions=Functions(), compat=compat)
    return [(each.level, each.code, each.place) for each in findings if each.code != "unused_agent" or "agents" in more]


X, Y = path("$.x"), path("$.y")
LESS = op("lt", X, lit(5))
FIRES: list[tuple[str, Json, tuple[str, str, str]]] = [
    ("unknown agent", step("c"), ("error", "unknown_agent", "$.flow.ref")),
    ("literal cond", branch(lit("yes"), let("$.x")), ("error", "branch_never_boolean", "$.flow.cond")),
    ("null cond", branch(lit(None)), ("error", "branch_never_boolean", "$.flow.cond")),
    ("sum as cond", branch(op("add", X, Y)), ("error", "branch_never_boolean", "$.flow.cond")),
    ("len as cond", branch({"op": "len", "arg": X}), ("error", "branch_never_boolean", "$.flow.cond")),
    ("dead else", branch(lit(True), EMPTY, step("a")), ("warning", "never_runs", "$.flow.else")),
    ("dead then", branch(lit(False), step("a")), ("warning", "never_runs", "$.flow.then")),
    ("max 0", loop(step("a"), 0), ("warning", "never_runs", "$.flow.body")),
    ("false loop", while_(lit(False), step("a")), ("warning", "never_runs", "$.flow.body")),
    ("no items", fan(step("a"), []), ("warning", "never_runs", "$.flow.body")),
    ("race for nothing", fan(step("a"), [], "race"), ("error", "no_items", "$.flow.items")),
    ("no progress", while_(LESS, step("a", out="$.y")), ("warning", "loop_without_progress", "$.flow.cond")),
    (
        "progress only inside a fan-out",
        while_(LESS, fan(step("a", out="$.x"), out="$.y")),
        ("warning", "loop_without_progress", "$.flow.cond"),
    ),
    (
        "never marked as done",
        while_({"op": "not", "arg": {"op": "exists", "arg": X}}, step("a", "$.z", "$.y")),
        ("warning", "loop_without_progress", "$.flow.cond"),
    ),
    ("any of one", fan(step("a"), [1], "any"), ("warning", "lonely_race", "$.flow.items")),
    ("race of one", fan(step("a"), [1], "race"), ("warning", "lonely_race", "$.flow.items")),
    ("empty try", attempt(EMPTY, step("a")), ("warning", "useless_try", "$.flow.body")),
    ("try of a literal", attempt(seq(let("$.x")), step("a")), ("warning", "useless_try", "$.flow.body")),
    (
        "wrong order",
        seq(step("a", "$.late", "$.y"), step("b", "$.y", "$.late")),
        ("note", "read_before_write", "$.flow.children[0].in"),
    ),
    ("unread", seq(step("a", out="$.y"), step("b")), ("note", "unread_output", "$.flow.children[0].out")),
    ("overwritten let", seq(let("$.y"), let("$.y", X)), ("warning", "dead_write", "$.flow.children[0].at")),
    ("overwritten by the whole", seq(let("$.y.z"), let("$.y", X)), ("warning", "dead_write", "$.flow.children[0].at")),
    (
        "overwritten step",
        seq(step("a", out="$.y"), step("b", out="$.y"), step("a", "$.y", "$.r")),
        ("note", "dead_write", "$.flow.children[0].out"),
    ),
    (
        "same bind",
        fan(fan(step("a", "$.i", "$.x"), [1, 2], out="$.q")),
        ("warning", "shadowed_bind", "$.flow.body.bind"),
    ),
    ("same counter", loop(loop(step("a"), 3), 3), ("warning", "shadowed_bind", "$.flow.body.counter")),
]


@pytest.mark.parametrize(("flow", "finding"), [each[1:] for each in FIRES], ids=[each[0] for each in FIRES])
def test_a_rule_finds_it_and_no_other_rule_speaks(flow: Json, finding: tuple[str, str, str]) -> None:
    assert found(flow) == [finding]


SILENT: dict[str, Json] = {
    "the whole is replaced at the end": fan(seq(step("a", "$.most", "$.i"), let("$", path("$.i")))),
    "step": step("a"),
    "a path as cond": branch(X, step("a"), step("b")),
    "comparison as cond": branch(LESS, step("a")),
    "and as cond": branch({"op": "and", "args": [X, Y]}, step("a")),
    "extern as cond": branch({"op": "call_extern", "ref": "f", "args": []}, step("a")),
    "always true with nothing else": branch(lit(True), step("a")),
    "repeat": loop(step("a"), 3),
    "once": while_(LESS, step("a", "$.z", "$.y"), 1),
    "while the counter": while_(op("lt", path("$.n"), X), step("a", "$.z", "$.y")),
    "while the body writes it": while_(LESS, step("a", "$.z", "$.x")),
    "while the body writes around it": while_(op("lt", path("$.x.y"), X), let("$.x", X)),
    "while a fan-out writes it": while_(LESS, fan(step("a", "$.i", "$.q"), out="$.x")),
    "while an inner try notes it": while_(LESS, attempt(step("a", "$.z", "$.y"), err="$.x")),
    "while an extern says so": while_({"op": "call_extern", "ref": "f", "args": [X]}, step("a", "$.z", "$.y")),
    "race of two": fan(step("a", "$.i", "$.q"), [1, 2], "race"),
    "all of one": fan(step("a", "$.i", "$.q"), [1]),
    "race of a path": {**fan(step("a", "$.i", "$.q"), join="race"), "items": X},
    "try of a step": attempt(step("a"), step("b")),
    "try of a path": attempt(let("$.y", X), step("b")),
    "try of a deep write": attempt(let("$.y.z"), step("b")),
    "update": seq(step("a", "$.x", "$.x"), step("b", "$.x", "$.x")),
    "chain": seq(step("a", "$.x", "$.y"), step("b", "$.y", "$.z")),
    "carried by the loop": loop(seq(step("a", "$.x", "$.y"), step("b", "$.y", "$.x")), 3),
    "asked whether it is there": seq(
        branch({"op": "exists", "arg": path("$.late")}, step("a")), let("$.late"), step("b", "$.late")
    ),
    "read in one side, written in the other": seq(
        branch(X, step("a", "$.q", "$.z"), let("$.q")), step("b", "$.z", "$.r")
    ),
    "result at the end": seq(step("a", "$.x", "$.y"), branch(Y, step("b", "$.x", "$.z"))),
    "thrown away": seq(step("a", "$.x", "$._"), step("b", "$.x", "$._"), step("a", "$.x", "$.r")),
    "read with its holder": seq(step("a", "$.x", "$.y.z"), step("b", "$.y", "$.r")),
    "read as the whole": seq(step("a", "$.x", "$.y"), step("b", "$", "$.r")),
    "default before a branch": seq(let("$.y"), branch(X, let("$.y", lit(2))), step("a", "$.y", "$.r")),
    "default before a try": seq(let("$.y"), attempt(step("a", "$.x", "$.y")), step("b", "$.y", "$.r")),
    "handed to a fan-out": seq(let("$.y"), fan(step("a", "$.i", "$.q")), let("$.y", X), step("b", "$.y", "$.z")),
    "the item alone is kept": fan(seq(branch(LESS, step("a", "$.i", "$.i")), let("$", path("$.i")))),
    "parts of the item": fan(fan(step("a", "$.i", "$.q"), out="$.q") | {"items": path("$.i.parts")}),
    "other counters": loop({**loop(step("a"), 3), "counter": path("$.m")}, 3),
    "counters in fan-outs": loop(fan(loop(step("a", "$.i", "$.q"), 3)), 3),
}


@pytest.mark.parametrize("flow", SILENT.values(), ids=SILENT.keys())
def test_what_may_well_be_meant_is_left_alone(flow: Json) -> None:
    assert found(flow) == []


@pytest.mark.parametrize(
    ("expr", "is_found"),
    [
        (op("eq", op("add", X, lit(1)), lit(2)), True),
        (op("ne", lit(2), op("div", X, Y)), True),
        (op("eq", {"op": "len", "arg": X}, lit(2.0)), True),
        ({"op": "in", "needle": op("mul", X, Y), "haystack": lit([1, 2])}, True),
        (op("eq", op("add", X, lit(1)), lit(2.0)), False),
        (op("eq", {"op": "len", "arg": X}, lit(2)), False),
        (op("eq", X, lit(2.0)), False),
        ({"op": "in", "needle": op("mul", X, Y), "haystack": lit([1, 2.0])}, False),
        (op("lte", op("add", X, lit(1)), lit(2)), False),
    ],
)
def test_a_float_that_never_equals_an_integer_is_found_in_the_first_dialect_only(expr: Json, is_found: bool) -> None:
    flow = {"kind": "assign", "at": X, "value": expr}

    assert found(flow, SEED) == ([("warning", "never_equal", "$.flow.value")] if is_found else [])
    assert found(flow) == []


def test_agents_that_are_never_called_twice_there_or_without_operator_are_found() -> None:
    agents = [*AGENTS, AGENTS[0], {"name": "c", "kind": "operator", "spec": {"operator_ref": "mee"}}]

    assert found(step("a"), agents=agents) == [
        ("error", "duplicate_agent", "$.agents[2].name"),
        ("error", "unknown_operator", "$.agents[3].spec.operator_ref"),
        ("warning", "unused_agent", "$.agents[1].name"),
        ("warning", "unused_agent", "$.agents[3].name"),
    ]


def test_an_unknown_agent_is_a_warning_where_it_may_be_missing_and_none_if_it_is_registered() -> None:
    functions = Functions()
    functions.register(lambda x: x, id="review")
    blueprint = load({"id": "x", "flow": seq(step("review"), step("reveiw"))})

    (finding,) = lint(blueprint, functions=functions)

    assert (finding.level, finding.place) == ("error", "$.flow.children[1].ref")
    assert finding.suggestion == "did you mean 'review'?"
    assert found(step("c"), strategy={"strict_refs": False})[0][0] == "warning"


def test_a_function_that_takes_the_whole_ctx_reads_everything() -> None:
    functions = Functions()
    functions.register(lambda x, ctx: x, id="all")
    flow = seq(step("all", out="$.y"), let("$.z"), let("$.z", X), step("all"))

    assert lint(load({"id": "x", "flow": flow}), functions=functions) == []


def test_a_misspelt_path_is_guessed() -> None:
    flow = seq(step("a", "$.x", "$.sumary"), step("b", "$.summary", "$.r"))

    findings = lint(load({"id": "x", "flow": flow, "agents": AGENTS, "operators": OPERATORS}))

    assert [each.suggestion for each in findings] == ["did a reader mean it with `$.summary`?"]
    assert str(findings[0]).startswith("note: $.flow.children[0].out: nothing reads `$.sumary`; did")


def test_the_blueprints_of_our_notebooks_are_clean() -> None:
    names = {"unknown_agent", "unread_output"}  # the functions stand in other cells, and so does who reads results

    assert [f for text in notebooks() for f in lint(load(text), functions=Functions()) if f.code not in names] == []


def test_every_rule_says_what_it_finds() -> None:
    assert [rule.__name__ for rule in RULES if not rule.__doc__] == []


def test_ten_thousand_steps_take_seconds_and_not_minutes() -> None:
    children = [step("a", f"$.x{number + 1}", f"$.x{number}") for number in range(10_000)]

    findings = found(seq(*children))

    assert len(findings) == 10_000 - 1 + 1
    assert json.dumps(findings)
