"""`flowbench runs`: what is recorded on this machine: list, show, rm, gc. Without a word it lists."""

from __future__ import annotations

import click

from flowbench.cli.lazy import Listing

COMMANDS = {
    "list": "List the runs on this machine, newest first.",
    "show": "Show a recorded run: state, steps, error, ctx.",
    "rm": "Remove runs with all that they recorded.",
    "gc": "Remove old runs, and files that processes left when they died.",
}


@click.group(cls=Listing, table=COMMANDS, home="flowbench.cli.runs_")
def command() -> None:
    """List the runs on this machine; show, remove and clean up.

    Without a word: list, with its options. ID is a run's id, a part of it that only one run has, or @last.
    """
