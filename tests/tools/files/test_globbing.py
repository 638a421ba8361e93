"""glob: what it finds, in which order, and what its terms do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.tools import BadGlob, FileType, GlobMatch, NoDirectory, PathMissing, aio, glob, invalidate_fs_scan_cache
from tests.tools.files.trees import Listing, grow

SCANDIR = "flowbench.tools.files.walking.scandir"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    texts = {"src/b.py": "four", ".gitignore": "*.log\n"}
    return grow(
        tmp_path / "tree",
        *("a.py", "src/deep/c.py", "src/d.txt", ".hidden/e.py", "x.log", "node_modules/f.py", ".git/g.py"),
        **texts,
    )


def found(tree: Path, pattern: str = "*", **terms: object) -> list[str]:
    return [match.path for match in glob(pattern, tree, **terms)]  # type: ignore[arg-type]


def test_it_finds_at_every_depth_what_is_neither_hidden_nor_ignored(tree: Path) -> None:
    assert found(tree, "*.py") == ["a.py", "src/b.py", "src/deep/c.py"]
    assert found(tree) == ["a.py", "src", "src/b.py", "src/d.txt", "src/deep", "src/deep/c.py"]


def test_an_empty_pattern_is_everything(tree: Path) -> None:
    assert found(tree, " ") == found(tree, "*")


def test_hidden_and_ignored_entries_can_be_asked_for(tree: Path) -> None:
    assert found(tree, "*.py", hidden=True) == [".hidden/e.py", "a.py", "src/b.py", "src/deep/c.py"]
    assert found(tree, "*.log", gitignore=False) == ["x.log"]


def test_without_recursion_a_pattern_is_for_the_root(tree: Path) -> None:
    assert found(tree, "*.py", recursive=False) == ["a.py"]
    assert found(tree, "src/*.py", recursive=False) == ["src/b.py"]


def test_node_modules_is_entered_when_the_pattern_or_a_term_names_it(tree: Path) -> None:
    assert found(tree, "node_modules/*.py") == ["node_modules/f.py"]
    assert found(tree, "f.py") == []
    assert found(tree, "f.py", include_node_modules=True) == ["node_modules/f.py"]
    assert found(tree, "node_modules/*.py", include_node_modules=False) == []


def test_directories_match_too_and_can_be_asked_for_alone(tree: Path) -> None:
    assert found(tree, "**", file_type=FileType.DIR) == ["src", "src/deep"]
    assert found(tree, "**", file_type="dir") == ["src", "src/deep"]
    assert found(tree, "**", file_type=1) == ["a.py", "src/b.py", "src/d.txt", "src/deep/c.py"]


def test_a_link_is_told_as_a_link_unless_a_kind_is_asked_for(tree: Path) -> None:
    (tree / "to_file").symlink_to(tree / "a.py")
    (tree / "to_dir").symlink_to(tree / "src")
    (tree / "to_nothing").symlink_to(tree / "nothing")

    told = {kind: [(m.path, m.file_type) for m in glob("to_*", tree, file_type=kind)] for kind in (None, 1, 2, 3)}

    link = FileType.SYMLINK
    assert told[None] == told[3] == [("to_dir", link), ("to_file", link), ("to_nothing", link)]
    assert told[1] == [("to_file", FileType.FILE)]
    assert told[2] == [("to_dir", FileType.DIR)]


def test_sorted_by_time_the_latest_comes_first_with_time_and_size(tree: Path) -> None:
    for age, name in enumerate(["a.py", "src/b.py", "src/deep/c.py"]):
        os.utime(tree / name, (1_000_000 + age // 2, 1_000_000 + age // 2))

    result = glob("*.py", tree, sort_by_mtime=True, max_results=2)

    file = FileType.FILE
    assert result.matches == [GlobMatch("src/deep/c.py", file, 1_000_001_000.0, 0), GlobMatch("a.py", file, 1e9, 0)]
    assert result.total_matches == 2
    everything = glob("src*", tree, sort_by_mtime=True).matches
    assert [(match.path, match.size) for match in everything] == [("src", None)]


def test_without_that_no_match_has_time_or_size(tree: Path) -> None:
    result = msgspec.to_builtins(glob("a.py", tree))

    assert result == {"matches": [{"path": "a.py", "file_type": 1}], "total_matches": 1, "root": str(tree)}


@pytest.mark.parametrize("cache", [False, True])
def test_a_limit_takes_the_first_in_order_and_counts_no_others(tree: Path, cache: bool) -> None:
    result = glob("*.py", tree, max_results=2, cache=cache)

    assert [match.path for match in result] == ["a.py", "src/b.py"]
    assert result.total_matches == len(result) == 2


def test_a_limit_of_nothing_lists_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SCANDIR, lambda _: pytest.fail("it was listed"))

    assert glob("*", tree, max_results=0).total_matches == 0


def test_a_limit_ends_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(SCANDIR, lambda path: listed.append(os.path.basename(path)) or scandir(path))
    grow(tmp_path, "a/x", "b/y", "c/z")

    assert found(tmp_path, "*/*", max_results=1) == ["a/x"]
    assert listed == [tmp_path.name, "a"]


def test_each_match_is_told_in_order(tree: Path) -> None:
    told: list[GlobMatch] = []

    result = glob("*.py", tree, on_match=told.append)

    assert told == list(result)


def test_of_a_scan_the_same_is_found(tree: Path) -> None:
    (tree / "link").symlink_to(tree / "a.py")
    terms = [
        {},
        {"hidden": True},
        {"file_type": 1},
        {"sort_by_mtime": True},
        {"gitignore": False},
        {"recursive": False},
    ]
    for pattern in ("*", "*.py", "src/**", "src/*/*.py", "node_modules/*", "{a.py,link}"):
        for each in terms:
            assert found(tree, pattern, cache=True, **each) == found(tree, pattern, **each)


def test_what_is_new_is_seen_after_the_scan_is_forgotten(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FS_SCAN_CACHE_TTL_MS", "60000")
    before = found(tree, "*.new", cache=True)
    assert "a.py" in found(tree, "*.py", cache=True)
    grow(tree, "src/x.new", "src/y.py")

    assert "src/y.py" not in found(tree, "*.py", cache=True)
    invalidate_fs_scan_cache(tree / "src" / "x.new")

    assert before == []
    assert found(tree, "*.new", cache=True) == ["src/x.new"]


def test_a_name_that_is_no_utf8_can_be_told_as_json(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("")

    result = glob("*.py", tmp_path, sort_by_mtime=True)

    assert msgspec.json.decode(msgspec.json.encode(result))["matches"][0]["path"] == "caf\ufffd.py"


def test_errors_say_what_and_where(tree: Path) -> None:
    with pytest.raises(PathMissing, match=r"^Path not found: .*nothing"):
        glob("*", tree / "nothing")
    with pytest.raises(NoDirectory, match=r"^Search path must be a directory: .*a.py"):
        glob("*", tree / "a.py")
    with pytest.raises(BadGlob, match=r"^Invalid glob pattern: error parsing glob '\*\*/\[': unclosed character class"):
        glob("[", tree)
    with pytest.raises(ValueError, match="file_type is file, dir or symlink"):
        glob("*", tree, file_type="directory")


def test_a_deadline_of_nothing_is_over_at_once(tree: Path) -> None:
    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        glob("*", tree, timeout_ms=0)


def test_an_abort_ends_it_within_one_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = CancelToken()
    listing = Listing(10_000_000, at=lambda given: given == 1000 and token.abort(AbortReason.SIGNAL))
    monkeypatch.setattr(SCANDIR, lambda _: listing)

    with pytest.raises(Aborted, match=r"^Aborted: Signal$"):
        glob("*.py", tmp_path, token=token)

    assert listing.given <= 1000 + 128


async def awaited_and_streamed(tree: Path) -> tuple[list[GlobMatch], list[GlobMatch]]:
    result = await aio.glob("*", tree, hidden=True)
    return list(result), [match async for match in aio.stream_glob("*", tree, hidden=True)]


def test_awaited_and_streamed_it_finds_the_same(tree: Path) -> None:
    awaited, streamed = asyncio.run(awaited_and_streamed(tree))

    assert awaited == streamed == list(glob("*", tree, hidden=True))


def test_leaving_a_stream_ends_the_walk(tmp_path: Path) -> None:
    grow(tmp_path, *(f"{number:04}" for number in range(3000)))

    async def first() -> tuple[str, int]:
        stream = aio.stream_glob("*", tmp_path)
        async for match in stream:
            await stream.aclose()  # type: ignore[attr-defined]
            return match.path, len(asyncio.all_tasks())
        raise AssertionError

    assert asyncio.run(first()) == ("0000", 1)
