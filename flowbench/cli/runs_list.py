"""`flowbench runs list`: the runs on this machine, newest first; what a step has started stands below its run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from flowbench.cli import output
from flowbench.cli.words import as_json, moment, seconds, short, table
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.runtime import RunInfo

ENDED = {"done", "failed", "cancelled"}
STATES = ("running", "done", "failed", "cancelled", "interrupted", "damaged")


@click.command()
@click.option("-n", "--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@click.option("--all", "everything", is_flag=True, help="Show them all.")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="Only these. May be given again.")
@click.option("--blueprint", metavar="ID", help="Only runs of this Blueprint.")
@click.option("--json", "machine", is_flag=True, help="Print a list of objects as JSON.")
def command(last: int, everything: bool, state: tuple[str, ...], blueprint: str | None, machine: bool) -> None:
    """List the runs on this machine, newest first.

    Runs that steps of another one have started stand below it.
    """
    from flowbench.runtime import runs

    known = sorted(runs(state=state or None, blueprint=blueprint), key=lambda info: info.started, reverse=True)
    known = [*_families(known)]
    found = known if everything else known[:last]
    if machine:
        keys = ("id", "blueprint", "state", "started", "seconds", "steps", "error", "parent", "at")
        rows = [{key: getattr(info, key) for key in keys} | {"path": str(info.path)} for info in found]
        output.say(as_json(rows))
        return
    if not found:
        chosen = state or blueprint is not None
        click.echo("No such runs." if chosen else "No runs yet. Try: flowbench demo", err=True)
        return
    output.say(
        table(
            [
                ("RUN", "BLUEPRINT", "STATE", "STARTED", "TOOK", "STEPS", "ERROR"),
                *(
                    (
                        info.id,
                        short(("└ " if info.parent else "") + info.blueprint, 24),
                        info.state,
                        moment(info.started),
                        seconds(info.seconds) if info.state in ENDED else "-",
                        str(info.steps),
                        short(info.error or "", 60),
                    )
                    for info in found
                ),
            ]
        )
    )
    if len(known) > len(found):
        output.say(f"and {count(len(known) - len(found), 'older one')}; --all lists them")


def _families(known: Sequence[RunInfo]) -> Iterator[RunInfo]:
    """Children right behind their parent, in the order of their beginning."""
    below: dict[str, list[RunInfo]] = {info.id: [] for info in known}
    tops: list[RunInfo] = []
    for info in known:
        below.get(info.parent, tops).append(info)
    work = tops[::-1]
    while work:
        info = work.pop()
        yield info
        work += below[info.id]
