"""Exporting: what is told of a project makes the same project elsewhere, whichever flowctl has made it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from flowbench.project import AlreadyThere, NoProject, Project, ProjectError, Status
from tests.project.conftest import BEGIN
from tests.project.test_legacy import EPIC, OTHER, TASK, git, root

__all__ = ["root"]


def told(project: Project) -> dict[str, Any]:
    """An export without what differs from place to place."""
    found = project.export()
    found["events"] = [{**event, "id": 0} for event in found["events"] if event["type"] != "project_imported"]
    return {**found, "exported_at": ""}


@pytest.fixture
def other(tmp_path: Path) -> Project:
    """An empty project."""
    made, _ = Project.init(tmp_path / "other", clock=lambda: BEGIN)
    return made


def busy(project: Project, epic: str) -> None:
    with project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)
        change.evidence(f"{epic}.1", {"commits": ["c0ffee"]})
        change.note(f"{epic}.1", completed_at=change.now, duration_seconds=5)
        change.phase(f"{epic}.2", "0")
        change.set(f"{epic}.2", status=Status.IN_PROGRESS)
        change.claim(f"{epic}.2", note="n")
        change.set_gaps(epic, [{"id": "gap-1", "capability": "x", "status": "open", "priority": "required"}])
        change.write("memory/index.jsonl", "{}\n")
        change.write("invariants.md", "# Invariants\n")
        change.event("task_completed", task=f"{epic}.1")


def test_an_export_makes_the_same_project_elsewhere(
    project: Project, epic: str, other: Project, tmp_path: Path
) -> None:
    busy(project, epic)
    file = tmp_path / "all.json"
    file.write_text(json.dumps(project.export()))

    made = other.import_(file)

    assert told(other) == told(project)
    assert made["tasks"] == [f"{epic}.1", f"{epic}.2", f"{epic}.3"]
    assert other.task(f"{epic}.2").assignee == "alice@example.com"
    assert other.validate().valid
    assert other.events()[-1].type == "project_imported"


def test_a_folder_is_taken_in_like_an_export(project: Project, epic: str, other: Project) -> None:
    busy(project, epic)

    other.import_(project.layout.root)

    assert told(other) == told(project)


def test_what_is_here_already_is_not_overwritten(project: Project, epic: str, other: Project) -> None:
    export = project.export()
    other.import_(export)
    before = told(other)

    with pytest.raises(AlreadyThere):
        other.import_(export)

    assert told(other) == before


def test_on_trial_nothing_is_taken_in(project: Project, epic: str, other: Project) -> None:
    made = other.import_(project.export(), dry_run=True)

    assert len(made["tasks"]) == 3
    assert other.tasks() == []


@pytest.mark.parametrize("source", ["nowhere", "empty", "list.json", "other.json"])
def test_what_is_no_project_is_refused(source: str, other: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "other.json").write_text("{}")

    with pytest.raises(ProjectError if source != "empty" else NoProject):
        other.import_(tmp_path / source)


def test_an_export_cannot_reach_outside(other: Project, project: Project, epic: str) -> None:
    export = project.export()
    export["files"]["../../outside"] = "x"

    with pytest.raises(ProjectError, match="no file of the project"):
        other.import_(export)

    assert other.tasks() == []


def test_the_records_of_the_original_become_markdown_when_it_is_asked_for(root: Path) -> None:
    project = Project.find(root)
    facts = project.facts(TASK), project.facts(OTHER)
    trial = project.import_(dry_run=True)

    made = project.import_()

    assert trial == made == {**made, "epics": [EPIC], "tasks": [TASK, OTHER], "runtime_states_migrated": 2}
    assert (project.facts(TASK), project.facts(OTHER)) == facts
    assert list((root / ".flow").rglob(f"{EPIC}*.json")) == [root / ".flow" / "epics" / f"{EPIC}.gaps.json"]
    assert project.import_()["tasks"] == []
    assert project.validate().valid


def test_a_project_of_the_original_is_taken_in_elsewhere_without_a_trace_in_it(root: Path, other: Project) -> None:
    other.import_(root)

    assert git(root, "status", "--porcelain") == ""
    assert [(task.id, task.status) for task in other.tasks()] == [(TASK, Status.DONE), (OTHER, Status.IN_PROGRESS)]
    assert other.runtime(TASK).evidence == {"commits": ["c0ffee"], "tests": [], "prs": []}
    assert other.gaps(EPIC)[0]["id"] == "gap-1"


def test_what_the_rust_flowctl_knew_is_taken_over(project: Project, epic: str) -> None:
    with project.change("x") as change:
        change.set(f"{epic}.1", status=Status.DONE)
        change.set(f"{epic}.2", status=Status.IN_PROGRESS)
        change.forget(f"{epic}.1")
        change.forget(f"{epic}.2")
    with sqlite3.connect(project.layout.state / "flowctl.db") as connection:
        connection.executescript(
            "CREATE TABLE runtime_state(task_id TEXT PRIMARY KEY, assignee TEXT, claimed_at TEXT, completed_at TEXT,"
            " duration_secs INTEGER, blocked_reason TEXT, baseline_rev TEXT, final_rev TEXT);"
            "CREATE TABLE evidence(task_id TEXT PRIMARY KEY, commits TEXT, tests TEXT, files_changed INTEGER,"
            " insertions INTEGER, deletions INTEGER, review_iters INTEGER);"
            "CREATE TABLE phase_progress(task_id TEXT, phase TEXT, status TEXT, completed_at TEXT);"
            f"INSERT INTO runtime_state VALUES('{epic}.1','bob','t1','t2',60,NULL,'a','b');"
            f"INSERT INTO runtime_state VALUES('{epic}.2','eve','t3',NULL,NULL,NULL,NULL,NULL);"
            f"INSERT INTO evidence VALUES('{epic}.1','[\"c1\"]',NULL,2,3,4,1);"
            f"INSERT INTO phase_progress VALUES('{epic}.2','0','done','t4'),('{epic}.2','1','pending',NULL);"
        )
    connection.close()

    migrated = project.reindex()["runtime_states_migrated"]

    first, second = project.runtime(f"{epic}.1"), project.task(f"{epic}.2")
    assert migrated == 2
    assert (first.assignee, first.duration_seconds, first.final_rev) == ("bob", 60, "b")
    assert first.evidence == {
        "commits": ["c1"],
        "tests": [],
        "files_changed": 2,
        "insertions": 3,
        "deletions": 4,
        "review_iterations": 1,
    }
    assert (second.status, second.assignee) == (Status.IN_PROGRESS, "eve")
    assert project.phases(f"{epic}.2") == {"0": "t4"}
    assert project.task(f"{epic}.1").status is Status.DONE
    assert project.validate().total_warnings == 0
