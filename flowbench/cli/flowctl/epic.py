"""Epic: verbs that make an epic, change it, and end it."""

from __future__ import annotations

from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import alias, verb
from flowbench.project import epics

STATUSES = click.Choice(["ship", "needs_work", "unknown"])


@click.group("epic")
def epic() -> None:
    """Make epics, change them, close and archive them."""


@verb(of=epic, changes=True)
@click.option("--title", required=True, metavar="TEXT")
@click.option("--branch", metavar="NAME", help="By default the id of the epic.")
def create(session: Session, title: str, branch: str | None) -> Answer:
    """Make an epic with an empty plan."""
    return said(epics.create(session.project, title, branch=branch, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--file", required=True, metavar="FILE", help="Markdown; - reads standard input.")
def set_plan(session: Session, epic: str, file: str) -> Answer:
    """Give an epic another plan."""
    text = session.text(file, "--file")
    return said(epics.set_plan(session.project, epic, text, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--status", required=True, type=STATUSES)
def set_plan_review_status(session: Session, epic: str, status: str) -> Answer:
    """Say what the review of an epic's plan came to."""
    return said(epics.set_review(session.project, epic, "plan", status, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--status", required=True, type=STATUSES)
def set_completion_review_status(session: Session, epic: str, status: str) -> Answer:
    """Say what the review of a finished epic came to."""
    return said(epics.set_review(session.project, epic, "completion", status, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--branch", required=True, metavar="NAME")
def set_branch(session: Session, epic: str, branch: str) -> Answer:
    """Say on which branch an epic is worked on."""
    return said(epics.set_branch(session.project, epic, branch, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--title", required=True, metavar="TEXT")
def set_title(session: Session, epic: str, title: str) -> Answer:
    """Give an epic another title, and with it another id; its number stays."""
    return said(epics.set_title(session.project, epic, title, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--skip-gap-check", is_flag=True, help="Though required or important gaps are open.")
def close(session: Session, epic: str, skip_gap_check: bool) -> Answer:
    """Close an epic whose tasks are all done or skipped."""
    return said(epics.close(session.project, epic, skip_gap_check=skip_gap_check, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
def reopen(session: Session, epic: str) -> Answer:
    """Open a closed epic again."""
    return said(epics.reopen(session.project, epic, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--force", is_flag=True, help="Though it is open.")
def archive(session: Session, epic: str, force: bool) -> Answer:
    """Move an epic that is done, with all its files, to .flow/.archive/."""
    facts = epics.archive(session.project, epic, force=force, dry_run=session.dry_run)
    return Answer(facts, f"{facts['count']} files {_would(session)}moved to {facts['archive_dir']}")


@verb(of=epic, changes=True)
def clean(session: Session) -> Answer:
    """Archive every epic that is done."""
    facts = epics.clean(session.project, dry_run=session.dry_run)
    return Answer(facts, f"{_would(session)}archived: {', '.join(facts['archived']) or 'nothing was done'}")


@verb(of=epic, changes=True)
@click.argument("epic")
@click.argument("depends_on")
def add_dep(session: Session, epic: str, depends_on: str) -> Answer:
    """Let an epic wait for another."""
    return said(epics.add_dep(session.project, epic, depends_on, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.argument("depends_on")
def rm_dep(session: Session, epic: str, depends_on: str) -> Answer:
    """Let an epic no longer wait for another."""
    return said(epics.rm_dep(session.project, epic, depends_on, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--impl", metavar="SPEC")
@click.option("--review", metavar="SPEC")
@click.option("--sync", metavar="SPEC")
def set_backend(session: Session, epic: str, **given: str | None) -> Answer:
    """Say who implements, reviews and syncs the tasks of an epic; an empty SPEC clears."""
    return said(epics.set_backend(session.project, epic, given, dry_run=session.dry_run))


@verb(of=epic, changes=True)
@click.argument("epic")
@click.option("--pending", is_flag=True, help="It is to be executed.")
@click.option("--done", is_flag=True, help="It has been.")
def set_auto_execute(session: Session, epic: str, pending: bool, done: bool) -> Answer:
    """Mark an epic to be executed without being asked, or no longer."""
    if pending == done:
        raise click.UsageError("give either --pending or --done")
    return said(epics.set_auto_execute(session.project, epic, pending, dry_run=session.dry_run))


@verb(of=epic)
@click.argument("epic")
def audit(session: Session, epic: str) -> Answer:
    """Show what an epic leaves open: criteria no task covers, tasks without files or tests, gaps; only advice."""
    from flowbench.project.auditing import audit as looked_at

    facts = looked_at(session.project, epic)
    rows = [(each["id"], each["kind"], each["message"]) for each in facts["findings"]]
    return Answer(facts, aligned(rows) or f"{facts['epic']}: nothing is left open")


# Names of a later flowctl.
alias(set_plan, "plan", of=epic)
alias(set_plan_review_status, "review", of=epic)
alias(set_completion_review_status, "completion", of=epic)


def said(facts: dict[str, Any]) -> Answer:
    """The message of a verb, and what a dry run would have written."""
    if not facts.get("dry_run"):
        return Answer(facts, facts.get("message", ""))
    plan = facts["plan"]
    names = [*plan["written"], *(f"{name} (removed)" for name in plan["removed"]), *(to for _, to in plan["moved"])]
    return Answer(facts, "\n".join([facts.get("message", ""), *names]))


def _would(session: Session) -> str:
    return "would be " if session.dry_run else ""
