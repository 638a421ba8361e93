"""`flowbench runs rm ID...`: remove recorded runs."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.words import as_json


@click.command()
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--json", "machine", is_flag=True, help="Print {removed: [id]} as JSON.")
def command(run_ids: tuple[str, ...], machine: bool) -> None:
    """Remove runs with all that they recorded. A running one is refused.

    All IDs are looked up before the first is removed. ID is a run's id, a part of it that only one run has, or @last.
    """
    from flowbench.runtime import remove

    removed = remove(*run_ids)
    output.say(as_json({"removed": removed}) if machine else "\n".join(f"removed {each}" for each in removed))
