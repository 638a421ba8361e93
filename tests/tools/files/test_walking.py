"""The walk: what it tells and enters, in which order, and how soon it stops."""

from __future__ import annotations

import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.tools import NoDirectory, PathMissing
from flowbench.tools.files.patterns import compiled
from flowbench.tools.files.walking import FileType, Sieve, opened, walk, walk_in_batches, walk_in_order
from tests.tools.files.trees import FILES, Listing, grow, paths

SCANDIR = "flowbench.tools.files.walking.scandir"
EVERYTHING = Sieve(gitignore=False)


def test_paths_come_in_byte_order(tmp_path: Path) -> None:
    grow(tmp_path, "a/b", "a.txt", "a-b", "a0", "Z", "ä", "a/.x")

    assert paths(tmp_path) == ["Z", "a", "a-b", "a.txt", "a/.x", "a/b", "a0", "ä"]


name = st.text("aZ.-0ä\U0001f600", min_size=1, max_size=3).filter(lambda text: text not in (".", ".."))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(name, min_size=1, max_size=3).map("/".join), max_size=8))
def test_both_ways_tell_the_same_entries_one_of_them_sorted(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for path in wanted:
        (root / path).mkdir(parents=True, exist_ok=True)

    found = [entry.path for entry in walk(str(root), EVERYTHING, CancelToken())]

    assert paths(root, EVERYTHING) == sorted(found, key=str.encode)
    assert set(found) == {str(path.relative_to(root)) for path in root.rglob("*")}


def test_git_is_never_entered_and_node_modules_only_when_asked(tmp_path: Path) -> None:
    grow(tmp_path, ".git/config", "a/.git", "node_modules/x/index.js", "b/node_modules/y.js", "c")

    assert paths(tmp_path, EVERYTHING) == ["a", "b", "c"]
    asked = Sieve(gitignore=False, node_modules=True, kinds=FILES)
    assert paths(tmp_path, asked) == ["b/node_modules/y.js", "c", "node_modules/x/index.js"]


def test_hidden_entries_are_left_out_when_so_asked(tmp_path: Path) -> None:
    grow(tmp_path, ".a/b", "c/.d", "e")

    assert paths(tmp_path, Sieve(hidden=False)) == ["c", "e"]


def test_links_are_told_and_never_followed(tmp_path: Path) -> None:
    outside = grow(tmp_path / "outside", "secret")
    root = grow(tmp_path / "root", "file")
    (root / "out").symlink_to(outside)
    (root / "round").symlink_to(root)
    (root / "broken").symlink_to(root / "nothing")

    found = {entry.path: entry.kind for entry in walk(str(root), EVERYTHING, CancelToken())}

    link = FileType.SYMLINK
    assert found == {"file": FileType.FILE, "out": link, "round": link, "broken": link}


def test_a_root_that_is_a_link_is_walked(tmp_path: Path) -> None:
    grow(tmp_path / "real", "a")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert paths(tmp_path / "link") == ["a"]


def test_pipes_and_sockets_are_not_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert paths(tmp_path) == []


def test_what_cannot_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "shut/inner", "open")
    scandir = os.scandir

    def refused(path: str) -> Any:
        if path.endswith("shut"):  # said here and not with chmod, because root may read everything
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(SCANDIR, refused)

    assert paths(tmp_path) == ["open", "shut"]


def test_a_directory_that_goes_away_meanwhile_is_passed_over(tmp_path: Path) -> None:
    grow(tmp_path, "a/x", "b/y")
    found = walk_in_order(str(tmp_path), EVERYTHING, CancelToken())

    assert next(found).path == "a"
    (tmp_path / "a" / "x").unlink()
    (tmp_path / "a").rmdir()

    assert [entry.path for entry in found] == ["b", "b/y"]


