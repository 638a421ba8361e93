"""`flowbench blueprint`: Blueprints kept with all their versions: put, list, history, show, archive, unarchive."""

from __future__ import annotations

import click

from flowbench.cli.lazy import Listing

COMMANDS = {
    "list": "List the stored Blueprints, each with its newest version.",
    "put": "Store the Blueprint in FILE as the newest version of its id.",
    "history": "List the versions of the stored Blueprint ID, newest first.",
    "show": "Print a version of a stored Blueprint, as a file would hold it.",
    "archive": "Take the stored Blueprint ID out of use; its versions stay.",
    "unarchive": "Bring the stored Blueprint ID back into use.",
}


@click.group(cls=Listing, table=COMMANDS, home="flowbench.cli.blueprint_")
def command() -> None:
    """Keep Blueprints with all their versions; without a word, list them.

    A version is the hash of its content. ID@SELECTOR means one: ID@latest, or ID alone, the newest; ID@^1.2 the one
    with the highest label that fits; ID@HASH, or the first 8 digits of it, just that. Wherever a command takes a
    Blueprint FILE, stored:ID@SELECTOR names a stored one: flowbench run 'stored:triage@^1.2'.
    """
