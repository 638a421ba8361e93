"""Work: verbs of whoever works on a task: start, done, block, fail, restart."""

from __future__ import annotations

import json
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb


@verb(changes=True)
@click.argument("task")
@click.option("--force", is_flag=True, help="Though it waits for others, is blocked, or somebody else works on it.")
@click.option("--note", default="", metavar="TEXT", help="Kept with the claim.")
def start(session: Session, task: str, force: bool, note: str) -> Answer:
    """Begin to work on a task, or go on with it."""
    from flowbench.project.working import start as begin

    return _said(begin(session.project, task, force=force, note=note, dry_run=session.dry_run))


@verb(changes=True)
@click.argument("task")
@click.option("--summary-file", metavar="FILE", help="What was done, as Markdown; - reads standard input.")
@click.option("--summary", metavar="TEXT", help="The same, as a text.")
@click.option("--evidence-json", metavar="FILE|JSON", help='{"commits": [], "tests": [], "prs": [], ...}, or its file.')
@click.option("--evidence", metavar="JSON", help="The same, as a text.")
@click.option("--force", is_flag=True, help="Though nobody, or somebody else, works on it.")
def done(
    session: Session,
    task: str,
    summary_file: str | None,
    summary: str | None,
    evidence_json: str | None,
    evidence: str | None,
    force: bool,
) -> Answer:
    """Finish a task: summary and evidence go to its text."""
    from flowbench.project.working import done as finish

    text = session.text(summary_file, "--summary-file") if summary_file else summary or ""
    proof = _evidence(session, evidence_json or evidence)
    return _said(finish(session.project, task, summary=text, evidence=proof, force=force, dry_run=session.dry_run))


@verb(changes=True)
@click.argument("task")
@click.option("--reason-file", metavar="FILE", help="Why, as Markdown; - reads standard input.")
@click.option("--reason", metavar="TEXT", help="The same, as a text.")
def block(session: Session, task: str, reason_file: str | None, reason: str | None) -> Answer:
    """Say that a task cannot go on, and why."""
    from flowbench.project.working import block as stop

    if reason_file is None and reason is None:
        raise click.UsageError("give --reason-file FILE or --reason TEXT")
    text = session.text(reason_file, "--reason-file") if reason_file else reason or ""
    return _said(stop(session.project, task, reason=text, dry_run=session.dry_run))


@verb(changes=True)
@click.argument("task")
@click.option("--reason", default="", metavar="TEXT")
@click.option("--force", is_flag=True, help="Though nobody works on it.")
def fail(session: Session, task: str, reason: str, force: bool) -> Answer:
    """Say that a task has failed; it is tried again, or what waits for it fails, too."""
    from flowbench.project.failing import fail as give_up

    facts = give_up(session.project, task, reason=reason, force=force, dry_run=session.dry_run)
    hit = facts.get("upstream_failed")
    return _said(facts, f"these fail with it: {', '.join(hit)}" if hit else "")


@verb(changes=True)
@click.argument("task")
@click.option("--force", is_flag=True, help="Though somebody works on one of them.")
def restart(session: Session, task: str, force: bool) -> Answer:
    """Take a task, and all that waits for it, back to todo."""
    from flowbench.project.restarting import restart as again

    facts = again(session.project, task, force=force, dry_run=session.dry_run)
    if session.dry_run:
        rest = facts["already_todo"]
        return Answer(facts, _names("would go back to todo", facts["would_reset"]) + _rest(rest))
    return Answer(facts, _names("back to todo", facts["reset"]) + _rest(facts["skipped"]))


def _evidence(session: Session, given: str | None) -> dict[str, Any]:
    """Raises: project.TaskRefused."""
    from flowbench.project import TaskRefused

    if given is None:
        return {}
    text = given if given.lstrip().startswith(("{", "[")) else session.text(given, "--evidence-json")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise TaskRefused(f"Evidence is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise TaskRefused("Evidence JSON must be an object with keys: commits/tests/prs")
    return found


def _said(facts: dict[str, Any], more: str = "") -> Answer:
    lines = [facts["message"], more, f"Warning: {facts['warning']}" if "warning" in facts else ""]
    return Answer(facts, "\n".join(filter(None, lines)))


def _names(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else "nothing to take back"


def _rest(names: list[str]) -> str:
    return f"\nalready todo: {', '.join(names)}" if names else ""
