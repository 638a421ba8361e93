"""Work: who may start, finish, block, fail and restart a task, what is kept of it, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest

from flowbench.project import InvalidTransition, Project, TaskRefused
from tests.cli.flowctl.conftest import Call

EVIDENCE = '{"commits":["c0ffee1"],"tests":"make test"}'


def as_bob(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_ACTOR", "bob@example.com")


def test_a_task_is_started_and_done(call: Call, epic: str) -> None:
    task = f"{epic}.1"

    assert call("start", "fn-1.1", "--note", "first") == {
        "success": True,
        "id": task,
        "status": "in_progress",
        "message": f"Task {task} started",
    }
    told = call("done", task, "--summary", "Schema ready", "--evidence-json", EVIDENCE)

    assert {**told, "duration_seconds": 0} == {
        "success": True,
        "id": task,
        "status": "done",
        "message": f"Task {task} completed",
        "duration_seconds": 0,
    }
    shown = call("show", task)
    assert (shown["status"], shown["assignee"], shown["claim_note"]) == ("done", "alice@example.com", "first")
    assert shown["evidence"] == {"commits": ["c0ffee1"], "tests": ["make test"], "prs": []}


def test_what_was_done_stands_in_the_text(call: Call, epic: str, repo: Path) -> None:
    call("start", f"{epic}.1")
    call("done", f"{epic}.1", "--summary-file", "-", "--evidence-json", EVIDENCE, stdin=io.StringIO("All of it.\n"))

    text = (repo / ".flow/tasks" / f"{epic}.1.md").read_text()
    assert "status: done" in text
    assert "## Done summary\nAll of it.\n" in text
    assert "- Commits: c0ffee1\n- Tests: make test\n- PRs:\n- Duration: 0s" in text


def test_a_task_waits_for_its_dependencies_unless_forced(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match=r"dependency fn-1-add-auth\.1 is 'todo'.*--force"):
        call("start", f"{epic}.2")

    assert call("start", f"{epic}.2", "--force")["status"] == "in_progress"


def test_who_works_on_a_task_keeps_it_until_somebody_forces_it_away(
    call: Call, epic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("start", f"{epic}.1", "--note", "mine")
    assert call("start", f"{epic}.1")["message"].endswith("resumed")
    as_bob(monkeypatch)

    with pytest.raises(TaskRefused, match=r"claimed by 'alice@example\.com', and you are 'bob@example\.com'"):
        call("start", f"{epic}.1")
    with pytest.raises(TaskRefused, match=r"claimed by 'alice@example\.com'"):
        call("done", f"{epic}.1")
    call("start", f"{epic}.1", "--force")

    shown = call("show", f"{epic}.1")
    assert (shown["assignee"], shown["claim_note"]) == ("bob@example.com", "Taken over from alice@example.com")


def test_what_is_done_is_not_started_even_by_force(call: Call, epic: str) -> None:
    call("done", f"{epic}.1", "--force")

    with pytest.raises(TaskRefused, match=r"status is 'done'.*flowctl restart"):
        call("start", f"{epic}.1", "--force")
    with pytest.raises(TaskRefused, match="'done' already"):
        call("done", f"{epic}.1", "--force")
    with pytest.raises(TaskRefused, match="status is 'done'"):
        call("block", f"{epic}.1", "--reason", "x")


def test_what_nobody_started_is_not_done_unless_forced(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match="not 'in_progress'"):
        call("done", f"{epic}.1")

    assert "duration_seconds" not in call("done", f"{epic}.1", "--force")


@pytest.mark.parametrize("given", ["[]", "{", "nope.json", '{"commits": 3}'])
def test_evidence_that_is_none_is_refused_and_nothing_changes(given: str, call: Call, epic: str) -> None:
    from flowbench.cli.exits import Refusal

    call("start", f"{epic}.1")

    with pytest.raises((TaskRefused, Refusal)):
        call("done", f"{epic}.1", "--evidence-json", given)

    assert call("show", f"{epic}.1")["status"] == "in_progress"


def test_half_told_changes_of_the_workspace_warn(call: Call, epic: str) -> None:
    call("start", f"{epic}.1")

    told = call("done", f"{epic}.1", "--evidence", '{"workspace_changes": {"baseline_rev": "abc"}}')

    assert "final_rev" in told["warning"]
    assert call("show", f"{epic}.1")["baseline_rev"] == "abc"


def test_a_review_receipt_is_archived(call: Call, epic: str, repo: Path) -> None:
    receipt = {"type": "impl_review", "mode": "../codex", "verdict": "SHIP"}
    call("start", f"{epic}.1")

    call("done", f"{epic}.1", "--evidence-json", json.dumps({"review_receipt": receipt}))

    (file,) = (repo / ".flow/reviews").iterdir()
    assert file.name == f"impl_review-{epic}.1-.._codex.json"
    assert json.loads(file.read_text()) == receipt


def test_a_reason_blocks_and_force_goes_on(call: Call, epic: str, repo: Path) -> None:
    (repo / "r.md").write_text("No access to the store.\n")

    assert call("block", f"{epic}.1", "--reason-file", "r.md")["status"] == "blocked"
    assert "Blocked:\nNo access to the store." in (repo / ".flow/tasks" / f"{epic}.1.md").read_text()
    assert call("show", f"{epic}.1")["blocked_reason"] == "No access to the store."
    with pytest.raises(TaskRefused, match="blocked"):
        call("start", f"{epic}.1")
    assert call("start", f"{epic}.1", "--force")["status"] == "in_progress"


def test_a_block_needs_a_reason(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match="empty"):
        call("block", f"{epic}.1", "--reason", " ")
    with pytest.raises(click.UsageError, match="--reason-file"):
        call("block", f"{epic}.1")


def test_a_failure_is_tried_again_and_then_takes_others_with_it(call: Call, epic: str, repo: Path) -> None:
    (repo / ".flow/config.json").write_text('{"max_retries": 1}')
    call("done", f"{epic}.3", "--force")
    call("start", f"{epic}.1")

    assert call("fail", f"{epic}.1", "--reason", "flaky")["status"] == "up_for_retry"
    call("start", f"{epic}.1")
    told = call("fail", f"{epic}.1")

    assert (told["status"], told["upstream_failed"]) == ("failed", [f"{epic}.2"])
    assert call("show", f"{epic}.3")["status"] == "done"
    with pytest.raises(InvalidTransition, match="restart"):
        call("start", f"{epic}.2")


def test_a_restart_takes_back_all_that_waits_for_it(call: Call, epic: str, repo: Path) -> None:
    call("start", f"{epic}.1")
    call("fail", f"{epic}.1")

    dry = call("restart", f"{epic}.1", "--dry-run")
    told = call("restart", f"{epic}.1")

    whole = [f"{epic}.{number}" for number in (1, 2, 3)]
    assert (dry["dry_run"], dry["would_reset"], dry["already_todo"], dry["in_progress_overridden"]) == (
        True,
        whole,
        [],
        [],
    )
    assert told == {"success": True, "reset": whole, "skipped": [], "cascade_from": f"{epic}.1"}
    assert call("show", f"{epic}.1")["status"] == "todo"
    assert "## Done summary\nTBD" in (repo / ".flow/tasks" / f"{epic}.1.md").read_text()


def test_a_restart_spares_work_unless_forced_and_closed_epics_always(call: Call, epic: str, repo: Path) -> None:
    call("done", f"{epic}.1", "--force")
    call("start", f"{epic}.2")

    with pytest.raises(TaskRefused, match=r"works on fn-1-add-auth\.2.*--force"):
        call("restart", f"{epic}.1")
    assert call("restart", f"{epic}.1", "--force", "--dry-run")["in_progress_overridden"] == [f"{epic}.2"]
    assert call("restart", f"{epic}.1", "--force")["reset"] == [f"{epic}.1", f"{epic}.2"]
    with Project.find(repo).change("test") as change:
        change.set(epic, status="done")
    with pytest.raises(TaskRefused, match="epic reopen"):
        call("restart", f"{epic}.1")


@pytest.mark.parametrize("words", [["start"], ["done", "--force"], ["block", "--reason", "x"], ["fail", "--force"]])
def test_a_dry_run_changes_nothing(words: list[str], call: Call, epic: str, repo: Path) -> None:
    before = {path: path.read_bytes() for path in repo.rglob("*") if path.is_file() and path.suffix in {".md", ".json"}}

    told = call(words[0], f"{epic}.1", *words[1:], "--dry-run")

    assert told["dry_run"] is True
    assert f".flow/tasks/{epic}.1.md" in told["plan"]["written"]
    assert {path: path.read_bytes() for path in before} == before
    assert [event.type for event in Project.find(repo).events(task=f"{epic}.1")] == ["task_created"]


def test_every_verb_is_in_the_log(call: Call, epic: str, repo: Path) -> None:
    call("start", f"{epic}.1")
    call("block", f"{epic}.1", "--reason", "x")
    call("restart", f"{epic}.1")
    call("start", f"{epic}.1")
    call("done", f"{epic}.1")
    call("fail", f"{epic}.2", "--force")

    types = [event.type for event in Project.find(repo).events()][4:]  # after those of the fixture
    assert types == [
        *("task_started", "task_blocked", "task_restarted", "task_started", "task_completed", "task_failed"),
        "task_upstream_failed",
    ]
