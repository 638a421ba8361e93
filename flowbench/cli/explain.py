"""`flowbench explain FILE`: say for each agent what surrounds it, who stands behind it and what it would be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowbench.cli import asking, options, output, sources
from flowbench.cli.words import as_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ctx", "given", metavar="JSON|@FILE", help="The ctx that a run would start with; @-: read it.")
@options.agents
@options.answers
@click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {blueprint, agents: [{name, layers, operator_kind, tier, steps, token, ...}], unknown} as JSON.",
)
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    given: str | None,
    agents: tuple[str, ...],
    answers: str | None,
    machine: bool,
) -> None:
    """Say what each agent of the Blueprint in FILE would meet: layers, operator, prompt, token.

    Layers are told outermost first; of the operator kind also who said so; prompts and system prompts as far as they
    are known before a run. No agent runs.
    """
    from flowbench.cli.wanted import load
    from flowbench.runtime import explain

    out = context.with_resource(output.reserved()) if machine else None
    wanted = load(file)
    ctx = sources.value(given) if given is not None else None
    sources.agents(agents)
    sources.require(wanted, agents)
    how: dict[str, Any] = asking.people(answers)
    told = explain(wanted, ctx, **how)
    output.say(as_json(told.plain()) if machine else repr(told), out)
