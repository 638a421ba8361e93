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
    r"\Afoo", r"foo\z",
    r"\x66oo", r"\u0066oo", r"\p{L}+", r"[[:digit:]]+", "-dash", "--", r"\Qfoo", "foo\0", r"\x00",
]  # fmt: skip

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "count": {"mode": "count"},
    "files": {"mode": "files_with_matches"},
    "context": {"context": 1},
}


def answers(monkeypatch: pytest.MonkeyPatch, *args: Any, **options: Any) -> tuple[tools.GrepResult, tools.GrepResult]:
    """(ripgrep's, ours)"""
    monkeypatch.delenv("FLOWBENCH_RIPGREP", raising=False)
    theirs = tools.grep(*args, **options)
    monkeypatch.setenv("FLOWBENCH_RIPGREP", "none")
    return theirs, tools.grep(*args, **options)


def assert_same(theirs: tools.GrepResult, ours: tools.GrepResult) -> None:
    """Small differences first: whole results are long."""
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
