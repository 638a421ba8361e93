"""Task: verbs that make a task, change its text, fields and dependencies, skip and split it."""

from __future__ import annotations

import json
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import alias, verb
from flowbench.project import sections, tasks
from flowbench.project.records import DOMAINS


@click.group("task")
def task() -> None:
    """Make tasks, change what they say, skip and split them."""


@verb(of=task, changes=True)
@click.option("--epic", required=True, metavar="ID")
@click.option("--title", required=True, metavar="TEXT")
@click.option("--deps", default="", metavar="IDS", help="Tasks of the same epic that it waits for, with commas.")
@click.option("--acceptance-file", metavar="FILE", help="When it is done, as Markdown; - reads standard input.")
@click.option("--priority", type=int, metavar="N", help="Lower ones first; none is 999.")
@click.option("--domain", type=click.Choice(DOMAINS))
@click.option("--files", default="", metavar="FILES", help="Files that it owns, with commas.")
def create(
    session: Session,
    epic: str,
    title: str,
    deps: str,
    acceptance_file: str | None,
    priority: int | None,
    domain: str | None,
    files: str,
) -> Answer:
    """Make a task of an epic."""
    return said(
        tasks.create(
            session.project,
            epic,
            title,
            depends_on=listed(deps),
            acceptance=session.text(acceptance_file, "--acceptance-file") if acceptance_file else "",
            priority=priority,
            domain=domain,
            files=listed(files),
            dry_run=session.dry_run,
        )
    )


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--file", required=True, metavar="FILE", help="Markdown; - reads standard input.")
def set_description(session: Session, task: str, file: str) -> Answer:
    """Say what a task is about."""
    text = session.text(file, "--file")
    return said(tasks.set_section(session.project, task, sections.DESCRIPTION, text, dry_run=session.dry_run))


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--file", required=True, metavar="FILE", help="Markdown; - reads standard input.")
def set_acceptance(session: Session, task: str, file: str) -> Answer:
    """Say when a task is done."""
    text = session.text(file, "--file")
    return said(tasks.set_section(session.project, task, sections.ACCEPTANCE, text, dry_run=session.dry_run))


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--file", metavar="FILE", help="The whole text; - reads standard input.")
@click.option("--description", metavar="FILE", help="Only what it is about.")
@click.option("--acceptance", metavar="FILE", help="Only when it is done.")
def set_spec(session: Session, task: str, file: str | None, description: str | None, acceptance: str | None) -> Answer:
    """Replace the text of a task, or parts of it."""
    from flowbench.project import TaskRefused

    if file is not None:
        return said(tasks.set_text(session.project, task, session.text(file, "--file"), dry_run=session.dry_run))
    texts = {}
    if description is not None:
        texts[sections.DESCRIPTION] = session.text(description, "--description")
    if acceptance is not None:
        texts[sections.ACCEPTANCE] = session.text(acceptance, "--acceptance")
    if not texts:
        raise TaskRefused("Requires --file, --description or --acceptance")
    return said(tasks.set_sections(session.project, task, texts, dry_run=session.dry_run))


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--cascade", is_flag=True, help="What waits for it, too.")
def reset(session: Session, task: str, cascade: bool) -> Answer:
    """Take a task back to todo."""
    from flowbench.project.restarting import reset as again

    facts = again(session.project, task, cascade=cascade, dry_run=session.dry_run)
    facts_said = {"message": f"back to todo: {', '.join(facts['reset'])}", **facts}
    return Answer(facts, said(facts_said).text)


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--reason", default="", metavar="TEXT")
def skip(session: Session, task: str, reason: str) -> Answer:
    """Say that a task need not be done."""
    return said(tasks.skip(session.project, task, reason=reason, dry_run=session.dry_run))


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--titles", required=True, metavar="'A | B'", help="Two or more, with | between them.")
@click.option("--chain", is_flag=True, help="Each waits for the one before.")
def split(session: Session, task: str, titles: str, chain: bool) -> Answer:
    """Put several tasks in the place of one."""
    facts = tasks.split(session.project, task, titles.split("|"), chain=chain, dry_run=session.dry_run)
    return said(facts)


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--impl", metavar="SPEC")
@click.option("--review", metavar="SPEC")
@click.option("--sync", metavar="SPEC")
def set_backend(session: Session, task: str, **given: str | None) -> Answer:
    """Say who implements, reviews and syncs a task; an empty SPEC clears."""
    return said(tasks.set_backend(session.project, task, given, dry_run=session.dry_run))


@verb(of=task)
@click.argument("task")
def show_backend(session: Session, task: str) -> Answer:
    """Show who implements, reviews and syncs a task, and whether its epic says so."""
    facts = tasks.backends(session.project, task)
    rows = [(name, facts[name]["spec"] or "-", facts[name]["source"] or "") for name in tasks.BACKENDS]
    return Answer(facts, aligned(rows))


@verb(of=task, changes=True)
@click.argument("task")
@click.argument("blueprint")
@click.option("--inputs", metavar="JSON|FILE", help="An object for its ctx; a FILE of - reads standard input.")
def set_blueprint(session: Session, task: str, blueprint: str, inputs: str | None) -> Answer:
    """Let a task run by itself: BLUEPRINT is a file of the project or stored:ID, and "" makes it a person's again."""
    given = None if inputs is None else _object(session, inputs)
    return said(tasks.set_blueprint(session.project, task, blueprint, given, dry_run=session.dry_run))


@verb(of=task, changes=True)
@click.argument("task")
@click.option("--deps", required=True, metavar="IDS", help="Tasks of the same epic, with commas.")
def set_deps(session: Session, task: str, deps: str) -> Answer:
    """Let a task wait for more tasks of its epic."""
    return said(tasks.set_deps(session.project, task, listed(deps), dry_run=session.dry_run))


alias(set_spec, "spec", of=task)  # its name in a later flowctl


def listed(text: str) -> list[str]:
    """What stands between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _object(session: Session, given: str) -> dict[str, Any]:
    """Raises: project.TaskRefused."""
    from flowbench.project import TaskRefused

    text = given if given.lstrip().startswith(("{", "[")) else session.text(given, "--inputs")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise TaskRefused(f"--inputs is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise TaskRefused("--inputs must be a JSON object")
    return found
