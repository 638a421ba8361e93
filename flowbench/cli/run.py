"""`flowbench run FILE`: run a Blueprint to its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click

from flowbench.cli import asking, follow, options, output, report, sources
from flowbench.cli.warned import told


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ctx", "given", metavar="JSON|@FILE", help="The ctx to start with; @-: read it (default: empty).")
@options.agents
@options.timeout
@options.limit
@click.option(
    "--durability",
    type=click.Choice(["memory", "process", "power"]),
    default="process",
    show_default=True,
    help="What the journal survives: nothing, kill -9, or a power cut.",
)
@click.option(
    "--check",
    type=click.Choice(["off", "warn", "fail"]),
    default="off",
    show_default=True,
    help="Look first for what is likely not meant: say it, or refuse to run with an error in it.",
)
@options.secrets
@options.trust
@options.answers
@options.outcome_as_json
@click.pass_context
def command(
    context: click.Context,
    file: Path,
    given: str | None,
    agents: tuple[str, ...],
    timeout: float | None,
    limit: int | None,
    durability: Literal["memory", "process", "power"],
    check: Literal["off", "warn", "fail"],
    secrets: tuple[str, ...],
    trust: str | None,
    answers: str | None,
    machine: bool,
) -> None:
    """Run the Blueprint in FILE (YAML or JSON) to its end.

    FILE is data: it names functions by id. The functions come from --agents. stored:ID@SELECTOR instead of FILE runs a
    stored Blueprint, see `flowbench blueprint --help`.
    Ctrl-C and SIGTERM abort the run tidily; what it recorded can be resumed.
    """
    from flowbench.cli.wanted import load
    from flowbench.runtime import known_origins, launch

    out = context.with_resource(output.reserved()) if machine else sys.stdout
    wanted = load(file)
    ctx = sources.value(given) if given is not None else None
    sources.agents(agents)
    sources.require(wanted, agents, lambda: known_origins(wanted.id))
    with follow.signals() as heard:
        how: Any = {"timeout": timeout, "limit": limit, "durability": durability, "secrets": secrets, "trust": trust}
        with told():
            run = launch(wanted, ctx, check=check, **how, **asking.people(answers))
        follow.follow(run, heard)
    report.tell(run, machine, agents, out)
    context.exit(report.outcome(run, heard))
