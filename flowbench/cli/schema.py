"""`flowbench schema`: the JSON Schema of Blueprint files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flowbench.cli import output as standard


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    metavar="FILE.json",
    help="Where the schema goes (default: standard output).",
)
def command(output: Path) -> None:
    """Print the JSON Schema (2020-12) of Blueprint files.

    An editor that knows it completes and checks as you type, for example in YAML with a first line
    `# yaml-language-server: $schema=FILE.json`.
    """
    from flowbench.blueprint import schema
    from flowbench.storage import write

    text = json.dumps(schema(), indent=2)
    if str(output) == "-":
        standard.say(text)
        return
    write(output.absolute(), (text + "\n").encode(), mode=0o644)
    standard.say(f"{output}: {len(text) / 1024:.0f} KB")
