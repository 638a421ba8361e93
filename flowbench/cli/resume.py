"""`flowbench resume ID`: go on with a run that was stopped; recorded steps are not run again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flowbench.cli import asking, follow, options, output, report, sources
from flowbench.cli.exits import Exit, Refusal, refusal
from flowbench.errors import FlowbenchError


@click.command()
@click.argument("run_id", metavar="ID")
@click.option(
    "--blueprint",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Go on with this Blueprint; one that has changed needs --accept-changes.",
)
@click.option(
    "--accept-changes", is_flag=True, help="Keep what was recorded before the first difference, run the rest."
)
@options.agents
@options.timeout
@options.limit
@options.secrets
@options.trust
@options.answers
@options.outcome_as_json
@click.pass_context
def command(
    context: click.Context,
    run_id: str,
    file: Path | None,
    accept_changes: bool,
    agents: tuple[str, ...],
    timeout: float | None,
    limit: int | None,
    secrets: tuple[str, ...],
    trust: str | None,
    answers: str | None,
    machine: bool,
) -> None:
    """Go on with the run ID where it stopped. Steps that are recorded are not run again."""
    from flowbench.cli.wanted import load
    from flowbench.runtime import BlueprintChanged, recorded_origins, resume

    out = context.with_resource(output.reserved()) if machine else sys.stdout
    sources.agents(agents)
    wanted = None if file is None else load(file)
    recorded, origins = recorded_origins(run_id)
    sources.require(recorded if wanted is None else wanted, agents, lambda: origins)
    with follow.signals() as heard:
        try:
            run = resume(
                run_id,
                blueprint=wanted,
                accept_changes=accept_changes,
                timeout=timeout,
                limit=limit,
                secrets=secrets,
                trust=trust,
                **asking.people(answers),
            )
        except BlueprintChanged as error:
            click.echo(error.diff, err=True)
            raise Refusal(f"{file}: {error.brief}; add --accept-changes to go on with it", Exit.USAGE) from error
        except FlowbenchError as error:
            raise refusal(error, agents) from error
        follow.follow(run, heard)
    report.tell(run, machine, agents, out)
    context.exit(report.outcome(run, heard))
