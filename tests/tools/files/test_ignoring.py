"""Ignore files: each rule of git, and git and ripgrep themselves as second opinions on random ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowbench.tools.files.ignoring import rules
from tests.need import need
from tests.tools.files.trees import files, grow, listed_by_git, listed_by_ripgrep, ripgrep


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of whoever runs the tests are none of theirs."""
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return place


def ignored(text: str, path: str) -> bool:
    """Of a file, by the rules of one text at the root; directories above it count."""
    found = rules(text)
    stage = found.start
    *folders, name = path.split("/")
    for folder in folders:
        if stage is None:
            return False
        rank = stage.folders.best(folder)
        if rank >= 0 and not found.keeps[rank]:
            return True
        stage = stage.enter(folder)
    rank = -1 if stage is None else stage.files.best(name)
    return rank >= 0 and not found.keeps[rank]


@pytest.mark.parametrize(
    ("text", "path", "is_ignored"),
    [
        ("*.log", "a/b.log", True),
        ("*.log\n!keep.log", "keep.log", False),
        ("!keep.log\n*.log", "keep.log", True),
        ("build/", "build", False),
        ("build/", "a/build/x", True),
        ("/build", "build", True),
        ("/build", "a/build", False),
        ("a/b", "a/b", True),
        ("a/b", "x/a/b", False),
        ("**/a/b", "x/a/b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**", "a/x", True),
        ("a/**", "a", False),
        ("**", "x", True),
        ("a**b", "axb", True),
        ("# a", "# a", False),
        (r"\#a", "#a", True),
        (r"\!a", "!a", True),
        ("a ", "a", True),
        ("a\\ ", "a ", True),
        ("a\\\\ ", "a\\", True),
        ("a\r\n", "a", True),
        ("\ufeffa", "a", True),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("a\\", "a", False),
        ("a\\", "a\\", False),
        ("[ab].c", "b.c", True),
        ("[!ab].c", "b.c", False),
        ("[^ab].c", "x.c", True),
        ("[]-]x", "-x", True),
        ("[]-]x", "]x", True),
        ("[a-c-]x", "-x", True),
        (r"[\]]", "]", True),
        ("[[:digit:]]", "7", True),
        ("[![:digit:]]", "7", False),
        ("[[:nope:]]", "n", False),
        ("[a", "[a", False),
        ("[z-a]", "m", False),
        ("{a,b}", "a", False),
        ("{a,b}", "{a,b}", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("dir/*", "dir/x", True),
        ("dir/*\n!dir/x", "dir/x", False),
        ("dir\n!dir/x", "dir/x", True),
        ("/", "a", False),
        ("", "a", False),
        ("ä*", "äb", True),
    ],
)  # fmt: skip
def test_a_rule_is_read_as_git_reads_it(text: str, path: str, is_ignored: bool) -> None:
    assert ignored(text, path) is is_ignored


def test_of_many_suffixes_the_last_rule_decides_too() -> None:
    text = "\n".join([f"*.{number:03}" for number in range(200)] + ["!*.007", "*x.007", "*.1"])

    assert ignored(text, "a.005")
    assert ignored(text, "a.1")
    assert not ignored(text, "a.007")
    assert ignored(text, "ax.007")
    assert not ignored(text, "a.2")


def test_of_hostile_many_rules_with_wildcards_the_first_thousand_count() -> None:
    text = "\n".join(f"a{number}?b*c" for number in range(30_000))

    assert ignored(text, "a999-b-c")
    assert not ignored(text, "a1000-b-c")


words = st.sampled_from(["a", "b", "c", "ab", "*", "?", "*a", "a*", "**", "[ab]", "[b-z]", ".b", r"\a", "x.c", "*.c"])
body = st.lists(words, min_size=1, max_size=3).map("/".join)
rule = st.builds(lambda mark, tie, text, end: mark + tie + text + end, st.sampled_from(["", "", "!"]),
                 st.sampled_from(["", "", "/"]), body, st.sampled_from(["", "", "/", " "]))  # fmt: skip
lines = st.lists(rule, min_size=1, max_size=5).map("\n".join)
name = st.sampled_from(["a", "b", "c", "ab", "ba", ".b", "x.c"])
tree = st.lists(st.lists(name, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8)


def grown(root: Path, wanted: list[str]) -> Path:
    """Files at those paths; one that would stand where a directory stands, or below a file, is left out."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for path in wanted:
        place = root / path
        if not place.exists() and not any(above.is_file() for above in place.parents):
            grow(root, path)
    return root


def put(root: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        if (root / path).parent.is_dir() and not (root / path).exists():
            (root / path).write_text(text)


@pytest.fixture
def repository(tmp_path: Path, home: Path) -> Path:
    need(shutil.which("git") is not None, "git")
    subprocess.run(["git", "init", "-q", str(tmp_path / "empty")], check=True, capture_output=True)
    return tmp_path / "empty" / ".git"


OFTEN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@OFTEN
@given(tree, lines, lines, lines)
def test_git_says_the_same(repository: Path, tree: list[str], top: str, low: str, own: str) -> None:
    root = grown(repository.parent.parent / "tree", tree)
    shutil.copytree(repository, root / ".git")
    put(root, {".gitignore": top, "a/.gitignore": low, "a/b/.gitignore": own, ".git/info/exclude": own})
    (root / ".git" / "info" / "exclude").write_text(own)

    assert files(root) == listed_by_git(root)


@OFTEN
@given(tree, lines, lines, lines, st.booleans(), st.booleans())
def test_ripgrep_says_the_same(
    tmp_path: Path, tree: list[str], top: str, low: str, outside: str, hidden: bool, is_split: bool
) -> None:
    need(ripgrep() is not None, "rg")
    above = grown(tmp_path / "above", [])
    root = grown(above / "tree", tree)
    put(above, {".gitignore": outside, ".ignore": low if is_split else ""})
    put(root, {".gitignore": top, "a/.ignore": low, "b/.gitignore": outside, "a/b/.ignore": top})
    if is_split and (root / "a").is_dir() and not (root / "a/.git").exists():
        grow(root, "a/.git/")

    assert files(root, hidden=hidden) == listed_by_ripgrep(root, hidden=hidden)


@settings(max_examples=200, deadline=None)
@given(lines.map(lambda text: text.replace("!", "")), st.lists(name, min_size=1, max_size=4).map("/".join))
def test_pathspec_says_the_same(text: str, path: str) -> None:
    """But for `!`: it takes files out of ignored directories, which git does not enter; and it takes `**/` for `**`."""
    assume(not re.search(r"\*\*/ ?$", text, re.MULTILINE))
    from pathspec import GitIgnoreSpec

    assert ignored(text, path) is GitIgnoreSpec.from_lines(text.splitlines()).match_file(path)


def test_ignore_files_hold_outside_any_repository(tmp_path: Path) -> None:
    grow(tmp_path / "t", "a.log", "a.txt", "b/c.log", **{".gitignore": "*.log", "b/.ignore": "!c.log"})

    assert files(tmp_path / "t") == [".gitignore", "a.txt", "b/.ignore", "b/c.log"]


def test_those_of_the_directories_above_hold_too(tmp_path: Path) -> None:
    grow(tmp_path / "t", "in/keep", "in/drop", "in/deep/here", **{".gitignore": "/in/drop\n/in/deep/h*"})

    assert files(tmp_path / "t" / "in") == ["keep"]


def test_a_repository_within_does_not_end_what_holds_above_it(tmp_path: Path) -> None:
    grow(tmp_path / "t", "in/.git/", "in/x.log", "in/x.tmp", "in/x", **{".gitignore": "*.log", ".ignore": "*.tmp"})

    assert files(tmp_path / "t") == [".gitignore", ".ignore", "in/x"]
    assert files(tmp_path / "t" / "in") == ["x"]


def test_the_exclude_file_of_a_worktree_is_that_of_its_repository(tmp_path: Path) -> None:
    texts = {"main/.git/info/exclude": "*.tmp", "main/.git/worktrees/w/commondir": "../..\n"}
    grow(tmp_path, "w/a.tmp", "w/a.txt", **texts, **{"w/.git": "gitdir: ../main/.git/worktrees/w\n"})

    assert files(tmp_path / "w") == ["a.txt"]


@pytest.mark.parametrize("is_named", [False, True], ids=["where settings live", "named by the configuration"])
def test_the_global_ignore_file_holds(tmp_path: Path, home: Path, is_named: bool) -> None:
    grow(tmp_path / "t", "a.tmp", "a.txt")
    if is_named:
        grow(home, **{".gitconfig": "[core]\n\texcludesFile = ~/mine\n", "mine": "*.tmp"})
    else:
        grow(home, **{".config/git/ignore": "*.tmp"})

    assert files(tmp_path / "t") == ["a.txt"]


def test_a_tied_rule_of_the_global_file_is_meant_from_the_top_of_the_repository(tmp_path: Path, home: Path) -> None:
    grow(home, **{".config/git/ignore": "/top"})
    grow(tmp_path / "t", "top", "sub/top", ".git/")
    grow(tmp_path / "plain", "top", "sub/top")

    assert files(tmp_path / "t") == ["sub/top"]
    assert files(tmp_path / "t" / "sub") == ["top"]
    assert files(tmp_path / "plain") == ["sub/top"]


def test_what_is_taken_back_in_stays_hidden(tmp_path: Path) -> None:
    grow(tmp_path / "t", ".env", "a", **{".ignore": "!.env"})

    assert files(tmp_path / "t", hidden=False) == ["a"]


def test_a_pipe_in_place_of_an_ignore_file_is_not_waited_for(tmp_path: Path) -> None:
    root = grow(tmp_path / "t", "a")
    os.mkfifo(root / ".gitignore")

    assert files(root) == ["a"]


def test_a_rule_may_hold_bytes_that_are_no_text(tmp_path: Path) -> None:
    root = grow(tmp_path / "t", "b")
    (root / ".gitignore").write_bytes(b"\xff*\n")
    (root / os.fsdecode(b"\xffname")).write_text("")

    assert files(root) == [".gitignore", "b"]
