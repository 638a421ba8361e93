"""`flowbench resume ID`: go on with a run that was stopped; recorded steps are not run again."""

from __future__ import annotations

import sys

import click

from flowbench.cli import follow, options, output, report, sources
from flowbench.cli.exits import refusal
from flowbench.errors import FlowbenchError


@click.command()
@click.argument("run_id", metavar="ID")
@options.agents
@options.timeout
@options.limit
@options.secrets
@options.trust
@options.outcome_as_json
@click.pass_context
def command(
    context: click.Context,
    run_id: str,
    agents: tuple[str, ...],
    timeout: float | None,
    limit: int | None,
    secrets: tuple[str, ...],
    trust: str | None,
    machine: bool,
) -> None:
    """Go on with the run ID where it stopped. Steps that are recorded are not run again."""
    from flowbench.runtime import resume

    out = context.with_resource(output.reserved()) if machine else sys.stdout
    sources.agents(agents)
    with follow.signals() as heard:
        try:
            run = resume(run_id, timeout=timeout, limit=limit, secrets=secrets, trust=trust)
        except FlowbenchError as error:
            raise refusal(error, agents) from error
        follow.follow(run, heard)
    report.tell(run, machine, agents, out)
    context.exit(report.outcome(run, heard))
