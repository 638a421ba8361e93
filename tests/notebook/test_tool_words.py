"""What stands behind a word for a tool, and which call that is."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench.notebook import UsageError
from flowbench.notebook.tool_words import FLAGS, USAGE, Call, call


@pytest.mark.parametrize(
    ("name", "text", "tool", "given", "options"),
    [
        ("grep", "foo", "grep", ("foo", "."), {"gitignore": True, "ignore_case": False, "multiline": False}),
        (
            "grep",
            r"'def \w+\(' src -i --glob *.py --context 2 --max 9 --no-ignore",
            "grep",
            (r"def \w+\(", "src"),
            {
                "gitignore": False,
                "ignore_case": True,
                "glob": "*.py",
                "context": 2,
                "max_count": 9,
            },
        ),
        ("grep", "foo( --files", "grep", ("foo(", "."), {"mode": "files_with_matches"}),
        ("grep", "x --count --type py", "grep", ("x", "."), {"mode": "count", "type": "py"}),
        ("glob", "* src --type file --latest", "glob", ("*", "src"), {"file_type": "file", "sort_by_mtime": True}),
        ("fuzzy", "magtool --max 0 --hidden", "fuzzy_find", ("magtool", "."), {"max_results": 0, "hidden": True}),
        ("ast", "isinstance($A, $B) --lang py", "ast_grep", ("isinstance($A, $B)", "."), {"lang": "py"}),
        (
            "ast",
            "'a($X)' src --rewrite 'b($X)' --max 3",
            "ast_edit",
            ({"a($X)": "b($X)"}, "src"),
            {"max_replacements": 3, "dry_run": True},
        ),
        ("ast", "a --rewrite b --apply", "ast_edit", ({"a": "b"}, "."), {"dry_run": False}),
    ],
)  # fmt: skip
def test_a_word_is_a_call(name: str, text: str, tool: str, given: tuple[Any, ...], options: dict[str, Any]) -> None:
    found = call(name, text)

    assert (found.tool, found.given) == (tool, given)
    assert {key: found.options[key] for key in options} == options
    assert None not in found.options.values()


def test_every_word_leaves_its_result_and_has_its_time() -> None:
    for name in ("grep", "glob", "fuzzy", "ast"):
        found = call(name, "x --out y --timeout 2.5")

        assert (found.out, found.timeout) == ("y", 2.5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ls -la --out x", Call("", ("ls -la --out x",), {}, None, None)),
        ("--out x --timeout 5  echo '(a'  $HOME", Call("", ("echo '(a'  $HOME",), {}, "x", 5.0)),
        ("--new", Call("", ("",), {}, None, None, True)),
        ("--new -- --help", Call("", ("--help",), {}, None, None, True)),
    ],
)
def test_a_command_is_taken_as_it_was_typed(text: str, found: Call) -> None:
    assert call("sh", text) == found


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("grep", "", "PATTERN; usage: %fb grep PATTERN [PATH]"),
        ("grep", "a b c", "usage: %fb grep"),
        ("grep", "'a", "a quote is not closed"),
        ("grep", "a --max x", "`x` is no whole number; usage"),
        ("grep", "a --files --count", "not allowed with"),
        ("glob", "a --type socket", "usage: %fb glob"),
        ("ast", "f(", "a bracket is not closed"),
        ("ast", "f --apply", "--apply needs --rewrite"),
        ("sh", "", "there is no command; usage: %fb sh"),
        ("sh", "--nwe x", "no option `--nwe`; usage: %fb sh"),
        ("sh", "--timeout x y", "`x` is no positive number of seconds; usage"),
        ("sh", "--out 3 y", "`3` cannot be a variable; usage"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        call(name, text)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_option_that_is_completed_is_in_the_usage() -> None:
    assert [flag for name, flags in FLAGS.items() for flag in flags if flag not in USAGE[name]] == []
