"""Dep: verbs that let a task wait for another, or no longer."""

from __future__ import annotations

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb
from flowbench.project import tasks


@click.group("dep")
def dep() -> None:
    """Let tasks wait for each other."""


@verb(of=dep, changes=True)
@click.argument("task")
@click.argument("depends_on")
def add(session: Session, task: str, depends_on: str) -> Answer:
    """Let a task wait for another of its epic; never in a circle."""
    return said(tasks.add_dep(session.project, task, depends_on, dry_run=session.dry_run))


@verb(of=dep, changes=True)
@click.argument("task")
@click.argument("depends_on")
def rm(session: Session, task: str, depends_on: str) -> Answer:
    """Let a task no longer wait for another."""
    return said(tasks.rm_dep(session.project, task, depends_on, dry_run=session.dry_run))
