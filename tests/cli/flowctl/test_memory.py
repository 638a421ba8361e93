"""Memory: what is kept once is found by anything in it, handed on, counted, and collected when nobody wanted it."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path

import pytest

from flowbench.cli import flowctl
from flowbench.project import DocumentError, MemoryRefused, Project
from flowbench.tools import SearchFailed
from tests.cli.flowctl.conftest import Call

PYTEST = "Use python pytest fixtures for the api test"
LEGACY = """# Pitfalls

## 2025-03-27 manual [pitfall]
Redis loses
keys

## 2025-04-01 auto
## 2025-04-02
Never `rm -rf`
"""


@pytest.fixture
def two(call: Call) -> None:
    call("memory", "init")
    call("memory", "add", "pitfall", PYTEST)
    call("memory", "add", "Conventions", "Name branches feat/x\nand nothing else")


def test_memory_is_begun_once(call: Call, repo: Path) -> None:
    assert call("memory", "init") == {
        "success": True,
        "path": str(repo / ".flow/memory"),
        "created": ["index.jsonl", "stats.json"],
        "migrated": 0,
        "message": "Memory v2 initialized",
    }
    assert call("memory", "init")["created"] == []


def test_an_entry_is_kept_once(call: Call, repo: Path) -> None:
    first = call("memory", "add", "pitfall", PYTEST)
    again = call("memory", "add", "pitfall", "-", stdin=io.StringIO(f"  {PYTEST}\n"))

    assert first == {
        "success": True,
        "id": 1,
        "type": "pitfall",
        "file": "001-pitfall.md",
        "tags": ["api", "python", "test"],
    }
    assert again == {"success": True, "id": 1, "duplicate": True, "message": "Duplicate entry, skipped"}
    assert (repo / ".flow/memory/entries/001-pitfall.md").read_text() == PYTEST
    assert len((repo / ".flow/memory/index.jsonl").read_text().splitlines()) == 1


@pytest.mark.usefixtures("two")
def test_entries_are_read_and_listed(call: Call) -> None:
    read, listed = call("memory", "read", "--type", "conventions"), call("memory", "list")

    (entry,) = read["entries"]
    assert (read["count"], entry["id"], entry["content"]) == (1, 2, "Name branches feat/x\nand nothing else")
    assert set(entry) == {"id", "type", "summary", "tags", "created", "content"}
    assert (listed["counts"], listed["total"], listed["total_refs"]) == ({"pitfall": 1, "convention": 1}, 2, 0)
    assert listed["index"][1]["summary"] == "Name branches feat/x"
    assert (listed["index"][0]["stale"], listed["index"][0]["refs"]) == (False, 0)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("BRANCHES", [2]),
        ("^and", [2]),
        ("python|feat", [1, 2]),
        (r"(?<=pytest )\w+", [1]),
        (r"feat/x\s+and", [2]),
        ("nothing at all", []),
        ("(a+)+$b" * 20, []),
    ],
)
def test_entries_are_found_by_a_pattern(call: Call, pattern: str, found: list[int]) -> None:
    told = call("memory", "search", pattern)

    assert ([match["id"] for match in told["matches"]], told["count"]) == (found, len(found))
    assert told["pattern"] == pattern


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("pattern", ["[", "(", "a{2}{3}*+*", "(" * 9000])
def test_what_is_no_pattern_is_refused(call: Call, pattern: str) -> None:
    with pytest.raises(MemoryRefused, match="Invalid regex pattern"):
        call("memory", "search", pattern)


def test_a_pattern_that_backtracks_without_end_is_ended(call: Call) -> None:
    call("memory", "add", "decision", "a" * 60 + "!")

    assert call("memory", "search", "(a|a|aa)+$")["count"] == 0  # by an engine that does not backtrack
    with suppress(SearchFailed):  # by one that does, in a process that is ended; or it gives up by itself
        assert call("memory", "search", r"(?=a)(a|a|aa)+(?!!)\n$")["count"] == 0


@pytest.mark.usefixtures("two")
def test_what_is_handed_on_is_counted(call: Call) -> None:
    short = call("memory", "inject")
    some = call("memory", "inject", "--tags", "API, none")
    full = call("memory", "inject", "--full")
    none = call("memory", "inject", "--type", "decision")
    dry = call("memory", "inject", "--dry-run")

    assert [told["level"] for told in (short, some, full, none)] == ["L1", "L2", "L3", "L2"]
    assert short["entries"][0] == {"id": 1, "type": "pitfall", "summary": PYTEST, "tags": ["api", "python", "test"]}
    assert [entry["content"] for entry in some["entries"]] == [PYTEST]
    assert (full["count"], none["count"], dry["dry_run"]) == (2, 0, True)
    listed = call("memory", "list")
    assert ([row["refs"] for row in listed["index"]], listed["total_refs"]) == ([3, 2], 5)


def test_nothing_is_handed_on_where_nothing_is_kept(call: Call) -> None:
    assert call("memory", "inject", "--full") == {"success": True, "entries": [], "level": "L1", "count": 0}


def test_entries_that_nobody_wanted_are_collected(repo: Path) -> None:
    from flowbench.project import memory

    old, _ = Project.init(repo, clock=lambda: 1_700_000_000.0)
    memory.add(old, "pitfall", "one")
    memory.add(old, "pitfall", "two")
    memory.inject(old, tags=[])
    memory.add(old, "pitfall", "three")
    late, _ = Project.init(repo, clock=lambda: 1_700_000_000.0 + 91 * 86400)
    assert [row["stale"] for row in memory.index(late)["index"]] == [True] * 3

    assert memory.verify(late, 1)["message"] == "Entry #1 verified"
    dry = memory.gc(late, dry_run=True)
    told = memory.gc(late)

    assert dry == {
        "dry_run": True,
        "stale": [{"id": 3, "type": "pitfall", "summary": "three"}],
        "count": 1,
        "kept": 2,
    }
    assert told == {"removed": 1, "kept": 2}
    assert [row["stale"] for row in memory.index(late)["index"]] == [False, True]
    assert sorted(path.name for path in (repo / ".flow/memory/entries").iterdir()) == [
        "001-pitfall.md",
        "002-pitfall.md",
    ]
    assert [event.type for event in late.events() if event.type.startswith("memory")] == [
        *["memory_added"] * 2,
        "memory_injected",
        "memory_added",
        "memory_verified",
        "memory_collected",
    ]
    old.close()
    late.close()


def test_the_older_form_is_read_and_taken_over(call: Call, repo: Path) -> None:
    memory = repo / ".flow/memory"
    (memory / "pitfalls.md").write_text(LEGACY)
    (memory / "decisions.md").write_text("nothing yet\n")

    seen = call("memory", "read")
    assert sorted(path.name for path in memory.iterdir()) == ["decisions.md", "pitfalls.md"]
    told = call("memory", "init")

    assert (seen["count"], told["migrated"], told["created"]) == (2, 2, ["index.jsonl", "stats.json"])
    assert call("memory", "read") == seen
    assert [(entry["created"], entry["content"]) for entry in seen["entries"]] == [
        ("2025-03-27", "Redis loses\nkeys"),
        ("2025-04-02", "Never `rm -rf`"),
    ]
    assert sorted(path.name for path in memory.glob("*.bak")) == ["decisions.md.bak", "pitfalls.md.bak"]
    assert call("memory", "init")["migrated"] == 0


def test_the_first_entry_takes_the_older_form_over_too(call: Call, repo: Path) -> None:
    (repo / ".flow/memory/conventions.md").write_text("## 2025-01-01\nTabs\n")

    assert call("memory", "add", "convention", "Spaces")["id"] == 2
    assert call("memory", "list")["counts"] == {"convention": 2}


def test_lines_of_others_keep_their_bytes(call: Call, repo: Path) -> None:
    index = repo / ".flow/memory/index.jsonl"
    line = '{"id": 7, "type": "pitfall", "summary": "\\u00e9", "file": "007-pitfall.md", "mood": [1]}'
    index.write_text(line + "\n")

    assert call("memory", "add", "pitfall", "new")["id"] == 8

    assert index.read_text().splitlines()[0] == line
    assert call("memory", "read")["entries"][0] == {
        "id": 7, "type": "pitfall", "summary": "\u00e9", "tags": [], "created": "", "content": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("<<<<<<< HEAD", "line 1 is no JSON"),
        ("[]", "is no JSON object"),
        ('{"id":1,"type":"pitfall","summary":"x"}', "has no file"),
    ],
)
def test_a_damaged_index_is_named_and_left_alone(call: Call, repo: Path, line: str, said: str) -> None:
    index = repo / ".flow/memory/index.jsonl"
    index.write_text(line + "\n")

    for words in (["list"], ["add", "pitfall", "x"], ["gc"]):
        with pytest.raises(DocumentError, match=said):
            call("memory", *words)
    assert index.read_text() == line + "\n"


def test_no_entry_reads_a_file_elsewhere(call: Call, repo: Path) -> None:
    entry = {"id": 1, "type": "pitfall", "summary": "x", "file": "../../../../etc/passwd"}
    (repo / ".flow/memory/index.jsonl").write_text(json.dumps(entry) + "\n")

    with pytest.raises(Exception, match="is no file of the project"):
        call("memory", "read")


def test_wrong_calls_are_refused(call: Call, repo: Path) -> None:
    with pytest.raises(MemoryRefused, match=r"Invalid type 'rumour'\. Use: pitfall, convention, or decision"):
        call("memory", "add", "rumour", "x")
    with pytest.raises(MemoryRefused, match="empty"):
        call("memory", "add", "pitfall", " ")
    with pytest.raises(MemoryRefused, match="Entry #9 not found"):
        call("memory", "verify", "9")
    call("config", "set", "memory.enabled", "false")
    for words in (["init"], ["list"], ["search", "x"], ["gc"], ["inject"]):
        with pytest.raises(MemoryRefused, match="Memory not enabled"):
            call("memory", *words)


def test_dry_runs_write_nothing(call: Call, repo: Path) -> None:
    told = call("memory", "add", "pitfall", "x", "--dry-run")

    assert ".flow/memory/entries/001-pitfall.md" in told["plan"]["written"]
    assert list((repo / ".flow/memory").iterdir()) == []


@pytest.mark.usefixtures("two")
def test_a_person_reads_entries(repo: Path) -> None:
    said = flowctl.call(["memory", "list"], cwd=repo).text

    assert "#2  convention" in said
    assert said.endswith("1 convention, 1 pitfall")
