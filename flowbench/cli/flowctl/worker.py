"""Worker: verbs that lead a worker through the phases of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb
from flowbench.project import phases

task: Callable[[Any], Any] = click.option("--task", required=True, metavar="ID")
tdd: Callable[[Any], Any] = click.option("--tdd", is_flag=True, help="Tests first.")
review: Callable[[Any], Any] = click.option("--review", is_flag=True, help="With a review before the end.")


@click.group("worker-phase")
def worker_phase() -> None:
    """Lead a worker through the phases of a task."""


@verb("next", of=worker_phase)
@task
@tdd
@review
def next_(session: Session, task: str, tdd: bool, review: bool) -> Answer:
    """Say which phase comes next, and what to do in it."""
    facts = phases.next_phase(session.project, task, tdd=tdd, review=review)
    if facts["all_done"]:
        return Answer(facts, "All phases are completed.")
    return Answer(facts, f"phase {facts['phase']}\n\n{facts['content']}")


@verb(of=worker_phase, changes=True)
@task
@click.option("--phase", required=True, metavar="ID")
@tdd
@review
def done(session: Session, task: str, phase: str, tdd: bool, review: bool) -> Answer:
    """Say that a phase is completed."""
    facts = phases.complete(session.project, task, phase, tdd=tdd, review=review, dry_run=session.dry_run)
    after = facts.get("next_phase")
    rest = "all phases are completed" if after is None else f"next is {after['phase']} {after['title']}"
    return Answer(facts, f"phase {phase} completed; {rest}")


@verb()
@click.option("--task", metavar="ID")
@click.option("--tdd", is_flag=True, help="Tests first.")
@click.option("--review", type=click.Choice(["rp", "codex"]), help="Who reviews.")
def worker_prompt(session: Session, task: str | None, tdd: bool, review: str | None) -> Answer:
    """Print what a worker is told to begin with."""
    facts = phases.prompt(session.project, task, tdd=tdd, review=review)
    return Answer(facts, facts["prompt"])
