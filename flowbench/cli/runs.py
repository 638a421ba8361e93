"""`flowbench runs`: the runs on this machine, newest first."""

from __future__ import annotations

import click

from flowbench.cli.words import as_json, moment, seconds, short, table


@click.command()
@click.option("-n", "--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@click.option("--json", "machine", is_flag=True, help="Print a list of objects as JSON.")
def command(last: int, machine: bool) -> None:
    """List the runs on this machine, newest first."""
    from flowbench.runtime import runs

    found = sorted(runs(), key=lambda info: info.started, reverse=True)[:last]
    if machine:
        keys = ("id", "blueprint", "state", "started", "seconds", "steps", "error")
        rows = [{key: getattr(info, key) for key in keys} | {"path": str(info.path)} for info in found]
        click.echo(as_json(rows))
        return
    if not found:
        click.echo("No runs yet. Try: flowbench demo", err=True)
        return
    click.echo(
        table(
            [
                ("RUN", "BLUEPRINT", "STATE", "STARTED", "TOOK", "STEPS", "ERROR"),
                *(
                    (
                        info.id,
                        short(info.blueprint, 24),
                        info.state,
                        moment(info.started),
                        seconds(info.seconds),
                        str(info.steps),
                        short(info.error or "", 60),
                    )
                    for info in found
                ),
            ]
        )
    )
