"""Epic: made, changed, closed, reopened, archived, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from flowbench.project import DocumentError, EpicRefused, NotFound, Project, ProjectError
from tests.cli.flowctl.conftest import Call


@pytest.fixture
def other(call: Call, epic: str) -> str:
    return str(call("epic", "create", "--title", "Billing")["id"])


def finish(call: Call, epic: str) -> None:
    for number in (1, 2, 3):
        call("done", f"{epic}.{number}", "--force")


def test_an_epic_is_made_with_a_plan_of_its_own(call: Call, repo: Path) -> None:
    told = call("epic", "create", "--title", "  Add   auth ", "--branch", "feat/auth")

    id = "fn-1-add-auth"
    assert told == {
        "success": True,
        "id": id,
        "title": "Add auth",
        "spec_path": f".flow/specs/{id}.md",
        "message": f"Epic {id} created",
    }
    assert call("show", id)["branch_name"] == "feat/auth"
    assert "## Overview" in (repo / ".flow/specs" / f"{id}.md").read_text()
    with pytest.raises(ProjectError, match="title is needed"):
        call("epic", "create", "--title", " ")


def test_a_plan_is_replaced_unless_a_heading_is_there_twice(call: Call, epic: str, repo: Path) -> None:
    spec = repo / ".flow/specs" / f"{epic}.md"

    told = call("epic", "set-plan", epic, "--file", "-", stdin=io.StringIO("# Plan\n## A\r\nx\n"))

    assert told["spec_path"] == str(spec)
    assert spec.read_bytes() == b"# Plan\n## A\r\nx\n"
    with pytest.raises(EpicRefused, match=r"Duplicate heading: ## A \(found 2 times\)"):
        call("epic", "set-plan", epic, "--file", "-", stdin=io.StringIO("## A\n## A\n"))
    assert spec.read_bytes() == b"# Plan\n## A\r\nx\n"
    with pytest.raises(NotFound):
        call("epic", "set-plan", "fn-9", "--file", "-", stdin=io.StringIO("x"))


@pytest.mark.parametrize("which", ["plan", "completion"])
def test_a_review_is_kept_in_the_given_words(which: str, call: Call, epic: str) -> None:
    told = call("epic", f"set-{which}-review-status", epic, "--status", "needs_work")

    assert told[f"{which}_review_status"] == "needs_work"
    assert call("show", epic)[f"{which}_reviewed_at"] == told[f"{which}_reviewed_at"] is not None
    assert call("epic", f"set-{which}-review-status", epic, "--status", "unknown")[f"{which}_reviewed_at"] is None
    with pytest.raises(click.UsageError):
        call("epic", f"set-{which}-review-status", epic, "--status", "passed")


def test_branch_back_ends_and_auto_execute_are_set(call: Call, epic: str) -> None:
    assert call("epic", "set-branch", epic, "--branch", "feat/x")["branch_name"] == "feat/x"
    told = call("epic", "set-backend", epic, "--impl", "codex:high", "--review", "claude:opus")
    assert (told["default_impl"], told["default_review"], told["default_sync"]) == ("codex:high", "claude:opus", None)
    assert call("epic", "set-backend", epic, "--impl", "")["default_impl"] is None
    assert call("epic", "set-auto-execute", epic, "--pending")["auto_execute_pending"] is True
    assert call("epic", "set-auto-execute", epic, "--done")["auto_execute_pending"] is False
    assert call("show", epic)["branch_name"] == "feat/x"
    with pytest.raises(EpicRefused, match="--impl, --review or --sync"):
        call("epic", "set-backend", epic)
    with pytest.raises(click.UsageError, match="either --pending or --done"):
        call("epic", "set-auto-execute", epic)


def test_epics_wait_for_each_other_but_never_in_a_circle(call: Call, epic: str, other: str) -> None:
    third = call("epic", "create", "--title", "Third")["id"]

    assert call("epic", "add-dep", other, epic)["depends_on_epics"] == [epic]
    assert call("epic", "add-dep", other, epic)["message"].endswith("already in dependencies")
    call("epic", "add-dep", third, other)
    with pytest.raises(EpicRefused, match=f"cycle: {epic} -> {third} -> {other} -> {epic}"):
        call("epic", "add-dep", epic, third)
    with pytest.raises(EpicRefused, match="itself"):
        call("epic", "add-dep", epic, epic)
    with pytest.raises(NotFound):
        call("epic", "add-dep", epic, "fn-9")
    assert call("epic", "rm-dep", other, epic)["depends_on_epics"] == []
    assert call("epic", "rm-dep", other, epic)["message"].endswith("not in dependencies")


def test_an_epic_closes_when_all_is_done_and_no_gap_blocks(call: Call, epic: str, repo: Path) -> None:
    with pytest.raises(EpicRefused, match=rf"incomplete tasks - {epic}\.1 \(todo\), "):
        call("epic", "close", epic)
    finish(call, epic)
    gap = {"id": "gap-1", "capability": "Reset", "priority": "required", "status": "open"}
    with Project.find(repo).change("test") as change:
        change.set_gaps(epic, [gap, {**gap, "id": "gap-2", "priority": "nice-to-have"}])

    with pytest.raises(EpicRefused, match=r"open gaps - \[required\] Reset\. .*--skip-gap-check"):
        call("epic", "close", epic)
    told = call("epic", "close", epic, "--skip-gap-check")

    assert (told["status"], told["gaps_skipped"], told["retro_suggested"]) == ("done", 1, True)


def test_a_closed_epic_opens_again_with_its_reviews_unknown(call: Call, epic: str) -> None:
    call("epic", "set-plan-review-status", epic, "--status", "ship")
    finish(call, epic)
    call("epic", "close", epic)

    told = call("epic", "reopen", epic)

    assert (told["previous_status"], told["new_status"]) == ("done", "open")
    assert call("show", epic)["plan_review_status"] == "unknown"
    with pytest.raises(EpicRefused, match="already open"):
        call("epic", "reopen", epic)


def test_an_epic_that_is_done_is_archived_with_all_its_files(call: Call, epic: str, other: str, repo: Path) -> None:
    with pytest.raises(EpicRefused, match="--force"):
        call("epic", "archive", epic)
    finish(call, epic)
    call("epic", "close", epic)

    told = call("epic", "archive", epic)

    names = [f"epics/{epic}.md", f"specs/{epic}.md", *(f"tasks/{epic}.{number}.md" for number in (1, 2, 3))]
    assert (told["moved"], told["count"]) == (names, 5)
    assert sorted(path.name for path in Path(told["archive_dir"]).iterdir()) != []
    assert [row["id"] for row in call("epics")["epics"]] == [other]
    with pytest.raises(EpicRefused, match="is archived"):
        call("epic", "reopen", epic)
    assert call("epic", "create", "--title", "Next")["id"] == "fn-3-next"


def test_clean_archives_what_is_done(call: Call, epic: str, other: str) -> None:
    call("epic", "close", other)

    assert call("epic", "clean", "--dry-run")["archived"] == [other]
    assert call("epic", "clean") == {"success": True, "archived": [other], "count": 1}
    assert call("epic", "clean")["count"] == 0


def test_a_new_title_is_a_new_id_everywhere(call: Call, epic: str, other: str, repo: Path) -> None:
    call("epic", "add-dep", other, epic)
    call("start", f"{epic}.1", "--note", "mine")

    told = call("epic", "set-title", epic, "--title", "Log in")

    new = "fn-1-log-in"
    assert (told["old_id"], told["new_id"], told["tasks_updated"], told["updated_deps_in"]) == (epic, new, 3, [other])
    assert call("show", f"{new}.2")["depends_on"] == [f"{new}.1"]
    assert call("show", f"{new}.1")["claim_note"] == "mine"
    assert not list((repo / ".flow").rglob(f"*{epic}*"))


@pytest.mark.parametrize(
    "words",
    [
        ["epic", "create", "--title", "X"],
        ["epic", "set-branch", "fn-1", "--branch", "x"],
        ["epic", "set-title", "fn-1", "--title", "Other"],
        ["epic", "set-auto-execute", "fn-1", "--pending"],
        ["epic", "archive", "fn-1", "--force"],
    ],
    ids=lambda words: words[1],
)
def test_a_dry_run_changes_nothing(words: list[str], call: Call, epic: str, repo: Path) -> None:
    before = {path: path.read_bytes() for path in (repo / ".flow").rglob("*.md")}

    told = call(*words, "--dry-run")

    assert told["dry_run"] is True
    assert told["plan"]["written"] or told["plan"]["moved"]
    assert {path: path.read_bytes() for path in (repo / ".flow").rglob("*.md")} == before


def test_an_epic_with_a_task_that_cannot_be_read_is_not_closed_and_keeps_its_id(
    call: Call, epic: str, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(call, epic)
    file = repo / ".flow/tasks" / f"{epic}.2.md"
    file.write_text(file.read_text().replace("title:", "<<<<<<< HEAD\ntitle:"))

    with pytest.raises(EpicRefused, match=rf"{epic}\.2 \(cannot be read: tasks/{epic}\.2\.md\)"):
        call("epic", "close", epic)
    with pytest.raises(DocumentError, match="has to be mended first: line 6"):
        call("epic", "set-title", epic, "--title", "Other")
    assert file.is_file()
    assert call("next", "--require-completion-review")["status"] == "none"

    capsys.readouterr()
    call("restart", f"{epic}.1")

    assert f"Warning: tasks/{epic}.2.md" in capsys.readouterr().err
