"""Project: epics and tasks are made, read, changed, renamed and archived, and the log tells it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowbench.project import (
    AlreadyThere,
    InvalidId,
    NoProject,
    NotFound,
    Project,
    ProjectError,
    Status,
    files,
    index,
    sections,
)


def test_init_makes_a_project_and_run_again_makes_nothing(tmp_path: Path) -> None:
    _, actions = Project.init(tmp_path)
    _, again = Project.init(tmp_path)

    assert actions == [
        "created epics/",
        "created specs/",
        "created tasks/",
        "created memory/",
        "created reviews/",
        "created meta.json",
        "created config.json",
    ]
    assert again == []
    assert Project.find(tmp_path / ".flow" / "epics").layout.root == tmp_path


def test_init_on_trial_makes_nothing(tmp_path: Path) -> None:
    _, actions = Project.init(tmp_path, dry_run=True)

    assert len(actions) == 7
    assert list(tmp_path.iterdir()) == []


def test_without_a_project_the_error_tells_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoProject, match=r"\.flow/ does not exist\. Run 'flowctl init' first\."):
        Project.find(tmp_path)


def test_tasks_are_numbered_on_and_listed_in_natural_order(project: Project, epic: str) -> None:
    with project.change("task create") as change:
        for n in range(8):
            change.create_task(epic, f"More {n}")

    assert [task.id for task in project.tasks()] == [f"{epic}.{n}" for n in range(1, 12)]
    assert project.problems == []
    assert project.validate().valid


def test_a_claim_makes_a_task_one_in_progress_and_done_ends_it(project: Project, epic: str) -> None:
    task = f"{epic}.1"
    with project.change("start") as change:
        change.set(task, status=Status.IN_PROGRESS)
        change.claim(task, note="first")
        change.event("task_started", task=task)
    working = project.task(task)
    with project.change("done") as change:
        change.set(task, status=Status.DONE)
        change.body(task, lambda body: sections.patched(body, sections.SUMMARY, "Schema ready"))
        change.evidence(task, {"commits": ["c0ffee1"]})
        change.note(task, completed_at=change.now, duration_seconds=12)
        change.event("task_completed", task=task)

    assert (working.status, working.assignee, working.claim_note) == (Status.IN_PROGRESS, "alice@example.com", "first")
    assert project.task(task).status is Status.DONE
    assert project.task(task).assignee is None
    assert sections.section(project.body(task), sections.SUMMARY) == "Schema ready"
    facts = project.facts(task)
    assert (facts["status"], facts["evidence"], facts["duration_seconds"]) == ("done", {"commits": ["c0ffee1"]}, 12)
    assert [event.type for event in project.events(task=task)] == ["task_created", "task_started", "task_completed"]
    assert project.state.read("SELECT epic_id, tasks_started, tasks_completed FROM daily_rollup") == [(epic, 1, 1)]


def test_an_error_in_the_block_drops_everything(project: Project, epic: str) -> None:
    before = project.body(f"{epic}.1"), project.events()

    def block() -> None:
        with project.change("block") as change:
            change.set(f"{epic}.1", status=Status.BLOCKED)
            change.event("task_blocked", task=f"{epic}.1")
            raise ProjectError("no")

    with pytest.raises(ProjectError, match="no"):
        block()

    assert (project.body(f"{epic}.1"), project.events()) == before
    assert project.task(f"{epic}.1").status is Status.TODO


def test_a_trial_tells_the_plan_and_touches_nothing(project: Project, epic: str) -> None:
    before = {path: path.read_bytes() for path in project.layout.flow.rglob("*") if path.is_file()}

    with project.change("task create", dry_run=True) as change:
        change.create_task(epic, "Fourth")
        change.claim(f"{epic}.1")

    assert change.plan["written"] == [f".flow/tasks/{epic}.4.md"]
    assert change.plan["events"] == [{"type": "task_created", "epic": epic, "task": f"{epic}.4", "title": "Fourth"}]
    assert {path: path.read_bytes() for path in project.layout.flow.rglob("*") if path.is_file()} == before


def test_what_a_block_has_staged_it_reads(project: Project, epic: str) -> None:
    with project.change("restart") as change:
        change.set(f"{epic}.1", status=Status.DONE)
        made = change.create_task(epic, "Fourth")
        seen = {task.id: task.status for task in change.tasks(epic)}

    assert seen[f"{epic}.1"] is Status.DONE
    assert seen[made.id] is Status.TODO


def test_a_new_title_is_a_new_id_everywhere(project: Project, epic: str) -> None:
    with project.change("epic create") as change:
        other = change.create_epic("Later").id
        change.set(other, depends_on_epics=[epic])
        change.set_gaps(epic, [{"id": "gap-1", "capability": "x", "status": "open", "priority": "required"}])
        change.claim(f"{epic}.2")

    with project.change("epic set-title") as change:
        told = change.rename_epic(epic, "Billing")

    new = told["new_id"]
    assert new == "fn-1-billing"
    assert told == {
        "old_id": epic,
        "new_id": new,
        "title": "Billing",
        "files_renamed": 6,
        "tasks_updated": 3,
        "updated_deps_in": [other],
    }
    assert [task.id for task in project.tasks(new)] == [f"{new}.1", f"{new}.2", f"{new}.3"]
    assert project.task(f"{new}.3").depends_on == [f"{new}.2"]
    assert project.task(f"{new}.2").status is Status.IN_PROGRESS
    assert project.body(f"{new}.1").startswith(f"# {new}.1 Design schema\n")
    assert project.gaps(new)[0]["id"] == "gap-1"
    assert project.spec(new).startswith(f"# {new} Billing\n")
    assert project.epic(other).depends_on_epics == [new]
    assert not [path for path in project.layout.flow.rglob(f"*{epic}*") if ".state" not in path.parts]


def test_an_archived_epic_is_gone_and_its_number_is_not_given_again(project: Project, epic: str) -> None:
    with project.change("epic archive") as change:
        moved = change.archive(epic)
    with project.change("epic create") as change:
        later = change.create_epic("Later").id

    assert moved == [
        f"epics/{epic}.md",
        f"specs/{epic}.md",
        f"tasks/{epic}.1.md",
        f"tasks/{epic}.2.md",
        f"tasks/{epic}.3.md",
    ]
    assert later == "fn-2-later"
    assert [each.id for each in project.epics()] == [later]
    assert (project.layout.archive / epic / f"{epic}.3.md").is_file()


def test_a_short_id_finds_the_one_epic_with_its_number(project: Project, epic: str) -> None:
    assert project.epic("fn-1").id == epic
    assert project.task("fn-1.2").id == f"{epic}.2"
    with pytest.raises(NotFound, match=r"Epic fn-9 missing: .*epics/fn-9\.md"):
        project.epic("fn-9")


def test_dependencies_outside_of_the_epic_or_unknown_are_refused(project: Project, epic: str) -> None:
    with pytest.raises(ProjectError, match="within the same epic"), project.change("task create") as change:
        change.create_task(epic, "x", depends_on=["fn-7.1"])
    with pytest.raises(NotFound), project.change("task create") as change:
        change.create_task(epic, "x", depends_on=[f"{epic}.77"])
    with pytest.raises(InvalidId), project.change("task create") as change:
        change.create_task(epic, "x", depends_on=["../../etc/passwd"])

    assert len(project.tasks()) == 3


def test_one_task_is_shown_and_changed_without_a_look_at_the_others(
    project: Project, epic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("ten thousand files would have been looked at")

    monkeypatch.setattr(index, "load", refuse)
    monkeypatch.setattr(files, "scan", refuse)

    with project.change("start") as change:
        assert change.task(f"{epic}.1").status is Status.TODO
        change.set(f"{epic}.2", status=Status.IN_PROGRESS)
        change.claim(f"{epic}.2")

    assert project.facts(f"{epic}.2")["assignee"] == "alice@example.com"


def test_a_listing_loads_nothing_that_is_slow_to_load(project: Project, epic: str) -> None:
    slow = {"blueprint", "engine", "flow", "runtime"}
    code = (
        "import sys; from flowbench.project import Project; print(len(Project.find().tasks()));"
        "print(*sorted(sys.modules))"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=project.layout.root, capture_output=True, text=True, check=True
    )

    count, loaded = told.stdout.splitlines()
    assert count == "3"
    assert {f"flowbench.{room}" for room in slow} & set(loaded.split()) == set()
    assert {"ruamel", "ruamel.yaml", "click", "pandas", "subprocess", "asyncio"} & set(loaded.split()) == set()


def test_nothing_is_overwritten(project: Project, epic: str) -> None:
    (project.layout.specs / "fn-2-later.md").mkdir()  # no epic file has this number, and the name is taken

    with pytest.raises(AlreadyThere), project.change("x") as change:
        change.create(f"tasks/{epic}.1.md", "mine")

    assert project.validate().root_warnings == ["Orphaned spec: specs/fn-2-later.md has no epic"]
