"""Worker and checkpoint: phases one after the other, and an epic brought back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowbench.project import InvalidId, NoCheckpoint, NotFound, PhaseRefused, Project
from tests.cli.flowctl.conftest import Call

SEED = ["0", "1", "2", "2.5", "3", "5", "5b", "6"]


def test_phases_come_one_after_the_other(call: Call, epic: str) -> None:
    first = call("worker-phase", "next", "--task", f"{epic}.1")

    assert {
        key: first[key] for key in ("phase", "title", "done_condition", "completed_phases", "sequence", "all_done")
    } == {
        "phase": "0",
        "title": "Verify Configuration",
        "done_condition": "OWNED_FILES verified and configuration validated",
        "completed_phases": [],
        "sequence": SEED,
        "all_done": False,
    }
    told = call("worker-phase", "done", "--task", f"{epic}.1", "--phase", "0")
    assert (told["completed_phase"], told["completed_phases"], told["all_done"]) == ("0", ["0"], False)
    assert told["next_phase"] == {
        "phase": "1",
        "title": "Re-anchor",
        "done_condition": "Run flowctl show <task> and verify spec was read",
    }


def test_all_phases_lead_to_the_end(call: Call, epic: str) -> None:
    words = ("--task", f"{epic}.1", "--tdd", "--review")
    order = call("worker-phase", "next", *words)["sequence"]
    for phase in order:
        last = call("worker-phase", "done", *words, "--phase", phase)

    told = call("worker-phase", "next", "--task", f"{epic}.1")

    assert order == ["0", "1", "2a", "2", "2.5", "3", "4", "5", "5b", "6"]
    assert "next_phase" not in last
    assert (last["all_done"], told["phase"], told["all_done"], told["sequence"]) == (True, None, True, order)
    with pytest.raises(PhaseRefused, match="are completed"):
        call("worker-phase", "done", *words, "--phase", "6")


@pytest.mark.parametrize(
    ("phase", "said"),
    [("2", "Expected phase 0, got phase 2"), ("2a", "--tdd"), ("9", "Unknown phase"), ("0 ", "Unknown phase")],
)
def test_a_phase_that_is_not_next_is_refused(phase: str, said: str, call: Call, epic: str) -> None:
    with pytest.raises(PhaseRefused, match=said):
        call("worker-phase", "done", "--task", f"{epic}.1", "--phase", phase)


def test_a_task_that_is_not_there_has_no_phases(call: Call, epic: str) -> None:
    with pytest.raises(InvalidId):
        call("worker-phase", "next", "--task", "nope")
    with pytest.raises(NotFound):
        call("worker-phase", "done", "--task", f"{epic}.9", "--phase", "0")


def test_a_worker_is_told_how_to_begin(call: Call, epic: str) -> None:
    told = call("worker-prompt", "--task", f"{epic}.1", "--tdd", "--review", "codex")

    assert told["mode"] == "bootstrap"
    assert f"--task {epic}.1 --tdd --review" in told["prompt"]
    assert told["estimated_tokens"] > 20


def test_an_epic_comes_back_as_it_was_saved(call: Call, epic: str, repo: Path) -> None:
    call("start", f"{epic}.1", "--note", "mine")
    call("done", f"{epic}.1", "--evidence", '{"commits": ["abc"]}')
    call("worker-phase", "done", "--task", f"{epic}.2", "--phase", "0")
    before = {path: path.read_bytes() for path in (repo / ".flow").rglob("*.md")}
    saved = call("checkpoint", "save", "--epic", epic)
    call("restart", f"{epic}.1")
    call("start", f"{epic}.1")
    call("epic", "set-branch", epic, "--branch", "x")
    call("task", "create", "--epic", epic, "--title", "Newer")

    told = call("checkpoint", "restore", "--epic", epic)

    assert saved["checkpoint_path"] == str(repo / ".flow" / f".checkpoint-{epic}.json")
    assert (saved["task_count"], told["tasks_restored"]) == (3, [f"{epic}.{number}" for number in (1, 2, 3)])
    assert {path: path.read_bytes() for path in before} == before
    shown = call("show", f"{epic}.1")
    assert (shown["status"], shown["evidence"]["commits"], shown["claim_note"]) == ("done", ["abc"], "mine")
    assert call("worker-phase", "next", "--task", f"{epic}.2")["completed_phases"] == ["0"]
    assert call("show", f"{epic}.4")["title"] == "Newer"
    assert call("validate", "--all")["valid"] is True


def test_a_checkpoint_is_deleted_once_and_missing_is_no_error(call: Call, epic: str) -> None:
    call("checkpoint", "save", "--epic", epic)

    assert call("checkpoint", "delete", "--epic", epic)["deleted"] is True
    assert call("checkpoint", "delete", "--epic", epic)["deleted"] is False
    with pytest.raises(NoCheckpoint, match="flowctl checkpoint save"):
        call("checkpoint", "restore", "--epic", epic)


@pytest.mark.parametrize("name", ["../evil.md", "epics/fn-9.md", "tasks/../../x.md", "config.json", "tasks/fn-9.1.md"])
def test_a_checkpoint_writes_nothing_but_its_epic(name: str, call: Call, epic: str, repo: Path) -> None:
    call("checkpoint", "save", "--epic", epic)
    file = repo / ".flow" / f".checkpoint-{epic}.json"
    kept = json.loads(file.read_text())
    kept["files"][name] = "x"
    file.write_text(json.dumps(kept))

    with pytest.raises(NoCheckpoint, match="no checkpoint of"):
        call("checkpoint", "restore", "--epic", epic)

    assert Project.find(repo).validate().valid
