"""`flowbench runs gc`: remove old runs, and what processes that died have left."""

from __future__ import annotations

import re

import click

from flowbench.cli import output
from flowbench.cli.words import as_json, moment, size
from flowbench.words import count

_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)?", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def amount(text: str) -> int:
    """Bytes: `500MB`, `1 GB`, `1000000`. Raises: click.BadParameter."""
    found = _BYTES.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"'{text}' is no size; write 500MB, 1GB or a number of bytes")
    return int(float(found[1]) * _UNITS[(found[2] or "b").lower()])


@click.command()
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="Remove runs that nothing was added to for longer than this.",
)
@click.option(
    "--max-bytes",
    type=amount,
    default="1GB",
    show_default=True,
    metavar="SIZE",
    help="Then remove the oldest ended runs until the others take no more than this, like 500MB.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "machine", is_flag=True, help="Print {removed, leftovers, freed, kept, kept_bytes} as JSON.")
def command(keep_days: float, max_bytes: int, dry_run: bool, machine: bool) -> None:
    """Remove old runs, and files that processes left when they died.

    A running run is never removed; an interrupted one, which can be resumed, only when it is older than --keep-days.
    """
    from flowbench.runtime import collect

    told = collect(keep_days=keep_days, max_bytes=max_bytes, dry_run=dry_run)
    if machine:
        output.say(
            as_json(
                {
                    "removed": [info.id for info in told.removed],
                    "leftovers": [str(path) for path in told.leftovers],
                    "freed": told.freed,
                    "kept": told.kept,
                    "kept_bytes": told.kept_bytes,
                    "dry_run": dry_run,
                }
            )
        )
        return
    verb = "would remove" if dry_run else "removed"
    lines = [f"{verb} {info.id}  {moment(info.changed)}  {info.state}  {info.blueprint}" for info in told.removed]
    if told.leftovers:
        lines.append(f"{verb} {count(len(told.leftovers), 'leftover')} of processes that died")
    done = "would free" if dry_run else "freed"
    lines.append(f"{done} {size(told.freed)}; {count(told.kept, 'run')} with {size(told.kept_bytes)} stay")
    output.say("\n".join(lines))
