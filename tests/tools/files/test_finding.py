"""fuzzy_find: each rung of the scorer, the seed's own code as a second opinion, order and totals."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import FuzzyMatch, NoDirectory, PathMissing, fuzzy_find
from flowbench.tools.files.finding import scorer
from tests.tools.files.trees import Listing, grow

SCANDIR = "flowbench.tools.files.walking.scandir"


def points(query: str, path: str) -> int:
    score = scorer(query)
    return 0 if score is None else score(path)


@pytest.mark.parametrize(
    ("query", "path", "expected"),
    [
        ("readme.md", "a/README.md", 120),
        ("read", "a/README.md", 100),
        ("me.md", "a/README.md", 80),
        ("rdm", "readme", 50 + 35),
        ("rdme", "readme", 50 + 35),
        ("modlin", "mod_lin", 50 + 40),
        ("readme", "a/rd", 0),
        ("src", "src/x", 0),
        ("src/x", "src/xy", 60),
        ("sr/x", "srx", 50 + 40),
        ("a/b", "x/ab", 50 + 40),
        ("ab/cd", "ab-/cd", 70),
        ("ab/cd", "ab-/cd9", 30 + 40),
        ("ab/cd", "xab/y/cd", 30 + 35),
        ("aceg/x", "ab/cd/ef/gx", 30 + 25),
        ("a-c-e-g-i-k-m-o-q-s", "abcdefghijklmnopqrs", 50 + 1),
        ("  READ  ", "read", 120),
        ("", "any/thing", 1),
        ("...", "...", 0),
        ("ä", "Ä", 120),
    ],
)
def test_a_path_gets_its_points(query: str, path: str, expected: int) -> None:
    assert points(query, path) == expected


def seed_normalized(text: str) -> str:
    return "".join(c for c in text if not c.isspace() and c not in "/\\._-").lower()


def seed_subsequence(query: str, target: str) -> int:
    index, gaps, last = 0, 0, None
    for at, character in enumerate(target):
        if index >= len(query):
            break
        if query[index] == character:
            if last is not None and at > last + 1:
                gaps += 1
            last = at
            index += 1
    return 0 if index != len(query) else max(40 - 5 * gaps, 1)


def seed_score(path: str, query: str) -> int:
    """As fd.rs has it, line by line, without the ten points of directories."""
    lower = query.strip().lower()
    letters = seed_normalized(lower)
    if not lower:
        return 1
    if not letters:
        return 0
    name = path.rsplit("/", 1)[-1]
    if name.lower() == lower:
        score = 120
    elif name.lower().startswith(lower):
        score = 100
    elif lower in name.lower():
        score = 80
    elif "/" not in lower:
        like = seed_subsequence(letters, seed_normalized(name))
        score = 50 + like if like else 0
    elif lower in path.lower():
        score = 60
    else:
        like = seed_subsequence(letters, seed_normalized(name))
        normalized = seed_normalized(path)
        far = 40 if normalized == letters else seed_subsequence(letters, normalized)
        score = 50 + like if like else 30 + far if far else 0
    return score


letters = st.text("abAB._-/ 1", max_size=8)
path = st.lists(st.text("abAB._-1 ", min_size=1, max_size=6), min_size=1, max_size=3).map("/".join)


@settings(max_examples=500, deadline=None)
@given(letters, path)
@example("a/b", "a_/b")
def test_it_scores_as_the_seed_does(query: str, where: str) -> None:
    assert points(query, where) == seed_score(where, query)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = grow(tmp_path / "tree", "lib/parser.py", "parser/x", "a/b/parser.py", "parse_er", ".parser", "ign/parser.c",
                "node_modules/parser", ".git/parser", **{".gitignore": "ign/"})  # fmt: skip
    (root / "parser_link").symlink_to(root / "parse_er")
    return root


def test_the_best_come_first_and_of_equals_the_less_deep(tree: Path) -> None:
    result = fuzzy_find("parser", tree)

    assert result.matches == [
        FuzzyMatch("parser/", True, 130),
        FuzzyMatch("lib/parser.py", False, 100),
        FuzzyMatch("a/b/parser.py", False, 100),
        FuzzyMatch("parse_er", False, 85),
    ]


def test_terms_let_hidden_and_ignored_entries_in(tree: Path) -> None:
    more = [match.path for match in fuzzy_find("parser", tree, hidden=True, gitignore=False)]

    assert more == ["parser/", "ign/parser.c", "lib/parser.py", "a/b/parser.py", "parse_er", ".parser"]


@pytest.mark.parametrize("cache", [False, True])
def test_the_total_counts_what_the_limit_leaves_out(tree: Path, cache: bool) -> None:
    result = fuzzy_find("parser", tree, max_results=1, cache=cache)

    assert [match.path for match in result] == ["parser/"]
    assert result.total_matches == 4


@pytest.mark.parametrize(("query", "most"), [("parser", 0), ("...", 100), (" - ", 100)])
def test_what_can_find_nothing_lists_nothing(
    tree: Path, query: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SCANDIR, lambda _: pytest.fail("it was listed"))

    found = msgspec.to_builtins(fuzzy_find(query, tree, max_results=most))

    assert found == {"matches": [], "total_matches": 0, "root": str(tree)}


def test_an_empty_query_finds_everything_directories_first(tree: Path) -> None:
    result = fuzzy_find(" ", tree)

    assert [match.path for match in result] == [
        *("a/", "lib/", "parser/", "a/b/", "parse_er", "lib/parser.py", "parser/x", "a/b/parser.py"),
    ]  # fmt: skip
    assert [match.score for match in result] == [11, 11, 11, 11, 1, 1, 1, 1]


def test_only_so_many_as_are_asked_for_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(200_000)
    monkeypatch.setattr(SCANDIR, lambda _: listing)

    result = fuzzy_find("9", tmp_path, max_results=2, gitignore=False)

    assert [match.path for match in result] == ["0000009", "0000019"]
    assert result.total_matches == sum("9" in str(number) for number in range(1, 200_001))
    assert listing.most <= 1000


def test_an_abort_raises(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CancelToken()
    monkeypatch.setattr(SCANDIR, lambda _: Listing(10_000_000, at=lambda given: given == 500 and token.abort()))

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        fuzzy_find("x", tmp_path, token=token)


def test_errors_say_what_and_where(tree: Path) -> None:
    with pytest.raises(PathMissing, match=r"^Path not found: "):
        fuzzy_find("x", tree / "nothing")
    with pytest.raises(NoDirectory, match=r"^Search path must be a directory: "):
        fuzzy_find("x", tree / "parse_er")
