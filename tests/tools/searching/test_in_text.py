"""search and has_match: the patterns of grep in a text that is at hand."""

from __future__ import annotations

import pytest

from flowbench import tools
from flowbench.tools import ContextLine, GrepMatch


def test_lines_of_a_text_that_match() -> None:
    found = tools.search("one\nfoo 1\ntwo\nfoo 2  \n", "foo", context=1)

    assert found.matches == (
        GrepMatch("", 2, "foo 1", (ContextLine(1, "one"),), (ContextLine(3, "two"),), 1, length=3),
        GrepMatch("", 4, "foo 2", (), (), 1, length=3),
    )
    assert (found.match_count, found.limit_reached, found.error) == (2, False, "")


def test_a_page_of_them() -> None:
    found = tools.search(b"a1\na2\na3\n", "a", max_count=1, offset=1)

    assert [match.line for match in found.matches] == ["a2"]
    assert (found.match_count, found.limit_reached) == (3, True)


def test_their_number_alone() -> None:
    assert tools.search("a\na\nb\n", "a", mode="count").matches == (GrepMatch("", match_count=2),)


@pytest.mark.parametrize("pattern", ["(?<=f)oo", r"(o)\1", "foo(?!x)", r"\boo|\bfoo\b"])
def test_what_may_backtrack_runs_elsewhere_with_the_same_answer(pattern: str) -> None:
    found = tools.search("é foo\n", pattern)

    assert [(match.path, match.line) for match in found.matches] == [("", "é foo")]
    assert tools.has_match("é foo", pattern)


def test_text_that_is_no_pattern_is_found_as_it_is() -> None:
    assert tools.has_match("call foo( now", "foo(")
    assert tools.has_match("a [b", "[b")
    assert not tools.has_match("foo", "foo(")


def test_a_search_tells_what_is_wrong_instead_of_raising() -> None:
    assert tools.search("a", "a", mode="lines").error.startswith("mode is content")


@pytest.mark.parametrize(
    ("content", "pattern", "options", "expected"),
    [
        ("FOO", "foo", {}, False),
        ("FOO", "foo", {"ignore_case": True}, True),
        ("a\nb", "a$\nb", {"multiline": True}, True),
        ("a\nb", "a\\nb", {}, False),
        ("foo\r\n", "foo$", {}, False),
        ("", "", {}, False),
        ("\n", "^$", {}, True),
        (b"\xff foo", "foo", {}, True),
    ],
)
def test_whether_there_is_a_match(content: str | bytes, pattern: str, options: dict[str, bool], expected: bool) -> None:
    assert tools.has_match(content, pattern, **options) is expected


def test_no_pattern_takes_longer_than_its_text_is_long() -> None:
    assert not tools.has_match("a" * 1_000_000, "(a+)+$b")
    assert tools.has_match("a" * 1_000_000, "(a|aa)+$")
