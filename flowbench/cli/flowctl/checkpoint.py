"""Checkpoint: verbs that keep an epic as it is and bring it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb
from flowbench.project import checkpoint as checkpoints

named: Callable[[Any], Any] = click.option("--epic", required=True, metavar="ID")


@click.group("checkpoint")
def checkpoint() -> None:
    """Keep an epic with all that is known of it, and bring it back."""


@verb(of=checkpoint, changes=True)
@named
def save(session: Session, epic: str) -> Answer:
    """Keep an epic as it is now."""
    return said(checkpoints.save(session.project, epic, dry_run=session.dry_run))


@verb(of=checkpoint, changes=True)
@named
def restore(session: Session, epic: str) -> Answer:
    """Bring an epic back as it was kept; tasks that are newer stay."""
    return said(checkpoints.restore(session.project, epic, dry_run=session.dry_run))


@verb(of=checkpoint, changes=True)
@named
def delete(session: Session, epic: str) -> Answer:
    """Forget what was kept of an epic."""
    return said(checkpoints.delete(session.project, epic, dry_run=session.dry_run))
