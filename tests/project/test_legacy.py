"""Legacy: a project of the Python original is read as it is, and a record changes its form when it is first changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flowbench.project import Project, Status, sections

EPIC, TASK, OTHER = "fn-1-add-auth", "fn-1-add-auth.1", "fn-1-add-auth.2"
TIME = "2026-04-04T10:00:00.000000Z"


def write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """As flowctl.py has left it, in a repository."""
    top = tmp_path / "repo"
    flow = top / ".flow"
    for name in ("epics", "specs", "tasks", "memory", "reviews"):
        (flow / name).mkdir(parents=True)
    write(flow / "meta.json", {"schema_version": 2, "next_epic": 1})
    write(flow / "config.json", {"memory": {"enabled": True}})
    gaps = [{"id": "gap-1", "capability": "Reset", "status": "open", "priority": "required", "source": "manual"}]
    write(
        flow / "epics" / f"{EPIC}.json",
        {
            "id": EPIC,
            "title": "Add auth",
            "status": "open",
            "branch_name": EPIC,
            "plan_review_status": "ship",
            "plan_reviewed_at": TIME,
            "depends_on_epics": [],
            "default_impl": None,
            "gaps": gaps,
            "next_task": 1,
            "spec_path": f".flow/specs/{EPIC}.md",
            "created_at": TIME,
            "updated_at": TIME,
        },
    )
    (flow / "specs" / f"{EPIC}.md").write_text(sections.epic_body(EPIC, "Add auth"))
    for number, title in ((1, "Design"), (2, "Build")):
        id = f"{EPIC}.{number}"
        task = {
            "id": id,
            "epic": EPIC,
            "title": title,
            "status": "todo",
            "priority": number,
            "domain": None,
            "files": [],
            "spec_path": f".flow/tasks/{id}.md",
            "created_at": TIME,
            "updated_at": TIME,
            "mood": "odd",
        }
        write(flow / "tasks" / f"{id}.json", task | ({"deps": [TASK]} if number == 2 else {"depends_on": []}))
        (flow / "tasks" / f"{id}.md").write_text(sections.task_body(id, title))
    git(top, "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "by the original")
    state = top / ".git" / "flow-state" / "tasks"
    write(
        state / f"{TASK}.state.json",
        {
            "status": "done",
            "assignee": "bob",
            "claimed_at": TIME,
            "claim_note": "n",
            "completed_at": TIME,
            "duration_seconds": 60,
            "evidence": {"commits": ["c0ffee"], "tests": [], "prs": []},
            "phase_progress": {"current_phase": "2", "completed_phases": ["0", "1"], "started_at": TIME},
            "updated_at": "2026-04-04T11:00:00.000000Z",
        },
    )
    write(state / f"{OTHER}.state.json", {"status": "in_progress", "assignee": "bob", "claimed_at": TIME})
    return top


def git(folder: Path, *words: str) -> str:
    start = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run([*start, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_it_is_read_as_it_is(root: Path) -> None:
    project = Project.find(root)

    facts = project.facts(TASK)

    assert [(task.id, task.status) for task in project.tasks()] == [(TASK, Status.DONE), (OTHER, Status.IN_PROGRESS)]
    assert project.task(OTHER).depends_on == [TASK]
    assert project.epics()[0].plan_review_status == "ship"
    assert project.gaps(EPIC)[0]["capability"] == "Reset"
    assert {
        key: facts[key] for key in ("status", "assignee", "evidence", "duration_seconds", "updated_at", "mood")
    } == {
        "status": "done",
        "assignee": "bob",
        "evidence": {"commits": ["c0ffee"], "tests": [], "prs": []},
        "duration_seconds": 60,
        "updated_at": "2026-04-04T11:00:00.000000Z",
        "mood": "odd",
    }
    assert facts["phase_progress"]["completed_phases"] == ["0", "1"]
    assert set(project.phases(TASK)) == {"0", "1"}
    assert project.body(TASK).startswith(f"# {TASK} Design\n")
    assert project.validate().valid


def test_reading_and_taking_over_its_runtime_leaves_git_diff_empty(root: Path) -> None:
    project = Project.find(root)
    before = project.facts(TASK), project.facts(OTHER)

    first, again = project.reindex(), project.reindex()

    assert (first["runtime_states_migrated"], again["runtime_states_migrated"]) == (2, 0)
    assert (project.facts(TASK), project.facts(OTHER)) == before
    assert [task.status for task in project.tasks()] == [Status.DONE, Status.IN_PROGRESS]
    assert project.task(OTHER).assignee == "bob"
    assert project.validate().total_warnings == 0
    assert git(root, "status", "--porcelain") == ""


def test_the_first_edit_of_a_record_makes_it_markdown_and_no_other(root: Path) -> None:
    project = Project.find(root)

    with project.change("done") as change:
        change.set(OTHER, status=Status.DONE)

    assert git(root, "status", "--porcelain").splitlines() == [
        f" D .flow/tasks/{OTHER}.json",
        f" M .flow/tasks/{OTHER}.md",
    ]
    stored = project.stored(OTHER)
    assert stored.form == "markdown"
    assert stored.body == sections.task_body(OTHER, "Build")
    assert list(stored.values)[:5] == ["schema_version", "id", "epic", "title", "status"]
    assert {key: stored.values[key] for key in ("status", "deps", "mood", "created_at")} == {
        "status": "done",
        "deps": [TASK],
        "mood": "odd",
        "created_at": TIME,
    }
    assert project.task(OTHER).depends_on == [TASK]
    assert project.runtime(OTHER).assignee == "bob"
    assert [task.status for task in project.tasks()] == [Status.DONE, Status.DONE]
    assert project.validate().valid


def test_a_change_of_its_state_alone_keeps_what_was_known(root: Path) -> None:
    project = Project.find(root)

    with project.change("phase") as change:
        change.phase(TASK, "2")

    assert set(project.phases(TASK)) == {"0", "1", "2"}
    assert project.runtime(TASK).evidence == {"commits": ["c0ffee"], "tests": [], "prs": []}
    assert git(root, "status", "--porcelain") == ""


def test_what_is_forgotten_does_not_come_back_from_the_old_files(root: Path) -> None:
    project = Project.find(root)

    with project.change("restart") as change:
        change.set(TASK, status=Status.TODO)
        change.clear(TASK)

    assert project.task(TASK).status is Status.TODO
    assert (project.runtime(TASK).assignee, project.runtime(TASK).evidence) == (None, None)
    assert project.phases(TASK) == {}


def test_gaps_move_beside_the_epic_when_it_becomes_markdown(root: Path) -> None:
    project = Project.find(root)

    with project.change("x") as change:
        change.set(EPIC, branch_name="feat")

    assert project.gaps(EPIC)[0]["id"] == "gap-1"
    assert project.epic(EPIC).branch_name == "feat"
    assert project.epic(EPIC).plan_reviewed_at == TIME
    assert not (root / ".flow" / "epics" / f"{EPIC}.json").exists()
    assert project.spec(EPIC).startswith(f"# {EPIC} Add auth")


def test_it_can_be_renamed_as_a_whole(root: Path) -> None:
    project = Project.find(root)

    with project.change("epic set-title") as change:
        told = change.rename_epic(EPIC, "Billing")

    assert told["tasks_updated"] == 2
    assert [(task.id, task.status, task.depends_on) for task in project.tasks()] == [
        ("fn-1-billing.1", Status.DONE, []),
        ("fn-1-billing.2", Status.IN_PROGRESS, ["fn-1-billing.1"]),
    ]
    assert project.runtime("fn-1-billing.1").evidence == {"commits": ["c0ffee"], "tests": [], "prs": []}
    assert project.validate().valid


def test_names_of_the_rust_flowctl_are_read_and_kept(root: Path) -> None:
    path = root / ".flow" / "epics" / "fn-2.md"
    text = (
        "---\nschema_version: 1\nid: fn-2\ntitle: Rust\nstatus: open\nbranch: feat\nplan_review: passed\n---\n# body\n"
    )
    path.write_text(text)
    project = Project.find(root)

    epic = project.epic("fn-2")
    with project.change("x") as change:
        change.set("fn-2", plan_review_status="needs_work", branch_name="other")

    assert (epic.branch_name, epic.plan_review_status) == ("feat", "ship")
    assert "branch: other\nplan_review: failed\n" in path.read_text()
    assert project.epic("fn-2").plan_review_status == "needs_work"


def test_markdown_without_fields_is_a_task_with_the_title_of_its_heading(root: Path) -> None:
    path = root / ".flow" / "tasks" / f"{EPIC}.3.md"
    path.write_text(f"# {EPIC}.3 Write tests\n\n## Description\nx\n")
    project = Project.find(root)

    title = project.tasks()[2].title
    with project.change("x") as change:
        change.set(f"{EPIC}.3", status=Status.SKIPPED)

    assert title == "Write tests"
    assert path.read_text().endswith(f"---\n# {EPIC}.3 Write tests\n\n## Description\nx\n")
    assert project.task(f"{EPIC}.3").status is Status.SKIPPED


def test_a_record_in_both_forms_is_read_once_and_told(root: Path) -> None:
    path = root / ".flow" / "tasks" / f"{TASK}.md"
    path.write_text(f"---\nid: {TASK}\ntitle: Newer\n---\n{path.read_text()}")
    project = Project.find(root)

    assert project.tasks()[0].title == project.task(TASK).title == "Newer"
    assert [problem.name for problem in project.problems] == [f"tasks/{TASK}.json"]


@pytest.mark.parametrize("text", ["{", "[]", '"x"'], ids=["broken", "a list", "a text"])
def test_json_that_is_no_record_is_told(root: Path, text: str) -> None:
    (root / ".flow" / "tasks" / f"{TASK}.json").write_text(text)
    project = Project.find(root)

    listed = [task.id for task in project.tasks()]

    assert listed == [OTHER]
    assert [problem.name for problem in project.problems] == [f"tasks/{TASK}.json"]
