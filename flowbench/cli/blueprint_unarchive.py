"""`flowbench blueprint unarchive ID`: bring a stored Blueprint back into use."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.words import as_json


@click.command()
@click.argument("id", metavar="ID")
@click.option("--json", "machine", is_flag=True, help="Print {id, archived} as JSON.")
def command(id: str, machine: bool) -> None:
    """Bring the stored Blueprint ID back into use."""
    from flowbench.blueprint import GitStore

    GitStore().unarchive(id)
    output.say(as_json({"id": id, "archived": False}) if machine else f"{id} is back in use")
