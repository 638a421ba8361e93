"""`flowbench graph FILE`: draw a Blueprint as SVG."""

from __future__ import annotations

from pathlib import Path

import click

from flowbench.cli import output as standard
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.saving import save


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    metavar="FILE.svg",
    help="Where the drawing goes (default: standard output).",
)
@click.option("--json", "machine", is_flag=True, help="Print {file, bytes} as JSON; needs -o.")
def command(file: Path, output: Path, machine: bool) -> None:
    """Draw the Blueprint in FILE. No system Graphviz is needed."""
    from flowbench.blueprint import draw
    from flowbench.cli.wanted import load
    from flowbench.cli.words import as_json
    from flowbench.graph import svg

    if output.suffix.lower() not in {"", ".svg"}:
        raise Refusal(f"{output}: a drawing is SVG; name the file {output.with_suffix('.svg')}", Exit.USAGE)
    if machine and str(output) == "-":
        raise Refusal("--json says where the drawing is; name a file with -o", Exit.USAGE)
    picture = svg(draw(load(file)))
    if str(output) == "-":
        standard.say(picture)
        return
    save(output, picture.encode())
    facts = {"file": str(output.absolute()), "bytes": len(picture.encode())}
    standard.say(as_json(facts) if machine else f"{output}: {len(picture) / 1024:.0f} KB")
