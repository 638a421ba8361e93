"""`flowbench resume ID`: go on with a run that was stopped; recorded steps are not run again."""

from __future__ import annotations

import click

from flowbench.cli import follow, options, report, sources


@click.command()
@click.argument("run_id", metavar="ID")
@options.agents
@options.timeout
@options.outcome_as_json
@click.pass_context
def command(context: click.Context, run_id: str, agents: tuple[str, ...], timeout: float | None, machine: bool) -> None:
    """Go on with the run ID where it stopped. Steps that are recorded are not run again."""
    from flowbench.runtime import resume

    sources.agents(agents)
    run = resume(run_id, timeout=timeout)
    with follow.signals(run.token) as heard:
        follow.follow(run)
    report.tell(run, machine, agents)
    context.exit(report.outcome(run, heard))
