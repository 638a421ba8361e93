"""`flowbench blueprint list`: the stored Blueprints, each with its newest version."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.wanted import SHORT
from flowbench.cli.words import as_json, moment, short, table


@click.command()
@click.option("--json", "machine", is_flag=True, help="Print a list of objects as JSON.")
def command(machine: bool) -> None:
    """List the stored Blueprints, each with its newest version. Archived ones are left out."""
    from flowbench.blueprint import GitStore

    store = GitStore()
    found = [(id, store.history(id, 1)[0]) for id in store.list_ids()]
    if machine:
        rows = [
            {
                "id": id,
                "version": head.version,
                "version_label": head.version_label,
                "rationale": head.rationale,
                "written": head.trace.ts_ms / 1000,
            }
            for id, head in found
        ]
        output.say(as_json(rows))
        return
    if not found:
        click.echo("No Blueprint is stored yet. Try: flowbench blueprint put FILE", err=True)
        return
    rows_of_text = [
        (
            id,
            short(head.version_label or "-", 20),
            head.version[:SHORT],
            moment(head.trace.ts_ms / 1000),
            short(head.rationale, 60),
        )
        for id, head in found
    ]
    output.say(table([("BLUEPRINT", "LABEL", "VERSION", "STORED", "WHY"), *rows_of_text]))
