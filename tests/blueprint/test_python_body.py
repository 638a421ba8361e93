"""Python bodies: what a cell's Python makes, what it leaves behind, and where its mistakes are shown."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from flowbench.blueprint import Blueprint, Functions, InvalidBlueprint, UnreadableText, is_python, run_body
from flowbench.flow import AuthoringError, ctx, seq, step

STEP = 'step("f", ctx.x, ctx.y)'
FLOW = step("f", ctx.x, ctx.y)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"seq({STEP})", seq(FLOW)),
        (f"words = {STEP}", FLOW),
        (f"words = {STEP}\nprint('made', end='')", FLOW),
        (f"words = {STEP}\nseq(words)", seq(FLOW)),
        (f"# nothing but\n{STEP}  # this\n", FLOW),
        (f'Blueprint(id="words", flow={STEP})', FLOW),
        ('{"kind": "seq", "children": []}', seq()),
        ('{"flow": {"kind": "seq", "children": []}}', seq()),
        ("f", step("f", ctx.x, ctx.f)),
    ],
    ids=["expression", "variable", "both", "expression first", "comments", "Blueprint", "flow", "data", "function"],
)
def test_a_cell_makes_the_flow_of_its_last_expression_or_of_its_name(text: str, made: Any) -> None:
    @Functions().agent
    def f(x: int) -> int:
        return x

    assert run_body(text, "words", {"f": f}) == Blueprint(id="words", flow=made)


def test_a_blueprint_keeps_the_id_it_has() -> None:
    assert run_body(f'Blueprint(id="mine", flow={STEP})', "words", {}).id == "mine"


def test_what_a_cell_defines_stays_and_the_words_it_borrowed_do_not() -> None:
    variables: dict[str, Any] = {"seq": [1, 2], "ctx": {"x": 1}}

    run_body(f"import json\ncount = 3\nloop = 'mine'\ndef late(): return count\nseq({STEP})", "words", variables)

    assert variables.keys() >= {"json", "count", "loop", "late"}
    assert variables["seq"] == [1, 2]
    assert variables["ctx"] == {"x": 1}
    assert variables["loop"] == "mine"
    assert variables["late"]() == 3
    assert not {"step", "branch", "Blueprint"} & variables.keys()


def test_a_function_of_the_notebook_wins_over_a_word() -> None:
    @Functions().agent
    def exists(path: str) -> bool:
        return bool(path)

    assert run_body("seq(exists)", "words", {"exists": exists}).flow == seq(exists)


def test_the_words_are_given_back_after_a_failure_too() -> None:
    variables: dict[str, Any] = {"ctx": 5}

    with pytest.raises(ZeroDivisionError):
        run_body("seq(1 / 0)", "words", variables)

    assert variables["ctx"] == 5
    assert "seq" not in variables


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it ends without an expression; end it with seq(...), or set words = seq(...)"),
        ("x = 3", "it ends without an expression"),
        ("3", "its last expression is the number 3"),
        ("print(end='')", "its last expression is null"),
        ("ctx.x", "its last expression is a Python Place"),
        ("'id: a'", 'its last expression is the text "id: a"'),
    ],
)
def test_a_cell_without_a_flow_is_told_what_it_made(text: str, says: str) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        run_body(text, "words", {"words": FLOW})  # left by an earlier cell

    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ('x = 1\nseq(step("f")', 3, 4, "'(' was never closed"),
        ("seq(é é)", 2, 5, "invalid syntax"),
        ("x = 1\nreturn x", 3, 1, "'return' outside function"),
        ("a = '\x00'", None, None, "null bytes"),
        ("-" * 100_000 + "1", None, None, "Python cannot read it"),
    ],
    ids=["bracket", "syntax", "return", "null", "depth"],
)
def test_a_syntax_error_points_into_the_cell(text: str, line: int | None, column: int | None, says: str) -> None:
    with pytest.raises(UnreadableText) as refused:
        run_body(text, "words", {}, line=2)

    assert (refused.value.line, refused.value.column) == (line, column)
    assert says in refused.value.message


def test_a_mistake_of_authoring_names_the_line_of_the_cell_and_shows_it() -> None:
    with pytest.raises(AuthoringError) as refused:
        run_body("seq(\n    step('f', ctx.x),\n    branch(ctx.x is None, seq()),\n)", "words", {}, line=2)

    assert str(refused.value).startswith("line 4: branch: the condition is False")
    assert str(refused.value).endswith("\n    branch(ctx.x is None, seq()),")


def test_an_exception_of_the_cell_shows_the_cell_s_own_lines() -> None:
    with pytest.raises(ZeroDivisionError) as failed:
        run_body("def half():\n    return 1 / 0\n\nseq(half())", "words", {}, line=2)

    shown = [(each.filename, each.lineno, each.line) for each in traceback.extract_tb(failed.value.__traceback__)]
    assert shown[-2:] == [("<blueprint words>", 5, "seq(half())"), ("<blueprint words>", 3, "return 1 / 0")]


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("id: a\nflow:\n  kind: seq", False),
        ("kind: step\nref: a", False),
        ("# a flow\n\nkind: seq\nchildren: []", False),
        ("idd: a\nfloow: {kind: seq}", False),
        ("- kind: step", False),
        ("---\nid: a", False),
        ("{id: a, flow: {}}", False),
        ('{"id": "a"}', False),
        ('"id": a', False),
        ("id: a\nflow:\n\tkind: seq", False),
        ("seq(step('a'))", True),
        ("import flowbench as fb\nfb.seq()", True),
        ("# a flow\nflow = seq()\nflow", True),
        ("x: int = 3\nseq()", True),
        ("def f():\n    pass\nseq(f)", True),
        ("@fb.agent\ndef f(x): return x\nseq(f)", True),
        ("seq(step('a')", True),
        ("if True:\n    x = 1\nelse:\n  seq(", True),
        ("try:\n    x = (\nfinally:\n    pass", True),
        ("", True),
    ],
)
def test_python_is_told_from_data(text: str, python: bool) -> None:
    assert is_python(text) is python
