"""`flowbench blueprint archive ID`: take a stored Blueprint out of use."""

from __future__ import annotations

import click

from flowbench.cli import output
from flowbench.cli.words import as_json


@click.command()
@click.argument("id", metavar="ID")
@click.option("--json", "machine", is_flag=True, help="Print {id, archived} as JSON.")
def command(id: str, machine: bool) -> None:
    """Take the stored Blueprint ID out of use; its versions stay.

    Its newest version is not read or written until it is brought back; ID@HASH still can be run.
    """
    from flowbench.blueprint import GitStore

    GitStore().archive(id)
    output.say(as_json({"id": id, "archived": True}) if machine else f"archived {id}")
