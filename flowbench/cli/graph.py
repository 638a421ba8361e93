"""`flowbench graph FILE`: draw a Blueprint as SVG."""

from __future__ import annotations

from pathlib import Path

import click

from flowbench.cli import output as standard
from flowbench.cli.exits import Exit, Refusal


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
def command(file: Path, output: Path) -> None:
    """Draw the Blueprint in FILE. No system Graphviz is needed."""
    from flowbench.blueprint import draw, load
    from flowbench.graph import svg
    from flowbench.storage import write

    if output.suffix.lower() not in {"", ".svg"}:
        raise Refusal(f"{output}: a drawing is SVG; name the file {output.with_suffix('.svg')}", Exit.USAGE)
    picture = svg(draw(load(file)))
    if str(output) == "-":
        standard.say(picture)
        return
    write(output.absolute(), picture.encode(), mode=0o644)
    standard.say(f"{output}: {len(picture) / 1024:.0f} KB")
