"""`flowbench check FILE`: say whether a Blueprint can be read and who is missing to run it; nothing runs."""

from __future__ import annotations

from pathlib import Path

import click

from flowbench.cli import options, output, sources
from flowbench.words import count


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.agents
def command(file: Path, agents: tuple[str, ...]) -> None:
    """Read the Blueprint in FILE and look for the functions it names. Nothing runs."""
    from flowbench.blueprint import draw, load

    wanted = load(file)
    sources.agents(agents)
    drawing = draw(wanted)
    sources.require(wanted, agents)
    steps = sum(node.kind == "step" for node in drawing.nodes)
    output.say(f"{file}: {wanted.id} is well formed: {count(steps, 'step')}, every function is there")
