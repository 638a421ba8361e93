"""`flowbench rerun ID --at STEP`: run a step of a recorded run again, and all that depends on it, as a new run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from flowbench.cli import asking, follow, options, output, report, sources
from flowbench.cli.exits import Exit, Refusal, refusal
from flowbench.errors import FlowbenchError


@click.command()
@click.argument("run_id", metavar="ID")
@click.option(
    "--at", required=True, metavar="STEP|AGENT", help="Address of a step, as `runs show` lists them, or an agent."
)
@click.option(
    "--blueprint",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Go on with this Blueprint; what was recorded before its first difference stays.",
)
@click.option(
    "--set",
    "edits",
    multiple=True,
    metavar="PATH=JSON",
    help="Write this into the ctx that the step sees. May be given again.",
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
    at: str,
    file: Path | None,
    edits: tuple[str, ...],
    agents: tuple[str, ...],
    timeout: float | None,
    limit: int | None,
    secrets: tuple[str, ...],
    trust: str | None,
    answers: str | None,
    machine: bool,
) -> None:
    """Run a step of the run ID again, and all that depends on it, as a new run.

    The old run stays as it is. What was recorded before the step, and beside it in a fan-out, is not run again.
    """
    from flowbench.cli.wanted import load
    from flowbench.runtime import recorded_origins, rerun

    out = context.with_resource(output.reserved()) if machine else sys.stdout
    sources.agents(agents)
    patch = dict(map(_edit, edits))
    wanted = None if file is None else load(file)
    recorded, origins = recorded_origins(run_id)
    sources.require(recorded if wanted is None else wanted, agents, lambda: origins)
    with follow.signals() as heard:
        try:
            run = rerun(
                run_id,
                at,
                blueprint=wanted,
                patch=patch,
                timeout=timeout,
                limit=limit,
                secrets=secrets,
                trust=trust,
                **asking.people(answers),
            )
        except FlowbenchError as error:
            raise refusal(error, agents) from error
        follow.follow(run, heard)
    report.tell(run, machine, agents, out)
    context.exit(report.outcome(run, heard))


def _edit(text: str) -> tuple[str, Any]:
    """Raises: Refusal."""
    path, _, value = text.partition("=")
    try:
        return path.strip(), json.loads(value)
    except json.JSONDecodeError:
        raise Refusal(f"--set {text}: write PATH=JSON, such as $.size=3 or '$.name=\"a\"'", Exit.USAGE) from None
