"""Validate: each fault is named once, and what the state says otherwise is a warning."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench.project import InvalidConfig, NotFound, Project, SchemaUnknown, Status
from flowbench.project.config import Config, value_of

Spoil = Callable[[Project, str], object]


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def task(project: Project, epic: str, number: int) -> Path:
    return project.layout.tasks / f"{epic}.{number}.md"


def record(project: Project, epic: str) -> Path:
    return project.layout.epics / f"{epic}.md"


def gaps(project: Project, epic: str, text: str) -> None:
    (project.layout.epics / f"{epic}.gaps.json").write_text(text)


def second_with_its_number(project: Project, epic: str) -> None:
    record(project, "fn-1").write_text("---\nid: fn-1\ntitle: Other\n---\n")
    (project.layout.specs / "fn-1.md").write_text("# x\n")


ERRORS: dict[str, tuple[Spoil, str]] = {
    "no spec": (lambda p, e: (p.layout.specs / f"{e}.md").unlink(), "Epic spec missing: specs/{e}.md"),
    "no meta": (lambda p, e: (p.layout.flow / "meta.json").unlink(), "meta.json missing"),
    "no folder": (lambda p, e: (p.layout.flow / "memory").rmdir(), "Required directory missing: memory/"),
    "bad config": (lambda p, e: (p.layout.flow / "config.json").write_text("{"), "config.json: no JSON"),
    "two epics of a number": (second_with_its_number, "Epic number 1 is there more than once: fn-1, {e}"),
    "unknown epic dependency": (
        lambda p, e: edit(record(p, e), "status:", "depends_on_epics: [fn-9]\nstatus:"),
        "depends_on_epics names fn-9, which is not there",
    ),
    "epic depends on itself": (
        lambda p, e: edit(record(p, e), "status:", f"depends_on_epics: [{e}]\nstatus:"),
        "names the epic itself",
    ),
    "done too early": (
        lambda p, e: edit(record(p, e), "status: open", "status: done"),
        "Epic {e} is done, but task {e}.1 is todo",
    ),
    "gap twice": (
        lambda p, e: gaps(
            p, e, json.dumps([{"id": "g", "capability": "x", "status": "open", "priority": "required"}] * 2)
        ),
        "gap g is there twice",
    ),
    "gap without words": (lambda p, e: gaps(p, e, '[{"id": "g"}]'), "gap g has no capability"),
    "gaps that are no JSON": (lambda p, e: gaps(p, e, "["), "no JSON"),
    "missing dependency": (
        lambda p, e: edit(task(p, e, 1), "depends_on: []", f"depends_on: [{e}.8]"),
        "Task {e}.1: dependency {e}.8 is missing",
    ),
    "dependency elsewhere": (
        lambda p, e: edit(task(p, e, 1), "depends_on: []", "depends_on: [fn-2.1]"),
        "dependency fn-2.1 is outside of the epic",
    ),
    "dependency that is no id": (
        lambda p, e: edit(task(p, e, 1), "depends_on: []", "depends_on: [../x]"),
        "depends_on has an invalid id: '../x'",
    ),
    "cycle": (
        lambda p, e: edit(task(p, e, 1), "depends_on: []", f"depends_on: [{e}.3]"),
        "Dependency cycle: {e}.1 -> {e}.3 -> {e}.2 -> {e}.1",
    ),
    "heading gone": (
        lambda p, e: edit(task(p, e, 2), "## Acceptance", "## Acceptence"),
        "Task {e}.2: Missing required heading: ## Acceptance",
    ),
    "heading twice": (
        lambda p, e: edit(task(p, e, 2), "## Evidence", "## Acceptance\n## Evidence"),
        "Task {e}.2: Duplicate heading: ## Acceptance (found 2 times)",
    ),
    "unknown status": (
        lambda p, e: edit(task(p, e, 2), "status: todo", "status: finished"),
        "Invalid status: 'finished'",
    ),
    "unknown domain": (
        lambda p, e: edit(task(p, e, 1), "domain: architecture", "domain: magic"),
        "unknown domain 'magic'",
    ),
    "conflict in the text": (
        lambda p, e: edit(task(p, e, 1), "TBD", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x"),
        "Task {e}.1: git has left a merge conflict in its text",
    ),
    "conflict in the fields": (
        lambda p, e: edit(task(p, e, 1), "status: todo", "<<<<<<< HEAD\nstatus: todo\n=======\n>>>>>>> x"),
        "line 6, column 1: git has left a merge conflict here",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_fault_is_one_error_that_names_it(name: str, project: Project, epic: str) -> None:
    assert project.validate().valid
    spoil, words = ERRORS[name]

    spoil(project, epic)

    report = project.validate()
    errors = report.root_errors + [error for each in report.epics for error in each.errors]
    assert not report.valid
    assert [words.format(e=epic) in error for error in errors].count(True) == 1
    assert report.total_errors == len(errors)


def test_one_epic_alone_can_be_asked_for(project: Project, epic: str) -> None:
    (project.layout.flow / "memory").rmdir()

    report = project.validate("fn-1")

    assert (report.valid, [each.epic for each in report.epics], report.total_tasks) == (True, [epic], 3)
    with pytest.raises(NotFound):
        project.validate("fn-7")


def test_skipped_tasks_do_not_keep_an_epic_open(project: Project, epic: str) -> None:
    with project.change("close") as change:
        for n, status in enumerate((Status.DONE, Status.SKIPPED, Status.DONE), start=1):
            change.set(f"{epic}.{n}", status=status)
        change.set(epic, status="done")

    assert project.validate().valid


def test_where_file_and_state_differ_is_a_warning(project: Project, epic: str) -> None:
    with project.change("x") as change:
        change.set(f"{epic}.1", status=Status.IN_PROGRESS)
        change.claim(f"{epic}.1")
        change.set(f"{epic}.2", status=Status.DONE)
    edit(task(project, epic, 1), "status: in_progress", "status: done")
    edit(task(project, epic, 2), "status: done", "status: todo")
    edit(task(project, epic, 3), "status: todo", "status: in_progress")

    report = project.validate()

    assert report.valid
    assert report.epics[0].warnings == [
        f"Task {epic}.1: claimed by alice@example.com, so it is in_progress; its file says done",
        f"Task {epic}.2: its file says todo; flowctl has last made it done",
        f"Task {epic}.3: its file says in_progress, but nobody on this machine has claimed it",
    ]
    assert project.task(f"{epic}.1").status is Status.IN_PROGRESS
    assert project.task(f"{epic}.2").status is Status.TODO


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET actor='eve' WHERE id=2",
        "DELETE FROM events WHERE id=2",
        "UPDATE events SET payload='{}' WHERE id=3",
    ],
    ids=["another actor", "a line less", "another payload"],
)
def test_a_log_that_was_tampered_with_is_told(damage: str, project: Project, epic: str) -> None:
    project.close()
    with sqlite3.connect(project.state.path) as connection:
        connection.execute(damage)
    connection.close()

    assert [error for error in project.validate().root_errors if error.startswith("state.db: event")]


def test_a_project_of_a_newer_schema_is_not_touched(project: Project) -> None:
    (project.layout.flow / "meta.json").write_text('{"schema_version": 3}')

    with pytest.raises(SchemaUnknown, match="expected 1, 2, got 3"):
        Project.find(project.layout.root)
    assert "schema_version unsupported" in project.validate().root_errors[0]


@pytest.mark.parametrize("version", [1, 2])
def test_both_schemas_are_read(project: Project, version: int) -> None:
    (project.layout.flow / "meta.json").write_text(json.dumps({"schema_version": version}))

    assert Project.find(project.layout.root).validate().valid


def test_config_has_defaults_dotted_keys_and_values_that_look_like_themselves() -> None:
    config = Config({"memory": {"enabled": False}, "own": 1})

    changed = config.with_value("stack.backend.test", value_of("pytest")).with_value("max_retries", value_of("3"))

    assert (config.get("memory.enabled"), config.get("planSync.enabled"), config.get("own")) == (False, True, 1)
    assert [config.get(key) for key in ("stack", "nope", "own.deeper", "review.backend")] == [None] * 4
    assert changed.written["stack"] == {"backend": {"test": "pytest"}}
    assert (changed.max_retries, config.max_retries) == (3, 0)
    assert [value_of(text) for text in ("TRUE", "false", "12", "1.5", "x")] == [True, False, 12, "1.5", "x"]
    with pytest.raises(InvalidConfig):
        config.with_value("a..b", 1)


def test_an_old_config_is_filled_up_by_init(project: Project) -> None:
    (project.layout.flow / "config.json").write_text('{"memory": {"enabled": false}, "own": 1}')

    _, actions = Project.init(project.layout.root)

    assert actions == ["upgraded config.json"]
    assert project.config.written["memory"] == {"enabled": False}
    assert project.config.written["scouts"] == {"github": False}
    assert project.config.written["own"] == 1