def test_a_name_that_is_no_text_is_told_as_one_and_can_be_opened(tmp_path: Path) -> None:
    raw = os.fsdecode(b"caf\xe9")
    (tmp_path / raw).mkdir()
    (tmp_path / raw / "x").write_text("found")

    found = list(walk(str(tmp_path), Sieve(glob=compiled("caf?/x")), CancelToken()))

    assert [entry.path for entry in found] == ["caf\ufffd/x"]
    assert Path(found[0].place).read_text() == "found"


def test_a_glob_keeps_the_walk_out_of_where_nothing_can_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "src/a.py", "src/deep/b.py", "doc/c.py", "d.py")
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(SCANDIR, lambda path: listed.append(os.path.basename(path)) or scandir(path))

    assert paths(tmp_path, Sieve(gitignore=False, glob=compiled("src/*.py"))) == ["src/a.py"]
    assert listed == [tmp_path.name, "src"]


def test_a_tree_deeper_than_any_path_is_walked_as_far_as_paths_go(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("x" * 100, dir_fd=folder)
        below = os.open("x" * 100, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)

    depth = len(paths(tmp_path))
    shutil.rmtree(tmp_path)

    assert 30 <= depth <= 60


def test_an_entry_that_is_gone_has_no_stat(tmp_path: Path) -> None:
    grow(tmp_path, "a", b="four")
    one, other = walk_in_order(str(tmp_path), EVERYTHING, CancelToken())

    (tmp_path / "a").unlink()

    assert one.stat() is None
    told = other.stat()
    assert told is not None
    assert told.st_size == 4


@pytest.mark.parametrize("way", [walk, walk_in_order, walk_in_batches])
def test_an_aborted_token_lists_nothing(tmp_path: Path, way: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CancelToken()
    token.abort(AbortReason.SIGNAL)
    monkeypatch.setattr(SCANDIR, lambda _: pytest.fail("it was listed"))

    with pytest.raises(Aborted, match="Aborted: Signal"):
        list(way(str(tmp_path), EVERYTHING, token))


@pytest.mark.parametrize("gitignore", [False, True], ids=["plain", "with ignore files"])
def test_a_directory_of_a_million_entries_stays_flat_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gitignore: bool
) -> None:
    listing = Listing(1_000_000)
    monkeypatch.setattr(SCANDIR, lambda _: listing)
    glob = compiled("*99999")  # most entries do not come out of the walk, and it must stop all the same

    found = sum(1 for _ in walk(str(tmp_path), Sieve(gitignore=gitignore, glob=glob), CancelToken()))

    assert found == 10
    assert listing.most <= 2_000


def test_within_one_directory_an_abort_takes_128_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing, token = Listing(1_000_000), CancelToken()
    monkeypatch.setattr(SCANDIR, lambda _: listing)
    found = walk(str(tmp_path), EVERYTHING, token)
    list(islice(found, 1000))

    token.abort()
    before = listing.given
    with pytest.raises(Aborted):
        list(found)

    assert listing.given - before <= 128


def test_many_directories_in_one_are_entered_before_all_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowbench.tools.files.walking.WAITING", 100)
    grow(tmp_path, *(f"{number:03}/x" for number in range(600)))

    found = [entry.path for entry in walk(str(tmp_path), EVERYTHING, CancelToken())]

    assert len(found) == len(set(found)) == 1200
    assert any("/" in path for path in found[:300])


def test_a_walk_that_is_left_closes_what_it_has_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(1000)
    monkeypatch.setattr(SCANDIR, lambda _: listing)

    found = walk(str(tmp_path), EVERYTHING, CancelToken())
    next(found)
    assert not listing.is_closed
    found.close()  # type: ignore[attr-defined]

    assert listing.is_closed


def test_a_root_is_a_directory_that_is_there(tmp_path: Path) -> None:
    grow(tmp_path, "file")

    assert opened(tmp_path) == str(tmp_path)
    with pytest.raises(PathMissing, match=r"^Path not found: .*nothing: No such file or directory"):
        opened(tmp_path / "nothing")
    with pytest.raises(NoDirectory, match=r"^Search path must be a directory: .*file$"):
        opened(tmp_path / "file")
    with pytest.raises(PathMissing, match="null byte"):
        opened("a\0b")
