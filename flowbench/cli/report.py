"""Report: what became of a run, said to a person, a program and the shell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, TextIO

import click

from flowbench.cli import output
from flowbench.cli.exits import Exit, causes, of_cancelled
from flowbench.cli.place import place
from flowbench.cli.words import as_json, glimpse, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowbench.cli.follow import Heard
    from flowbench.runtime import Run, RunFailed


def outcome(run: Run, heard: Heard) -> Exit:
    """The exit code of an ended run."""
    if run.state == "done":
        return Exit.DONE
    if run.state == "cancelled":
        return of_cancelled(run.cause, heard.exit)
    return Exit.UNANSWERED if _nobody_answered(run) else Exit.FAILED


def _nobody_answered(run: Run) -> bool:
    from flowbench.engine import NobodyToAsk

    failed = failure(run)
    wrong = None if failed is None else failed.body_error
    return wrong is not None and any(isinstance(each, NobodyToAsk) for each in causes(wrong))


def tell(run: Run, machine: bool, agents: Sequence[str], out: TextIO) -> None:
    """Say what became of a run: one JSON object for a program, a few lines for a person.

    agents: as they were named. out: standard output.
    """
    if machine:
        output.say(as_json(facts(run)), out)
    elif run.state == "done":
        output.say("\n".join([run.summary(), *preview(run.ctx)]), out)
    else:
        for line in complaint(run, agents):
            click.echo(line, err=True)


def complaint(run: Run, agents: Sequence[str]) -> list[str]:
    """Why a run is not done, where in the person's own code that was, and how to go on."""
    from flowbench.flow import PathNotFound

    lines = [f"flowbench: {' '.join((run.error or run.state).split())}"]
    failed = failure(run)
    where = None if failed is None else place(failed.body_error)
    if where is not None:
        lines.append(f"  at {where}")
    if failed is not None and isinstance(failed.__cause__, PathNotFound):
        lines.append("  resuming would fail alike: the ctx is recorded as it is; start a new run with what is missing")
    elif run.path is not None:
        options = "".join(f" --agents {shlex.quote(name)}" for name in agents)
        lines.append(f"  go on with: flowbench resume {run.id}{options}")
    return lines


def failure(run: Run) -> RunFailed | None:
    """What an ended run raises, if it failed."""
    from flowbench.runtime import RunError, RunFailed

    try:
        run.result()
    except RunFailed as failed:
        return failed
    except RunError:
        pass  # a cancelled run
    return None


def facts(run: Run) -> dict[str, object]:
    """{"run_id", "state": str, "seconds": float, "steps": int, "ctx": JSON, "error", "place": str | None}"""
    failed = failure(run)
    return {
        "run_id": run.id,
        "state": run.state,
        "seconds": round(run.seconds, 6),
        "steps": run.step_count,
        "ctx": run.ctx,
        "error": run.error,
        "place": None if failed is None else place(failed.body_error),
    }


def preview(ctx: object) -> list[str]:
    """A ctx in at most one line of 100 characters per key."""
    if not isinstance(ctx, dict):
        return ["  " + glimpse(ctx, 98)]
    width = min(24, max(map(len, ctx), default=0))
    return [f"  {short(key, 24):<{width}}  {glimpse(item, 96 - width)}" for key, item in ctx.items()]
