"""Kept scans: how long they are believed, how many are kept, and what drops them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.tools.files.scans import Shelf
from flowbench.tools.files.walking import Entry, Sieve
from tests.tools.files.trees import grow

ALL = Sieve(gitignore=False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(clock: Clock) -> Shelf:
    return Shelf(clock)


def named(entries: Sequence[Entry]) -> list[str]:
    return [entry.path for entry in entries]


def ask(shelf: Shelf, root: Path, sieve: Sieve = ALL) -> list[str]:
    return shelf.ask(str(root), sieve, CancelToken(), named)


def test_a_scan_is_believed_for_a_second(shelf: Shelf, clock: Clock, tmp_path: Path) -> None:
    grow(tmp_path, "a")
    assert ask(shelf, tmp_path) == ["a"]
    grow(tmp_path, "b")

    clock.now = 0.99
    assert ask(shelf, tmp_path) == ["a"]
    clock.now = 1.0
    assert ask(shelf, tmp_path) == ["a", "b"]


def test_an_empty_answer_is_believed_for_a_fifth_of_that(shelf: Shelf, clock: Clock, tmp_path: Path) -> None:
    grow(tmp_path, "a")
    ask(shelf, tmp_path)
    grow(tmp_path, "b")

    def only_b(entries: Sequence[Entry]) -> list[str]:
        return [path for path in named(entries) if path == "b"]

    clock.now = 0.19
    assert shelf.ask(str(tmp_path), ALL, CancelToken(), only_b) == []
    clock.now = 0.2
    assert shelf.ask(str(tmp_path), ALL, CancelToken(), only_b) == ["b"]
    assert ask(shelf, tmp_path) == ["a", "b"]


def test_each_way_of_looking_has_a_scan_of_its_own(shelf: Shelf, tmp_path: Path) -> None:
    grow(tmp_path, "a", ".b", "node_modules/c", **{".ignore": "a"})

    assert ask(shelf, tmp_path) == [".b", ".ignore", "a"]
    assert ask(shelf, tmp_path, Sieve(gitignore=False, hidden=False)) == ["a"]
    assert ask(shelf, tmp_path, Sieve(gitignore=True)) == [".b", ".ignore"]
    assert ask(shelf, tmp_path, Sieve(gitignore=False, node_modules=True))[-1] == "node_modules/c"


@pytest.mark.parametrize(
    ("forgets", "is_forgotten"),
    [(None, True), (".", True), ("a/b/c", True), ("a", True), ("..", True), ("../other", False), ("../tree2", False)],
    ids=str,
)
def test_what_a_path_may_have_changed_is_forgotten(
    shelf: Shelf, tmp_path: Path, forgets: str | None, is_forgotten: bool
) -> None:
    tree = grow(tmp_path / "tree", "x")
    ask(shelf, tree)
    grow(tree, "y")

    shelf.forget(None if forgets is None else tree / forgets)

    assert (ask(shelf, tree) == ["x", "y"]) is is_forgotten


def test_a_scan_that_was_under_way_when_it_was_to_be_forgotten_is_not_kept(shelf: Shelf, tmp_path: Path) -> None:
    grow(tmp_path, "a")

    class Slow(CancelToken):
        def heartbeat(self) -> None:
            super().heartbeat()
            shelf.forget(tmp_path)  # as another thread would, in the middle of the walk

    shelf.ask(str(tmp_path), ALL, Slow(), named)
    grow(tmp_path, "b")

    assert ask(shelf, tmp_path) == ["a", "b"]


def is_kept(shelf: Shelf, root: Path) -> bool:
    """Destroys what it asks about."""
    for left in root.iterdir():
        left.unlink()
    return ask(shelf, root) != []


def test_sixteen_are_kept_the_oldest_goes_first(shelf: Shelf, tmp_path: Path) -> None:
    roots = [grow(tmp_path / f"{number}", "x") for number in range(17)]
    for root in roots:
        ask(shelf, root)

    assert [is_kept(shelf, root) for root in roots[1:]] == [True] * 16
    assert not is_kept(shelf, roots[0])


@pytest.mark.parametrize(
    ("name", "value", "before"),
    [
        ("FS_SCAN_CACHE_TTL_MS", "0", ["a"]),
        ("FS_SCAN_CACHE_MAX_ENTRIES", "0", ["a"]),
        ("FS_SCAN_CACHE_MAX_BYTES", "100", ["a"]),
        ("FS_SCAN_EMPTY_RECHECK_MS", "0", []),
    ],
)
def test_the_environment_says_how_much_is_kept(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, before: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    ask(shelf, grow(tmp_path, *before))
    grow(tmp_path, "b")

    assert ask(shelf, tmp_path) == [*before, "b"]


@pytest.mark.parametrize("value", ["", "soon", "-1", "nan"])
def test_a_setting_that_is_no_number_counts_as_not_given(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    for name in ("FS_SCAN_CACHE_TTL_MS", "FS_SCAN_CACHE_MAX_ENTRIES", "FS_SCAN_CACHE_MAX_BYTES"):
        monkeypatch.setenv(name, value)
    grow(tmp_path, "a")
    ask(shelf, tmp_path)
    grow(tmp_path, "b")

    assert ask(shelf, tmp_path) == ["a"]


def test_an_aborted_scan_is_not_kept(shelf: Shelf, tmp_path: Path) -> None:
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted):
        shelf.ask(str(tmp_path), ALL, token, named)
    grow(tmp_path, "a")

    assert ask(shelf, tmp_path) == ["a"]


def test_many_threads_may_ask_and_forget_at_once(shelf: Shelf, tmp_path: Path) -> None:
    roots = [grow(tmp_path / f"{number}", "x", "y/z") for number in range(20)]
    wrong: list[object] = []

    def work() -> None:
        try:
            for root in roots:
                found = ask(shelf, root)
                if found != ["x", "y", "y/z"]:
                    wrong.append(found)
                shelf.forget(root)
        except BaseException as error:  # told below, in the thread that can fail the test
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
