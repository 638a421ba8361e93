"""Recover: the verb that finds finished tasks in the history of the repository."""

from __future__ import annotations

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb


@verb(changes=True)
@click.option("--epic", required=True, metavar="ID")
def recover(session: Session, epic: str) -> Answer:
    """Mark tasks as done that commits name, and that nobody has."""
    from flowbench.project.recovering import recover as found_in_history

    facts = found_in_history(session.project, epic, dry_run=session.dry_run, token=session.token)
    lines = []
    for each in facts["recovered"]:
        lines.append(f"{each['id']}  {each['title']}")
        lines += [f"    {commit}" for commit in each["commits"]]
    summary = facts["summary"]
    lines.append(
        f"{summary['recovered_count']} {'to be recovered' if session.dry_run else 'recovered'}, "
        f"{summary['already_done_count']} done already, {summary['not_found_count']} without commits"
    )
    return Answer(facts, "\n".join(lines))
