"""Query: verbs that show what there is: show, epics, tasks, list, cat, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import MARKS, aligned, counted
from flowbench.cli.flowctl.verb import verb
from flowbench.project.records import DOMAINS
from flowbench.project.status import Status

Facts = Mapping[str, Any]


@verb()
@click.argument("id")
def show(session: Session, id: str) -> Answer:
    """Show an epic with its tasks, or a task with all that is known of it. ID: fn-1-add-auth, fn-1-add-auth.2, fn-1."""
    facts = session.project.facts(id)
    return Answer(facts, _epic(facts) if "tasks" in facts else _task(facts))


@verb()
def epics(session: Session) -> Answer:
    """List the epics, and how far each is."""
    from flowbench.project import listing

    facts = listing.epics(session.project)
    session.warn()
    return Answer(facts, _epics(facts["epics"]) or "No epics yet: `flowctl epic create --title ...` makes one.")


@verb()
@click.option("--epic", metavar="ID", help="Only those of one epic.")
@click.option("--status", type=click.Choice([each.value for each in Status]), help="Only those in one state.")
@click.option("--domain", type=click.Choice(DOMAINS), help="Only those of one domain; a task without one is general.")
def tasks(session: Session, epic: str | None, status: str | None, domain: str | None) -> Answer:
    """List tasks, by epic and number."""
    from flowbench.project import listing

    facts = listing.tasks(session.project, epic, status=Status(status) if status else None, domain=domain)
    session.warn()
    return Answer(facts, _tasks(facts["tasks"]) or "No tasks.")


@verb()
def list_(session: Session) -> Answer:
    """List all epics and their tasks."""
    from flowbench.project import listing

    facts = listing.everything(session.project)
    session.warn()
    if not facts["epics"] and not facts["tasks"]:
        return Answer(facts, "No epics yet: `flowctl epic create --title ...` makes one.")
    by_epic: dict[str, list[Facts]] = {epic["id"]: [] for epic in facts["epics"]}
    for task in facts["tasks"]:
        by_epic[task["epic"]].append(task)
    parts = [
        "\n".join(filter(None, [_epics([epic]), _indented(_tasks(by_epic[epic["id"]]))])) for epic in facts["epics"]
    ]
    counts = f"{counted(facts['epic_count'], 'epic')}, {counted(facts['task_count'], 'task')}"
    return Answer(facts, "\n\n".join([*parts, counts]))


@verb()
@click.argument("id")
def cat(session: Session, id: str) -> Answer:
    """Print the Markdown of an epic's spec or of a task, without its fields."""
    from flowbench.project import ids

    project = session.project
    text = project.spec(id) if isinstance(ids.parse(id), ids.EpicId) else project.body(id)
    return Answer({}, text, is_raw=True)


@verb()
@click.option("--epic", required=True, metavar="ID")
def files(session: Session, epic: str) -> Answer:
    """Show which task of an epic owns which file, and files that several own."""
    from flowbench.project import listing

    facts = listing.files(session.project, epic)
    rows = [
        ("!" if name in facts["conflicts"] else " ", name, ", ".join(owners))
        for name, owners in facts["ownership"].items()
    ]
    if not rows:
        return Answer(facts, f"No task of {facts['epic']} names a file.")
    conflicts = facts["conflict_count"]
    last = f"{counted(conflicts, 'file')} with several owners (!)" if conflicts else "no file has several owners"
    return Answer(facts, f"{aligned(rows)}\n{counted(len(rows), 'file')}, {last}")


def _epics(rows: Sequence[Facts]) -> str:
    return aligned((MARKS[row["status"]], row["id"], row["title"], f"{row['done']}/{row['tasks']}") for row in rows)


def _tasks(rows: Sequence[Facts]) -> str:
    return aligned(
        (
            MARKS[row["status"]],
            row["id"],
            row["title"],
            row["status"],
            "" if row["priority"] is None else f"p{row['priority']}",
            f"after {', '.join(map(_short, row['depends_on']))}" if row["depends_on"] else "",
        )
        for row in rows
    )


def _short(id: str) -> str:
    return f".{id.rpartition('.')[2]}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _epic(facts: Facts) -> str:
    told = [
        ("status", facts["status"]),
        ("branch", facts["branch_name"]),
        ("plan review", facts["plan_review_status"]),
        ("completion review", facts["completion_review_status"]),
        ("after epics", ", ".join(facts["depends_on_epics"])),
        ("spec", facts["spec_path"]),
        ("open gaps", ", ".join(gap["capability"] for gap in facts["gaps"] if gap.get("status") == "open")),
    ]
    rows = [{**task, "epic": facts["id"]} for task in facts["tasks"]]
    return "\n".join(filter(None, [f"{facts['id']}  {facts['title']}", _facts(told), _indented(_tasks(rows))]))


def _task(facts: Facts) -> str:
    evidence = facts.get("evidence") or {}
    told = [
        ("status", facts["status"]),
        ("priority", facts["priority"]),
        ("domain", facts["domain"]),
        ("after", ", ".join(facts["depends_on"])),
        ("files", ", ".join(facts["files"])),
        ("assignee", facts["assignee"]),
        ("claimed", facts["claimed_at"]),
        ("note", facts["claim_note"]),
        ("blocked", facts.get("blocked_reason")),
        ("commits", ", ".join(map(str, evidence.get("commits") or ()))),
        ("tests", ", ".join(map(str, evidence.get("tests") or ()))),
        ("PRs", ", ".join(map(str, evidence.get("prs") or ()))),
        ("took", _took(facts.get("duration_seconds"))),
        ("text", facts["spec_path"]),
    ]
    return f"{facts['id']}  {facts['title']}\n{_facts(told)}"


def _took(seconds: float | None) -> str | None:
    from flowbench.project import sections

    return None if seconds is None else sections.duration(seconds)


def _facts(told: list[tuple[str, Any]]) -> str:
    return _indented(aligned((name, value) for name, value in told if value not in (None, "")))
