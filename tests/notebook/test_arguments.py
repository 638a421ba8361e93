from __future__ import annotations

from typing import Any

import pytest

from flowbench.notebook import UsageError
from flowbench.notebook.arguments import blueprint_line, command, parse, step_line, value, words

SPLIT = {
    "blanks": ("run  demo\t--bg", ["run", "demo", "--bg"]),
    "a quoted word loses its quotes": ("""--ctx '{"a": 1}' x""", ["--ctx", '{"a": 1}', "x"]),
    "a bracket is one word": ("--ctx {'a': [1, 2]} x", ["--ctx", "{'a': [1, 2]}", "x"]),
    "quotes inside a word stay": ("""dict(a='x y') z""", ["dict(a='x y')", "z"]),
    "brackets in quotes are text": ("'(' x", ["(", "x"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("line", "expected"), SPLIT.values(), ids=SPLIT.keys())
def test_a_line_is_split_as_people_read_it(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(("line", "what"), [("run 'demo", "quote"), ("run {demo", "bracket")])
def test_what_is_not_closed_is_said(line: str, what: str) -> None:
    with pytest.raises(UsageError, match=f"a {what} is not closed"):
        words(line)


def test_run_has_defaults_that_wait_and_stop() -> None:
    options = parse("run", ["demo"])

    assert vars(options) == {
        "name": "demo", "ctx": None, "out": None, "step": False, "bg": False, "timeout": None, "limit": None,
        "on_abort": "stop", "durability": "process", "check": "off", "answers": None, "operator": None,
    }  # fmt: skip


WRONG = {
    "no name": ("run", [], "NAME"),
    "an unknown flag": ("run", ["demo", "--bgg"], "--bgg"),
    "a flag cut short": ("run", ["demo", "--dur", "memory"], "--dur"),
    "no number": ("run", ["demo", "--timeout", "soon"], "--timeout"),
    "a time that is no number": ("run", ["demo", "--timeout", "nan"], "`nan` is no positive number of seconds"),
    "a time before now": ("run", ["demo", "--timeout=-1"], "`-1` is no positive number of seconds"),
    "no time at all": ("resume", ["r-1", "--timeout", "0"], "`0` is no positive number of seconds"),
    "no body at all": ("run", ["demo", "--limit", "0"], "`0` is no whole number from 1 on"),
    "for ever": ("run", ["demo", "--timeout", "inf"], "`inf` is no positive number of seconds"),
    "an unknown choice": ("run", ["demo", "--on-abort", "panic"], "stop"),
    "no variable": ("run", ["demo", "--out", "a-b"], "a-b"),
    "step and background": ("run", ["demo", "--step", "--bg"], "exclude each other"),
    "too much": ("graph", ["a", "b"], "b"),
}


@pytest.mark.parametrize(("name", "given", "part"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_call_is_a_usage_error_that_names_it(name: str, given: list[str], part: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(name, given)

    assert part in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_word_comes_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no sub-command `grpah`; did you mean `graph`"):
        command("grpah demo")


def test_nothing_at_all_asks_for_help() -> None:
    assert command("") == ("help", [], "")


@pytest.mark.parametrize("line", ["", "two names", "a-b", "class", "x --yaml --json"])
def test_a_blueprint_needs_one_variable(line: str) -> None:
    with pytest.raises(UsageError, match="%%blueprint NAME"):
        blueprint_line(line)


def test_a_blueprint_may_be_shown() -> None:
    assert blueprint_line("demo") == ("demo", False, "")
    assert blueprint_line("demo --show --json") == ("demo", True, "json")


VALUES: dict[str, tuple[str | None, Any]] = {
    "a variable": ("start", {"x": 1}),
    "JSON": ('{"x": true}', {"x": True}),
    "Python": ("dict(start, y=[2])", {"x": 1, "y": [2]}),
    "a number": ("42", 42),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("text", "expected"), VALUES.values(), ids=VALUES.keys())
def test_a_ctx_is_a_variable_json_or_python(text: str | None, expected: Any) -> None:
    assert value(text, {"start": {"x": 1}}) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strat", "did you mean `start`"),
        ("1 +", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("{bad: 1}", "NameError"),
    ],
)
def test_a_ctx_that_is_none_of_them_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        value(text, {"start": {}})

    assert said in str(raised.value)


def test_json_for_the_stepper_is_taken_as_typed() -> None:
    assert step_line("""set $.a.b  {"text": "two  blanks"}""") == ("set", "$.a.b", """{"text": "two  blanks"}""")


@pytest.mark.parametrize("text", ["nxt", "set", "set $.a", "next now"])
def test_a_wrong_step_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        step_line(text)
