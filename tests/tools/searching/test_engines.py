"""Both engines of grep give the same answer to everything; the answers themselves are told by test_grepping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowbench import tools
from tests.tools.searching.trees import plant


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("tree"))


PATTERNS = [
    "foo", "^foo", "foo$", "FOO", "o+", "fo{2}", "foo|bar", "(foo|ba[rz])", r"\w+", r"\d+", r"foo\d", r"\s$",
    r"[^\s]+ foo", "foo(", "[foo", "a{,3}b", "{x}", "(", ")", r"\(foo\)", "x*", "^$", "^", "$", ".", "", "日本", "ö",
    r"[\w-]+ foo", r"foo\s", r"(?i)FOO", r"(?<word>foo)", r"(a+)+\$", "\\", "*", "foo\nbar", r"foo\nbar",
    r"\bfoo\b", r"\Bo", r"(?<=f)oo", r"foo(?! bar)", r"(\w)\1 ", r"(abc)\1", r"(?=foo)\w+", r"(?<x>a)b(?=c)",
    r"\Afoo", r"foo\z",
    r"\pL", r"f\pLo", r"[\d-z]", r"\<foo\>", r"foo\b{end}", r".(?=foo)", r"\W(?=foo)", r"[^x](?=f)",
    "[[a-z]&&[^f]]oo|[a-z&&b]ar",
    r"[\w--[a-e]]\w+", r"[^[:alpha:]&&[^ ]]", r"[[:^alpha:]](?=f)", "[&&f](?=oo)", "(?x) f o o", "(?u:foo)",
    r"foo\Z", r"foo\R", r"\hfoo", r"o\H\N", r"\Qfoo(\E", r"\Qa{,3\E\}",
    r"\x66oo", r"\u0066oo", r"\p{L}+", r"[[:digit:]]+", "-dash", "--", r"\Qfoo", "foo\0", r"\x00",
]  # fmt: skip

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "count": {"mode": "count"},
    "files": {"mode": "files_with_matches"},
    "context": {"context": 1},
    "multiline": {"multiline": True, "glob": "*.{txt,py}"},
}


def answers(monkeypatch: pytest.MonkeyPatch, *args: Any, **options: Any) -> tuple[tools.GrepResult, tools.GrepResult]:
    """(ripgrep's, ours)"""
    monkeypatch.delenv("FLOWBENCH_RIPGREP", raising=False)
    theirs = tools.grep(*args, **options)
    monkeypatch.setenv("FLOWBENCH_RIPGREP", "none")
    return theirs, tools.grep(*args, **options)


def assert_same(theirs: tools.GrepResult, ours: tools.GrepResult) -> None:
    """Small differences first: whole results are long."""
    if ours == theirs:
        return
    assert [match for match in theirs.matches if match not in ours.matches][:3] == []
    assert [match for match in ours.matches if match not in theirs.matches][:3] == []
    assert ours == theirs


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("pattern", PATTERNS, ids=repr)
def test_any_pattern_finds_the_same(
    pattern: str, options: dict[str, Any], tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = answers(monkeypatch, pattern, tree, **options)

    assert_same(theirs, ours)


def test_what_an_ignore_file_takes_back_in_stays_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".env", ".in/x", "a", ".git"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("foo")
    (tmp_path / ".ignore").write_text("!.env\n!.in\n!.git\n")

    for hidden, found in ((False, ["a"]), (True, [".env", ".in/x", "a"])):
        theirs, ours = answers(monkeypatch, "foo", tmp_path, hidden=hidden)
        assert_same(theirs, ours)
        assert [match.path for match in ours.matches] == found


@pytest.mark.parametrize(
    "options",
    [
        {"ignore_case": True},
        {"hidden": False},
        {"gitignore": False},
        {"recursive": False},
        {"max_count": 5},
        {"max_count": 5, "offset": 3},
        {"max_count": 0},
        {"mode": "count", "max_count": 3, "offset": 1},
        {"mode": "files_with_matches", "max_count": 3, "offset": 1},
        {"max_count_per_file": 2, "context": 1},
        {"context_before": 2},
        {"context_after": 3},
        {"context": 100},
        {"max_columns": 12, "context": 1},
        {"max_columns": 3},
        {"type": "py"},
        {"type": "txt", "glob": "a/**"},
        {"glob": "**/*.txt", "gitignore": False},
        {"glob": "{a.txt,b}"},
        {"multiline": True, "context": 1},
        {"multiline": True, "context": 1, "max_count_per_file": 2},
    ],
    ids=repr,
)
@pytest.mark.parametrize("pattern", ["foo", r"[\w ]+ foo", "f(?=oo)"])
def test_any_option_gives_the_same(
    pattern: str, options: dict[str, Any], tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same(*answers(monkeypatch, pattern, tree, **options))


@pytest.mark.parametrize(
    "name", ["a.txt", "crlf.txt", "line.bin", "late.bin", "utf16.txt", "bom.txt", "empty.txt", "odd.txt"]
)
def test_one_file_gives_the_same(name: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in ({}, {"context": 1}, {"mode": "count"}, {"mode": "files_with_matches"}, {"multiline": True}):
        assert_same(*answers(monkeypatch, "foo", tree / name, **options))


def test_a_file_in_which_a_pattern_takes_too_many_steps_is_no_file_without_matches(tmp_path: Path) -> None:
    """ripgrep leaves a file in which PCRE2 comes to the limit of its steps, and all that it has found there."""
    (tmp_path / "a.txt").write_text("foo\n" + "a" * 23 + "c\nfoo\n")
    (tmp_path / "b.txt").write_text("foo\n")

    found = tools.grep("(?=.)(?:(?:a+)+b|foo)", tmp_path)

    assert [(match.path, match.line_number) for match in found.matches] == [("a.txt", 1), ("a.txt", 3), ("b.txt", 1)]
    assert found.files_searched == 2


def test_a_pattern_that_only_ripgrep_reads_and_that_takes_too_many_steps_is_told(tmp_path: Path) -> None:
    (tmp_path / "new\nline.txt").write_text("a" * 23 + "c")

    with pytest.raises(tools.SearchFailed, match=r"takes too many steps in new\nline\.txt"):
        tools.grep(r"(?=.)(?:(?:a+)+b|foo\X)", tmp_path)
