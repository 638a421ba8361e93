"""Outputs: verbs for the notes that workers leave for whoever goes on."""

from __future__ import annotations

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import verb


@click.group("outputs")
def outputs() -> None:
    """Leave notes for whoever goes on, and read them."""


@verb(of=outputs, changes=True)
@click.argument("task")
@click.option("--file", metavar="FILE", help="Markdown; - reads standard input.")
@click.option("--text", metavar="TEXT", help="The same, as a text.")
def write(session: Session, task: str, file: str | None, text: str | None) -> Answer:
    """Leave the note of a task; one that is there is replaced."""
    from flowbench.project import outputs

    if (file is None) == (text is None):
        raise click.UsageError("give either --file FILE or --text TEXT")
    content = session.text(file, "--file") if file is not None else text or ""
    return said(outputs.write(session.project, task, content, dry_run=session.dry_run))


@verb("list", of=outputs)
@click.option("--epic", metavar="ID", help="Only its tasks.")
def list_(session: Session, epic: str | None) -> Answer:
    """List the notes."""
    from flowbench.project import outputs

    facts = outputs.listed(session.project, epic)
    rows = [(row["task"], f"{row['bytes']} bytes", row["updated_at"]) for row in facts["outputs"]]
    return Answer(facts, aligned(rows) or "No notes.")


@verb(of=outputs)
@click.argument("task")
def show(session: Session, task: str) -> Answer:
    """Print the note of a task."""
    from flowbench.project import outputs

    facts = outputs.shown(session.project, task)
    return Answer(facts, facts["content"])
