"""`flowbench schema`: the JSON Schema of Blueprint files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from flowbench.cli import output as standard
from flowbench.cli.saving import save


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    metavar="FILE.json",
    help="Where the schema goes (default: standard output).",
)
@click.option(
    "--json", "machine", is_flag=True, help="With -o, print {file, bytes} as JSON; without, the schema is JSON."
)
def command(output: Path, machine: bool) -> None:
    """Print the JSON Schema (2020-12) of Blueprint files.

    An editor that knows it completes and checks as you type, for example in YAML with a first line
    `# yaml-language-server: $schema=FILE.json`.
    """
    from flowbench.blueprint import schema
    from flowbench.cli.words import as_json

    text = json.dumps(schema(), indent=2)
    if str(output) == "-":
        standard.say(text)
        return
    data = (text + "\n").encode()
    save(output, data)
    facts = {"file": str(output.absolute()), "bytes": len(data)}
    standard.say(as_json(facts) if machine else f"{output}: {len(text) / 1024:.0f} KB")
