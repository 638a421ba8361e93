"""`flowbench graph FILE`: draw a Blueprint as SVG."""

from __future__ import annotations

import sys
from pathlib import Path

import click


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

    picture = svg(draw(load(file)))
    if str(output) == "-":
        sys.stdout.write(picture)
        return
    write(output.absolute(), picture.encode(), mode=0o644)
    click.echo(f"{output}: {len(picture) / 1024:.0f} KB")
