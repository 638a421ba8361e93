"""Options that several commands share, worded once."""

from __future__ import annotations

import click

agents = click.option(
    "--agents",
    multiple=True,
    metavar="MODULE|FILE.py",
    help="Import this; its @agent functions register. May be given again.",
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Abort the run after this long.",
)
outcome_as_json = click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {run_id, state, seconds, steps, ctx, error} as JSON.",
)
