"""Choose: what is ready, what is next, and the queue of epics."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench.project import BadEpicsFile, NotFound, Project
from tests.cli.flowctl.conftest import Call


@pytest.fixture
def other(repo: Path, epic: str) -> str:
    """A second epic, which waits for the first."""
    project = Project.find(repo)
    with project.change("test") as change:
        made = change.create_epic("Ship it").id
        change.set(made, depends_on_epics=[epic])
        change.create_task(made, "Release", priority=2)
        change.create_task(made, "Announce", priority=1)
    project.close()
    return made


def test_ready_says_what_each_task_waits_for(call: Call, epic: str) -> None:
    assert call("ready", "--epic", epic) == {
        "success": True,
        "epic": epic,
        "actor": "alice@example.com",
        "ready": [{"id": f"{epic}.1", "title": "Design schema", "depends_on": []}],
        "in_progress": [],
        "blocked": [
            {"id": f"{epic}.2", "title": "Implement store", "blocked_by": [f"{epic}.1"]},
            {"id": f"{epic}.3", "title": "Implement API", "blocked_by": [f"{epic}.2"]},
        ],
    }


def test_ready_tells_states_that_hold_a_task(call: Call, epic: str, say: Callable[..., str]) -> None:
    call("start", f"{epic}.1")
    call("block", f"{epic}.2", "--reason", "x")
    call("fail", f"{epic}.3", "--force")

    told = call("ready", "--epic", epic)

    assert told["in_progress"] == [{"id": f"{epic}.1", "title": "Design schema", "assignee": "alice@example.com"}]
    assert [task["blocked_by"] for task in told["blocked"]] == [["status=blocked"], ["status=failed"]]
    assert "waiting:\n" in say("ready", "--epic", epic)


def test_next_goes_on_with_ones_own_work_first(call: Call, epic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("next")["task"] == f"{epic}.1"
    call("start", f"{epic}.2", "--force")

    mine = call("next")
    monkeypatch.setenv("FLOW_ACTOR", "bob@example.com")
    of_bob = call("next")

    assert (mine["status"], mine["task"], mine["reason"]) == ("work", f"{epic}.2", "resume_in_progress")
    assert (of_bob["status"], of_bob["task"], of_bob["reason"]) == ("work", f"{epic}.1", "ready_task")


def test_next_holds_the_gates(call: Call, epic: str, repo: Path) -> None:
    assert call("next", "--require-plan-review") == {
        "success": True,
        "status": "plan",
        "epic": epic,
        "task": None,
        "reason": "needs_plan_review",
    }
    for number in (1, 2, 3):
        call("done", f"{epic}.{number}", "--force")
    assert call("next", "--require-completion-review")["status"] == "completion_review"
    assert call("next")["reason"] == "none"
    with Project.find(repo).change("test") as change:
        change.set(epic, plan_review_status="ship", completion_review_status="ship")
    assert call("next", "--require-plan-review", "--require-completion-review")["status"] == "none"


def test_next_waits_for_other_epics(call: Call, epic: str, other: str, repo: Path) -> None:
    for number in (1, 2, 3):
        call("block", f"{epic}.{number}", "--reason", "x")

    told = call("next")
    with Project.find(repo).change("test") as change:
        change.set(epic, status="done")

    assert (told["reason"], told["blocked_epics"]) == ("blocked_by_epic_deps", {other: [epic]})
    assert call("next")["task"] == f"{other}.2"  # by priority


def test_next_keeps_to_the_epics_of_a_file(call: Call, epic: str, other: str, repo: Path) -> None:
    (repo / "epics.json").write_text(json.dumps({"epics": [other]}))
    (repo / "none.json").write_text(json.dumps({"epics": ["fn-9"]}))
    (repo / "bad.json").write_text("{")

    assert call("next", "--epics-file", "epics.json")["reason"] == "blocked_by_epic_deps"
    with pytest.raises(NotFound):
        call("next", "--epics-file", "none.json")
    for name in ("bad.json", "nope.json"):
        with pytest.raises(BadEpicsFile):
            call("next", "--epics-file", name)


def test_the_queue_has_what_can_be_done_first(call: Call, epic: str, other: str) -> None:
    call("done", f"{epic}.1", "--force")

    told = call("queue")

    assert [row["id"] for row in told["epics"]] == [epic, other]
    assert told["epics"][0]["tasks"] == {"todo": 2, "in_progress": 0, "done": 1, "blocked": 0, "ready": 1}
    assert (told["epics"][0]["total_tasks"], told["epics"][0]["progress"]) == (3, 33)
    assert told["epics"][1]["blocked_by"] == [epic]
    assert (told["actor"], told["total"]) == ("alice@example.com", 2)


def test_people_are_told_in_words(say: Callable[..., str], epic: str, other: str) -> None:
    assert say("next") == f"{epic}.1: ready to start"
    assert f"waits for {epic}" in say("queue")
    assert say("ready", "--epic", other).startswith("ready:\n")
