"""Ralph: verbs that watch and stop the loops of an agent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb
from flowbench.project import ralph as loops

named: Callable[[Any], Any] = click.option("--run", metavar="ID", help="Needed where several are active.")


@click.group("ralph")
def ralph() -> None:
    """Watch, pause, resume and stop the loop of an agent that works through the project."""


@verb(of=ralph, changes=True)
@named
def pause(session: Session, run: str | None) -> Answer:
    """Ask a loop to pause after what it does now."""
    return _said(session, loops.pause(session.root, run, dry_run=session.dry_run))


@verb(of=ralph, changes=True)
@named
def resume(session: Session, run: str | None) -> Answer:
    """Let a paused loop go on."""
    return _said(session, loops.resume(session.root, run, dry_run=session.dry_run))


@verb(of=ralph, changes=True)
@named
def stop(session: Session, run: str | None) -> Answer:
    """Ask a loop to stop after what it does now."""
    return _said(session, loops.stop(session.root, run, dry_run=session.dry_run))


@verb(of=ralph)
@named
def status(session: Session, run: str | None) -> Answer:
    """Show how far a loop is."""
    facts = loops.chosen(session.root, run)
    told = {"run": facts.pop("id"), **facts}
    state = "asked to stop" if facts["stopped"] else "paused" if facts["paused"] else "running"
    at = facts["current_task"] or facts["current_epic"] or "nothing yet"
    return Answer(told, f"{told['run']}: {state}, iteration {facts['iteration'] or '?'}, at {at}")


def _said(session: Session, facts: dict[str, Any]) -> Answer:
    """The answer; a project, if there is one, has it in its log."""
    from flowbench.project import NoProject

    with suppress(NoProject), session.project.change("ralph", dry_run=session.dry_run) as change:
        change.event(f"run_{facts['action']}", epic="", payload={"run": facts["run"]})
    return Answer(facts, f"{facts['run']}: {facts['action'].replace('_', ' ')}")
