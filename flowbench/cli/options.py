"""Options that several commands share, worded once."""

from __future__ import annotations

import click

from flowbench.cli.exits import Exit, Refusal


def time_limit(text: str) -> float:
    """Seconds, above 0; `inf` is none. Raises: Refusal."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:  # nan is neither above nor below
        raise Refusal(f"--timeout {text}: give a number of seconds above 0, or inf for no limit", Exit.USAGE)
    return seconds


agents = click.option(
    "--agents",
    multiple=True,
    metavar="MODULE|FILE.py|NOTEBOOK.ipynb",
    help="Import this; its @agent functions register. Of a notebook only cells tagged `agents` are run, or without "
    "such cells its imports, functions, classes and plain values. May be given again. Functions that are still missing "
    "are looked for in what [tool.flowbench] agents lists in the nearest pyproject.toml.",
)
trust = click.option(
    "--trust",
    metavar="HASH",
    help="Let the commands of the Blueprint with this hash run this once; a resume has to be told again. "
    "`flowbench trust FILE` shows them and allows them for good.",
)
timeout = click.option(
    "--timeout",
    type=time_limit,
    metavar="SECONDS",
    help="Abort the run after this long; inf: never, even if the Blueprint has a time limit of its own.",
)
limit = click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Step bodies at once, at most. By default async functions have no limit, plain functions cores + 4, and "
    "steps that start a process the number of cores.",
)
secrets = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME",
    help="Let $secret:NAME stand for the environment variable NAME; it is never recorded. May be given again.",
)
answers = click.option(
    "--answers",
    metavar="FILE",
    help="A policy (YAML or JSON) that answers what the Blueprint would ask a person: rules by agent, face, address "
    "and question that answer, approve, reject or take the default. Without one, and for what it leaves open, the "
    "questions come to this terminal; where there is none, the command ends with exit code 5. FLOWBENCH_ANSWERS=FILE "
    "says the same.",
)
outcome_as_json = click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {run_id, state, seconds, steps, ctx, error, place} as JSON. What agents print goes to standard error.",
)
