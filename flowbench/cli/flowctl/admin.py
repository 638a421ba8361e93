"""Admin: verbs about the project as a whole: init, detect, status, doctor, validate, state-path, config, reindex."""

from __future__ import annotations

from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.verb import verb

_MARKS = {"pass": "ok", "warn": "!!", "fail": "XX"}


@verb(changes=True)
def init(session: Session) -> Answer:
    """Make .flow/ here, or what it lacks."""
    from flowbench.project import Project, stack

    project, actions = Project.init(session.cwd, dry_run=session.dry_run)
    if not session.dry_run:
        if actions:
            with project.change("init") as change:
                change.event("project_started", epic="", payload={"actions": actions})
        if not project.config.get("stack"):
            stack.look(project)
    message = f".flow/ updated: {', '.join(actions)}" if actions else ".flow/ already up to date"
    facts: dict[str, Any] = {"message": message, "path": str(project.layout.flow), "actions": actions}
    found = stack.detect(project.layout.root) if session.dry_run else project.config.get("stack")
    if found:
        facts["stack"] = found
    return Answer(facts, message)


@verb()
def detect(session: Session) -> Answer:
    """Say whether there is a project here, and whether it is sound."""
    from flowbench.project import condition

    facts = condition.detect(session.cwd)
    if not facts["exists"]:
        return Answer(facts, "No .flow/ here or above.")
    return Answer(facts, "\n".join([facts["path"], *facts.get("issues", ())]))


@verb()
@click.option("--interrupted", is_flag=True, help="Only open epics that were left in the middle.")
def status(session: Session, interrupted: bool) -> Answer:
    """Count epics and tasks, and show the loops that run."""
    from flowbench.project import NoProject, condition

    if interrupted:
        facts = condition.interrupted(session.project)
        rows = [
            (row["id"], row["title"], f"{row['done']}/{row['total']}", row["reason"]) for row in facts["interrupted"]
        ]
        return Answer(facts, aligned(rows) or "No epic was left in the middle.")
    try:
        project = session.project
    except NoProject:
        return Answer(condition.overview(None, session.root), "No .flow/ here or above: `flowctl init` makes one.")
    facts = condition.overview(project, session.root)
    session.warn()
    lines = [
        f"epics: {facts['epics']['open']} open, {facts['epics']['done']} done",
        f"tasks: {', '.join(f'{number} {word}' for word, number in facts['tasks'].items())}",
        *(f"loop {run['id']}: iteration {run['iteration']}" for run in facts["runs"]),
    ]
    return Answer(facts, "\n".join(lines))


@verb()
def doctor(session: Session) -> Answer:
    """Look at all that the project needs, and say what is wrong."""
    from flowbench.project import condition

    facts = condition.doctor(session.patient)
    table = aligned((_MARKS[each["status"]], each["name"], each["message"]) for each in facts["checks"])
    return Answer(facts, table, 0 if facts["healthy"] else 1)


@verb()
@click.option("--epic", metavar="ID")
@click.option("--all", "everything", is_flag=True)
def validate(session: Session, epic: str | None, everything: bool) -> Answer:
    """Check an epic, or all: files, ids, headings, dependencies, statuses."""
    from flowbench.project import ProjectError

    if epic is None and not everything:
        raise ProjectError("Must specify --epic or --all")
    report = session.patient.validate(None if everything else epic)
    rows: list[dict[str, Any]] = [
        {
            "epic": each.epic,
            "valid": each.valid,
            "errors": each.errors,
            "warnings": each.warnings,
            "task_count": each.task_count,
        }
        for each in report.epics
    ]
    lines = [
        *(f"error: {text}" for text in report.root_errors),
        *(f"warning: {text}" for text in report.root_warnings),
        *(f"{row['epic']}: error: {text}" for row in rows for text in row["errors"]),
        *(f"{row['epic']}: warning: {text}" for row in rows for text in row["warnings"]),
    ]
    counts = f"{counted(report.total_errors, 'error')}, {counted(report.total_warnings, 'warning')}"
    text = "\n".join([*lines, counts])
    if not everything:
        return Answer(rows[0], text, 0 if report.valid else 1)
    facts = {
        "valid": report.valid,
        "root_errors": report.root_errors,
        "epics": rows,
        "total_epics": len(rows),
        "total_tasks": report.total_tasks,
        "total_errors": report.total_errors,
        "total_warnings": report.total_warnings,
    }
    if report.root_warnings:
        facts["root_warnings"] = report.root_warnings
    return Answer(facts, text, 0 if report.valid else 1)


@verb()
@click.option("--task", metavar="ID", help="Also where what is known of this task is kept.")
def state_path(session: Session, task: str | None) -> Answer:
    """Show where claims, evidence and events are kept."""
    layout = session.project.layout
    facts = {"state_dir": str(layout.state)}
    if task is not None:
        wanted = session.project.resolve(task)
        facts["task_state_path"] = str(layout.state / "state.db")
        return Answer(facts, f"{layout.state / 'state.db'} (rows of {wanted})")
    return Answer(facts, str(layout.state))


@verb(changes=True)
@click.option("--clean", is_flag=True, help="Remove the files whose content was taken over.")
def migrate_state(session: Session, clean: bool) -> Answer:
    """Take over what an earlier flowctl knew of tasks."""
    from flowbench.project.migrating import migrate

    facts = migrate(session.project, clean=clean, dry_run=session.dry_run)
    return Answer(
        facts, f"{counted(len(facts['migrated']), 'task')} taken over, {len(facts['skipped'])} had nothing new"
    )


@verb(changes=True)
def reindex(session: Session) -> Answer:
    """Read all files anew, and make the cache again."""
    facts = session.project.reindex(dry_run=session.dry_run)
    counts = f"{counted(facts['epics_indexed'], 'epic')}, {counted(facts['tasks_indexed'], 'task')}"
    left = f", {counted(facts['files_skipped'], 'file')} left out" if facts["files_skipped"] else ""
    return Answer(facts, "\n".join([counts + left, *(f"warning: {text}" for text in facts["warnings"])]))


@click.group("config")
def config() -> None:
    """Show and change .flow/config.json by dotted keys."""


@verb(of=config)
@click.argument("key")
def get(session: Session, key: str) -> Answer:
    """Show the value of a key; null for one that is not there."""
    import json

    value = session.project.config.get(key)
    return Answer({"key": key, "value": value}, f"{key}: {json.dumps(value, ensure_ascii=False)}")


@verb("set", of=config, changes=True)
@click.argument("key")
@click.argument("value")
def set_(session: Session, key: str, value: str) -> Answer:
    """Give a key a value: true, false and digits are what they look like, all else is text."""
    from flowbench.project.config import value_of

    made = value_of(value)
    with session.project.change("config set", dry_run=session.dry_run) as change:
        change.set_config(key, made)
        change.event("config_set", epic="", payload={"key": key, "value": made})
    return Answer({"key": key, "value": made, "message": f"{key} set"}, f"{key} set")
