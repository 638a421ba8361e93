"""Verdicts: what lint says of conditions that ask for them, and the levels that an author sets for its rules."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench.blueprint import Functions, Verdict, fixed, lint, load, located, to_json
from flowbench.blueprint.errors import UnknownRule
from flowbench.diagnostic import Diagnostics
from tests.flows import Json, fan, lit, path, seq, step

GATE = {"name": "gate", "kind": "operator", "spec": {"operator_ref": "me"}, "verdict": {"values": ["pass", "fail"]}}
PARTED = {**GATE, "verdict": {"values": ["pass", "fail"], "channel": "verdict"}}
ASK = step("gate", "$.x", "$.v")


def branch(cond: Json, then: Json | None = None) -> Json:
    return {"kind": "branch", "cond": cond, "then": then or seq(), "else": seq()}


def eq(lhs: Json, rhs: Json, op: str = "eq") -> Json:
    return {"op": op, "lhs": lhs, "rhs": rhs}


def blueprint(flow: Json, agent: Json = GATE, **more: Any) -> Any:
    return load({"id": "x", "flow": flow, "agents": [agent], "operators": [{"name": "me"}], **more})


def found(flow: Json, agent: Json = GATE, **more: Any) -> Diagnostics:
    told = lint(blueprint(flow, agent, **more), functions=Functions())
    return Diagnostics(each for each in told if "verdict" in each.code or each.code == "unknown_rule")


V = path("$.v")
TYPOS: list[tuple[str, Json, str]] = [
    ("right", eq(V, lit("pas")), ".rhs.value"),
    ("left", eq(lit("pas"), V, "ne"), ".lhs.value"),
    ("inside", {"op": "not", "arg": {"op": "and", "args": [lit(True), eq(V, lit("pas"))]}}, ".arg.args[1].rhs.value"),
    ("list", {"op": "in", "needle": V, "haystack": lit(["fail", "pas"])}, ".haystack.value[1]"),
]


@pytest.mark.parametrize(("cond", "where"), [case[1:] for case in TYPOS], ids=[case[0] for case in TYPOS])
def test_a_misspelt_verdict_is_an_error_with_its_place_and_a_fix(cond: Json, where: str) -> None:
    flow = seq(ASK, branch(cond))

    (told,) = found(flow)

    place = f"$.flow.children[1].cond{where}"
    assert (told.level, told.code, told.place, told.agent) == ("error", "unknown_verdict", place, "gate")
    assert told.message == "`$.v` is never 'pas': 'gate' answers 'pass', 'fail'"
    assert told.suggestion == "did you mean 'pass'?"
    assert found(to_json(fixed(blueprint(flow), [told]))["flow"]) == []


def test_values_are_named_once_however_many_steps_may_have_answered_them() -> None:
    flow = seq(ASK, ASK, branch(eq(V, lit("pas"))))

    (told,) = found(flow)

    assert told.message == "`$.v` is never 'pas': 'gate' answers 'pass', 'fail'"


LET = {"kind": "let", "at": "$.v", "value": path("$.x")}
SILENT: list[tuple[str, Json]] = [
    ("allowed", seq(ASK, branch(eq(V, lit("pass"))))),
    ("null", seq(ASK, branch(eq(V, lit(None))), branch(eq(V, lit("pass"))))),
    (
        "somebody else writes there",
        seq(ASK, {"kind": "let", "at": "$.v", "value": path("$.x")}, branch(eq(V, lit("pas")))),
    ),
    ("the whole ctx is written", seq(ASK, step("gate", "$.x", "$"), branch(eq(V, lit("pas"))))),
    ("another path", seq(ASK, branch(eq(path("$.w"), lit("pas"))), branch(eq(V, lit("pass"))))),
    ("inside of a fan-out", seq(fan(ASK, [1]), branch(eq(V, lit("pas"))))),
]


@pytest.mark.parametrize("flow", [case[1] for case in SILENT], ids=[case[0] for case in SILENT])
def test_nothing_is_said_where_the_path_may_hold_something_else(flow: Json) -> None:
    assert [each for each in found(flow) if each.level == "error"] == []


def test_the_verdict_of_a_part_lies_below_the_output() -> None:
    right = seq(ASK, branch(eq(path("$.v.parts.verdict"), lit("pass"))))
    wrong = seq(ASK, branch(eq(path("$.v.parts.verdict"), lit("past"))))

    assert found(right, PARTED) == []
    assert [each.code for each in found(wrong, PARTED)] == ["unknown_verdict"]


def test_values_that_no_condition_asks_for_are_noted() -> None:
    three = {**GATE, "verdict": {"values": ["pass", "fix", "fail"]}}
    asked = seq(ASK, branch(eq(V, lit("pass"))))

    (told,) = found(asked, three)

    assert (told.level, told.code, told.place) == ("note", "unread_verdict", "$.flow.children[0].out")
    assert "'fix', 'fail'" in told.message
    assert found(asked) == []  # `else` is for the one that is left
    assert [each.code for each in found(seq(ASK))] == ["unread_verdict"]
    assert found(seq(ASK, step("gate", "$.v", "$.w"))) == []  # somebody reads it
    assert found(fan(ASK)) == []  # it is collected


@pytest.mark.parametrize("values", [[], ["a", " a "], ["a", " "]], ids=["none", "twice", "empty"])
def test_a_verdict_that_means_nothing_is_an_error(values: list[str]) -> None:
    assert "invalid_verdict" in [each.code for each in found(ASK, {**GATE, "verdict": {"values": values}})]


def test_a_function_may_have_a_verdict() -> None:
    functions = Functions()

    @functions.agent(verdict=["pass", "fail"])
    def judge(x: int) -> str:
        return "pass"

    flow = seq(step("judge", "$.x", "$.v"), branch(eq(V, lit("Pass"))))
    (told,) = lint(load({"id": "x", "flow": flow}), functions=functions).at("error")

    assert (told.code, told.suggestion) == ("unknown_verdict", "did you mean 'pass'?")
    assert functions.get("judge").verdict == Verdict(("pass", "fail"))


TYPO = seq(ASK, branch(eq(V, lit("pas"))))


@pytest.mark.parametrize(
    ("call", "agent", "whole", "told"),
    [
        ({}, None, {"unknown_verdict": "warn"}, "warning"),
        ({}, {"unknown_verdict": "allow"}, {"unknown_verdict": "warn"}, None),
        ({"unknown_verdict": "deny"}, {"unknown_verdict": "allow"}, None, "error"),
        ({"unknown_verdict": "warn"}, None, None, "warning"),
    ],
    ids=["Blueprint", "agent before Blueprint", "call before agent", "call"],
)
def test_the_nearest_level_counts(call: Any, agent: Any, whole: Any, told: str | None) -> None:
    read = blueprint(TYPO, {**GATE, "lint": agent}, lint=whole)

    levels = [each.level for each in lint(read, functions=Functions(), levels=call) if each.code == "unknown_verdict"]

    assert levels == ([] if told is None else [told])


def test_levels_are_written_and_read_again() -> None:
    read = blueprint(TYPO, {**GATE, "lint": {"unused_agent": "allow"}, "skip_on": ["n/a"]}, lint={"dead_write": "deny"})

    plain = to_json(read)

    assert load(plain) == read
    assert (plain["lint"], plain["agents"][0]["lint"]) == ({"dead_write": "deny"}, {"unused_agent": "allow"})
    assert type(plain["lint"]["dead_write"]) is str
    assert "lint" not in to_json(load({"id": "x", "flow": ASK}))


def test_a_rule_that_there_is_not_is_told() -> None:
    (told,) = found(seq(), GATE, lint={"unused_agnet": "allow"})

    assert (told.code, told.place, told.suggestion) == (
        "unknown_rule",
        "$.lint.unused_agnet",
        "did you mean 'unused_agent'?",
    )
    with pytest.raises(UnknownRule, match=r"no rule 'unused_agnet' \(did you mean"):
        lint(blueprint(TYPO), levels={"unused_agnet": "allow"})
    with pytest.raises(UnknownRule, match="no level 'alow'"):
        lint(blueprint(TYPO), levels={"unused_agent": "alow"})


def test_findings_have_their_lines_in_the_text() -> None:
    text = "id: x\nflow:\n  kind: seq\n  children:\n    - {kind: step, ref: nobody, in: $.a, out: $.b}\n"

    (told,) = located(lint(load(text), functions=Functions()), text)

    assert (told.line, told.column) == (5, 25)
    assert str(told).startswith("error: 5:25: $.flow.children[0].ref: no agent is called 'nobody'")
    alone = "kind: step\nref: nobody\nin: $.a\nout: $.b\n"
    (bare,) = located(lint(load(alone, name="x"), functions=Functions()), alone)
    assert (bare.line, bare.excerpt.splitlines()[0].strip()) == (2, "ref: nobody")


def test_a_notebook_shows_findings_as_a_table_and_escapes_them() -> None:
    told = lint(load({"id": "x", "flow": step("<b>", "$.a", "$.b")}), functions=Functions())

    assert "&lt;b&gt;" in told._repr_html_()
    assert "<b>" not in told._repr_html_()
    assert Diagnostics()._repr_html_().count("nothing odd was found") == 1
    facts = told[0].facts()
    assert (facts["kind"], facts["stage"], facts["docs"]) == (
        "finding",
        "lint",
        "flowbench check --explain unknown_agent",
    )
