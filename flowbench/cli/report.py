"""Report: what became of a run, said to a person, a program and the shell."""

from __future__ import annotations

import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

import flowbench
from flowbench.cli.exits import Exit, of_cancelled
from flowbench.cli.words import as_json, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowbench.cli.follow import Heard
    from flowbench.runtime import Run


def outcome(run: Run, heard: Heard) -> Exit:
    """The exit code of an ended run."""
    if run.state == "done":
        return Exit.DONE
    if run.state == "cancelled":
        return of_cancelled(run.cause, heard.exit)
    return Exit.FAILED


def tell(run: Run, machine: bool, agents: Sequence[str]) -> None:
    """Say what became of a run: one JSON object for a program, a few lines for a person. agents: as they were named."""
    if machine:
        click.echo(as_json(facts(run)))
    elif run.state == "done":
        click.echo(run.summary())
        for line in preview(run.ctx):
            click.echo(line)
    else:
        for line in complaint(run, agents):
            click.echo(line, err=True)


def complaint(run: Run, agents: Sequence[str]) -> list[str]:
    """Why a run is not done, where in the person's own code that was, and how to go on."""
    from flowbench.runtime import RunError, RunFailed

    lines = [f"flowbench: {' '.join((run.error or run.state).split())}"]
    try:
        run.result()
    except RunFailed as failed:
        lines += own_line(failed.body_error)
    except RunError:
        pass  # a cancelled run has no line of code to show
    if run.path is not None:
        options = "".join(f" --agents {shlex.quote(name)}" for name in agents)
        lines.append(f"  go on with: flowbench resume {run.id}{options}")
    return lines


def own_line(error: BaseException | None) -> list[str]:
    """The innermost line of an agent's own file that an error passed through."""
    inside = str(Path(flowbench.__file__).parent)
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    own = [frame for frame in frames if not frame.filename.startswith((inside, sys.prefix, "<"))]
    return [f"  at {own[-1].filename}, line {own[-1].lineno}: {own[-1].line}"] if own else []


def facts(run: Run) -> dict[str, object]:
    """{"run_id": str, "state": str, "seconds": float, "steps": int, "ctx": JSON, "error": str | None}"""
    return {
        "run_id": run.id,
        "state": run.state,
        "seconds": round(run.seconds, 6),
        "steps": len(run.steps),
        "ctx": run.ctx,
        "error": run.error,
    }


def preview(ctx: object) -> list[str]:
    """A ctx in at most one line of 100 characters per key."""
    if not isinstance(ctx, dict):
        return ["  " + short(as_json(ctx), 98)]
    width = min(24, max(map(len, ctx), default=0))
    return [f"  {short(key, 24):<{width}}  {short(as_json(item), 96 - width)}" for key, item in ctx.items()]
