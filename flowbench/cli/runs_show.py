"""`flowbench runs show ID`: what a recorded run did, without going on with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli import output
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.report import preview
from flowbench.cli.words import as_json, glimpse, moment, seconds, short, table
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.engine import StepRecord
    from flowbench.runtime import Line, PastRun

SHOWN = 20  # steps


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--step", "address", metavar="ADDRESS", help="Show input, output and changes of the step there.")
@click.option("--ctx", "wants_ctx", is_flag=True, help="Print the whole ctx, as far as it is recorded, as JSON.")
@click.option("--log", "wants_log", is_flag=True, help="Print what its steps said; with --step only that one.")
@click.option(
    "--heartbeats",
    "wants_heartbeats",
    is_flag=True,
    help="Print how long steps went without looking at their token, and how soon they ended when asked to.",
)
@click.option("--blueprint", "wants_blueprint", is_flag=True, help="Print its Blueprint as JSON.")
@click.option("--all", "everything", is_flag=True, help=f"List all steps, not only the last {SHOWN}.")
@click.option("--json", "machine", is_flag=True, help="Print what is asked for as one JSON value.")
def command(
    run_id: str,
    address: str | None,
    wants_ctx: bool,
    wants_log: bool,
    wants_heartbeats: bool,
    wants_blueprint: bool,
    everything: bool,
    machine: bool,
) -> None:
    """Show a recorded run: state, steps, error, ctx. Nothing runs.

    ID is a run's id, a part of it that only one run has, or @last.
    """
    from flowbench.runtime import recall

    past = recall(run_id)
    if wants_ctx:
        return output.say(as_json(past.ctx) if machine else _pretty(past.ctx))
    if wants_heartbeats:
        return output.say(_heartbeats(past, machine))
    if wants_blueprint:
        return output.say(as_json(_blueprint(past)) if machine else _pretty(_blueprint(past)))
    steps = list(past.steps) if address is None else _at(past, address)
    lines = past.log.lines(address) if wants_log or machine else []
    if machine:
        return output.say(as_json(_facts(past, steps, lines)))
    if wants_log:
        return output.say("\n".join(map(_line, lines)) or "its steps said nothing")
    if address is not None:
        return output.say("\n\n".join(_step(past, step) for step in steps))
    return output.say("\n".join(_summary(past, steps if everything else steps[-SHOWN:])))


def _at(past: PastRun, address: str) -> list[StepRecord]:
    """All visits of one step. Raises: Refusal."""
    found = [step for step in past.steps if step.address == address]
    if not found:
        known = ", ".join(dict.fromkeys(step.address for step in past.steps[:SHOWN])) or "none"
        raise Refusal(f"{past.id} has no step '{address}'; its first ones: {known}", Exit.USAGE)
    return found


def _facts(past: PastRun, steps: list[StepRecord], lines: list[Line]) -> dict[str, Any]:
    """The keys of `runs --json`, and ctx, Blueprint, steps and log."""
    import msgspec

    return {
        "id": past.id,
        "blueprint": past.blueprint.id,
        "state": past.state,
        "started": past.started,
        "seconds": past.seconds,
        "error": past.error,
        "cause": None if past.cause is None else {"reason": str(past.cause.reason), "by": past.cause.by},
        "owners": past.owners,
        "origin": None if past.origin is None else {"run_id": past.origin.parent, "at": past.origin.at},
        "left_out": past.left_out,
        "path": str(past.path),
        "ctx": past.ctx,
        "definition": _blueprint(past),
        "steps": [msgspec.to_builtins(step) for step in steps],
        "log": [msgspec.to_builtins(line) for line in lines],
    }


def _heartbeats(past: PastRun, machine: bool) -> str:
    import msgspec

    from flowbench.runtime import cancel_report

    report = cancel_report(past)
    return as_json(msgspec.to_builtins(report)) if machine else repr(report)


def _blueprint(past: PastRun) -> Any:
    from flowbench.blueprint import to_json

    return to_json(past.blueprint)


def _summary(past: PastRun, shown: list[StepRecord]) -> list[str]:
    lines = [short(past.summary(), 400), f"started {moment(past.started)}, recorded in {past.path}"]
    if past.origin is not None:
        lines.append(f"begun as {past.origin.parent}, run again from {', '.join(past.origin.at[:5])}")
    if past.owners > 1:
        lines.append(f"{past.owners} processes have worked on it, one after the other")
    if past.stopped is not None and past.state == "done":
        lines.append(f"its ctx is known up to some step only: {short(past.stopped, 200)}")
    if past.error:
        lines.append(f"error: {short(past.error, 1000)}")
    if shown:
        rows: list[tuple[str, ...]] = [("STEP", "AGENT", "TRY", "STATUS", "STARTED", "TOOK", "OUTPUT")]
        rows += [
            (
                step.address,
                short(step.agent, 24),
                str(step.attempt),
                step.status,
                moment(step.started)[11:],
                seconds(step.seconds),
                short(step.error or _brief(step.output), 60),
            )
            for step in shown
        ]
        lines += ["", table(rows)]
    if len(past.steps) > len(shown):
        lines.append(f"and {count(len(past.steps) - len(shown), 'earlier one')}; --all lists them")
    for address, (agent, since) in past.running.items():
        lines.append(f"{address}  {agent}  running since {moment(since)[11:]}")
    return [*lines, "", "ctx" if past.state == "done" else "ctx so far", *preview(past.ctx)]


def _step(past: PastRun, step: StepRecord) -> str:
    lines = [
        "  ".join((step.address, short(step.agent, 60), f"attempt {step.attempt}", step.status, *_when(step))),
        f"input   {_brief(step.input, 10_000)}",
        f"output  {_brief(step.output, 10_000)}" if step.error is None else f"error   {short(step.error, 10_000)}",
    ]
    if step is [each for each in past.steps if each.address == step.address][-1] and step.status == "done":
        lines += [f"{each.kind:<7} {each.path}" for each in past.changes(step)]
    return "\n".join(lines)


def _when(step: StepRecord) -> tuple[str, str]:
    return moment(step.started), seconds(step.seconds)


def _line(line: Line) -> str:
    mark = {"stdout": " ", "stderr": "!", "note": "#"}.get(line.stream, " ")
    return f"{moment(line.t)[11:]} {line.at or '-':<8} {short(line.agent, 20):<12} {mark} {short(line.text, 2000)}"


def _brief(value: Any, width: int = 400) -> str:
    return glimpse(value, width)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False)
