"""Task and dep: made, told, linked, skipped and split, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from flowbench.errors import FlowbenchError
from flowbench.project import InvalidTransition, NotFound, ProjectError, SectionError, TaskRefused
from tests.cli.flowctl.conftest import Call


def text_of(repo: Path, task: str) -> str:
    return (repo / ".flow/tasks" / f"{task}.md").read_text()


def test_a_task_is_made_with_all_that_is_said_of_it(call: Call, epic: str, repo: Path) -> None:
    (repo / "acc.md").write_text("- [ ] it works\n")

    told = call(
        *("task", "create", "--epic", "fn-1", "--title", "Docs", "--deps", "fn-1.1, fn-1.3", "--priority", "2"),
        *("--domain", "docs", "--files", "a.md,b.md", "--acceptance-file", "acc.md"),
    )

    id = f"{epic}.4"
    assert told == {
        "success": True,
        "id": id,
        "epic": epic,
        "title": "Docs",
        "depends_on": [f"{epic}.1", f"{epic}.3"],
        "spec_path": f".flow/tasks/{id}.md",
        "message": f"Task {id} created",
    }
    shown = call("show", id)
    assert (shown["priority"], shown["domain"], shown["files"]) == (2, "docs", ["a.md", "b.md"])
    assert "## Acceptance\n- [ ] it works\n" in text_of(repo, id)


def test_a_task_needs_an_epic_and_dependencies_that_are_there(call: Call, epic: str) -> None:
    call("epic", "create", "--title", "Other")
    for words, error in (
        (["--epic", "fn-9"], NotFound),
        (["--epic", epic, "--deps", f"{epic}.9"], NotFound),
        (["--epic", epic, "--deps", "fn-2-other.1"], ProjectError),
        (["--epic", epic, "--domain", "magic"], click.UsageError),
        ([], click.UsageError),
    ):
        with pytest.raises(error):
            call("task", "create", "--title", "x", *words)
    assert call("tasks")["count"] == 3


def test_parts_of_a_text_are_replaced_and_the_rest_stays(call: Call, epic: str, repo: Path) -> None:
    id = f"{epic}.1"
    (repo / "d.md").write_text("## Description\nAll of it.\n\n")

    told = call("task", "set-description", id, "--file", "d.md")
    assert told["section"] == "## Description"
    assert (
        call("task", "set-acceptance", id, "--file", "-", stdin=io.StringIO("- [ ] ok"))["section"] == "## Acceptance"
    )
    both = call("task", "set-spec", id, "--description", "d.md", "--acceptance", "d.md")

    assert both["sections"] == ["## Description", "## Acceptance"]
    assert "## Description\nAll of it.\n" in text_of(repo, id)
    assert "- Commits:\n- Tests:\n- PRs:" in text_of(repo, id)


def test_a_whole_text_is_replaced_unless_a_heading_is_there_twice(call: Call, epic: str, repo: Path) -> None:
    id = f"{epic}.1"
    before = text_of(repo, id)

    with pytest.raises(SectionError, match="Duplicate heading: ## Description"):
        call("task", "set-spec", id, "--file", "-", stdin=io.StringIO("## Description\n## Description\n"))
    assert text_of(repo, id) == before
    with pytest.raises(TaskRefused, match="--file, --description or --acceptance"):
        call("task", "set-spec", id)
    call("task", "set-spec", id, "--file", "-", stdin=io.StringIO("# New"))
    assert text_of(repo, id).endswith("---\n# New\n")


def test_back_ends_are_the_tasks_or_else_the_epics(call: Call, epic: str) -> None:
    id = f"{epic}.1"
    call("epic", "set-backend", epic, "--impl", "codex:high")

    told = call("task", "set-backend", id, "--review", "rp")

    assert (told["impl"], told["review"], told["sync"]) == (None, "rp", None)
    shown = call("task", "show-backend", id)
    assert shown["impl"] == {"spec": "codex:high", "source": "epic"}
    assert shown["review"] == {"spec": "rp", "source": "task"}
    assert shown["sync"] == {"spec": None, "source": None}


def test_a_task_waits_for_others_of_its_epic_but_never_in_a_circle(call: Call, epic: str) -> None:
    call("epic", "create", "--title", "Other")
    call("task", "create", "--epic", "fn-2", "--title", "x")
    one, two, three = (f"{epic}.{number}" for number in (1, 2, 3))

    assert call("dep", "add", three, one) == {
        "success": True,
        "task": three,
        "depends_on": [two, one],
        "message": f"Dependency {one} added to {three}",
    }
    assert call("dep", "add", three, one)["message"].endswith("already in dependencies")
    with pytest.raises(TaskRefused, match=f"cycle: {one} -> {three} -> {one}"):
        call("dep", "add", one, three)
    with pytest.raises(TaskRefused, match="itself"):
        call("dep", "add", one, one)
    with pytest.raises(NotFound):
        call("dep", "add", one, f"{epic}.9")
    with pytest.raises(TaskRefused, match="within the same epic"):
        call("dep", "add", one, "fn-2-other.1")
    assert call("dep", "rm", three, two)["removed"] is True
    assert call("dep", "rm", three, two)["removed"] is False


def test_set_deps_only_adds(call: Call, epic: str) -> None:
    told = call("task", "set-deps", f"{epic}.3", "--deps", f"{epic}.1,{epic}.2")

    assert (told["depends_on"], told["added"]) == ([f"{epic}.2", f"{epic}.1"], [f"{epic}.1"])


def test_a_skipped_task_holds_nobody_up(call: Call, epic: str) -> None:
    told = call("task", "skip", f"{epic}.1", "--reason", "not needed")

    assert (told["status"], told["reason"]) == ("skipped", "not needed")
    assert [task["id"] for task in call("ready", "--epic", epic)["ready"]] == [f"{epic}.2"]
    call("start", f"{epic}.2")
    with pytest.raises(InvalidTransition):
        call("task", "skip", f"{epic}.2")
    call("done", f"{epic}.2")
    with pytest.raises(TaskRefused, match="'done'"):
        call("task", "skip", f"{epic}.2")


def test_a_reset_takes_one_task_back_or_what_waits_for_it_too(call: Call, epic: str) -> None:
    assert call("task", "reset", f"{epic}.1")["reset"] == []
    for number in (1, 2):
        call("done", f"{epic}.{number}", "--force")
    call("start", f"{epic}.3")

    assert call("task", "reset", f"{epic}.1", "--cascade", "--dry-run")["reset"] == [f"{epic}.1", f"{epic}.2"]
    assert call("task", "reset", f"{epic}.1")["reset"] == [f"{epic}.1"]
    with pytest.raises(TaskRefused, match="Cannot reset in_progress"):
        call("task", "reset", f"{epic}.3")


@pytest.mark.parametrize("chain", [False, True])
def test_a_split_puts_others_in_the_place_of_a_task(chain: bool, call: Call, epic: str) -> None:
    told = call("task", "split", f"{epic}.2", "--titles", "Part A | Part B", *["--chain"] * chain)

    four, five = f"{epic}.4", f"{epic}.5"
    assert (told["original"], told["split_into"], told["chain"]) == (f"{epic}.2", [four, five], chain)
    assert call("show", four)["depends_on"] == [f"{epic}.1"]
    assert call("show", five)["depends_on"] == ([four] if chain else [])
    assert call("show", f"{epic}.3")["depends_on"] == ([five] if chain else [four, five])
    assert call("show", f"{epic}.2")["status"] == "skipped"
    with pytest.raises(TaskRefused, match="'skipped'"):
        call("task", "split", f"{epic}.2", "--titles", "C|D")


def test_a_split_needs_two_titles(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match="two or more"):
        call("task", "split", f"{epic}.1", "--titles", " | A |")


def test_files_are_kept_for_a_task_and_given_back(call: Call, epic: str, repo: Path) -> None:
    one, two = f"{epic}.1", f"{epic}.2"

    assert call("lock", "--task", one, "--files", "a.py, b.py") == {
        "success": True,
        "task": one,
        "locked": ["a.py", "b.py"],
        "already_locked": [],
        "locked_count": 2,
        "conflict_count": 0,
    }
    told = call("lock", "--task", two, "--files", "b.py,c.py")
    assert (told["locked"], told["already_locked"]) == (["c.py"], [{"file": "b.py", "owner": one}])
    assert call("lock-check", "--file", "b.py")["owner"] == one
    assert call("lock-check", "--file", str(repo / "b.py"))["owner"] == one
    assert call("lock-check", "--file", "x.py")["locked"] is False
    assert call("lock-check")["count"] == 3
    assert call("unlock", "--task", one, "--files", "a.py")["unlocked"] == ["a.py"]
    assert call("unlock", "--all")["cleared"] == 2
    with pytest.raises(ProjectError, match="No files specified"):
        call("lock", "--task", one, "--files", ",")
    with pytest.raises(click.UsageError, match="--task ID or --all"):
        call("unlock")


def test_a_task_is_given_a_blueprint_and_taken_it_away_again(call: Call, epic: str, repo: Path) -> None:
    id = f"{epic}.1"
    (repo / "count.yaml").write_text("id: count\nflow: {kind: assign, at: $.n, value: {op: lit, value: 1}}\n")

    told = call("task", "set-blueprint", id, "count.yaml", "--inputs", '{"top": 3, "words": ["a", "b"]}')

    assert (told["blueprint"], told["inputs"]) == ("count.yaml", {"top": 3, "words": ["a", "b"]})
    shown = call("show", id)
    assert (shown["blueprint"], shown["inputs"]) == ("count.yaml", {"top": 3, "words": ["a", "b"]})
    assert call("run", id)["status"] == "done"
    call("task", "set-blueprint", id, "")
    assert "blueprint" not in call("show", id)
    for words in (["nope.yaml"], ["../x.yaml"], ["count.yaml", "--inputs", "[]"]):
        with pytest.raises(FlowbenchError):
            call("task", "set-blueprint", id, *words)
    assert "blueprint" not in call("show", id)
