"""`flowbench notebook run IN OUT`: execute a notebook without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowbench.cli import options
from flowbench.cli.exits import Exit, Refusal


@click.group()
def command() -> None:
    """Work with notebooks without a browser."""


@command.command("run")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "-p", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter: a number, True, None or text."
)
@click.option("-r", "raw", nargs=2, multiple=True, metavar="NAME TEXT", help="A parameter that is text in any case.")
@click.option(
    "-f", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="A YAML file of parameters."
)
@click.option(
    "--timeout",
    type=options.time_limit,
    metavar="SECONDS",
    help="Stop the notebook after this long; runs are aborted with reason Timeout a little earlier.",
)
@click.option("--cell-timeout", type=options.time_limit, metavar="SECONDS", help="The same for each cell alone.")
@click.option("--kernel", metavar="NAME", help="An installed kernel (default: the Python of this command).")
@click.option("--cwd", type=click.Path(path_type=Path), metavar="DIR", help="Where the notebook runs (default: here).")
@click.option("--tags", multiple=True, metavar="TAG,...", help="Run only cells with one of these tags.")
@click.option("--skip-tags", multiple=True, metavar="TAG,...", help="Leave out cells with one of these tags.")
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME",
    help="An environment variable the notebook needs; its value never reaches OUT. May be given again.",
)
@click.option(
    "--trust",
    multiple=True,
    metavar="HASH",
    help="Let the commands of the Blueprint file with this hash run in this execution only; `flowbench trust FILE` "
    "shows it. Repeatable.",
)
@click.option(
    "--answers",
    metavar="FILE",
    help="A policy (YAML or JSON) that answers what runs would ask a person, for launches without one of their own. A "
    "notebook may also take one as a parameter: `-p answers FILE` and `%fb run NAME --answers answers`.",
)
@click.option(
    "--heartbeat", type=click.Path(path_type=Path), metavar="FILE", help="Write the state here once a second."
)
@click.option(
    "--json",
    "machine",
    is_flag=True,
    help="Print {notebook, state, run_ids, runs, seconds, cells, error, output} as JSON.",
)
def run(source: Path, target: Path, machine: bool, **given: Any) -> None:
    """Execute the notebook IN and save it as OUT, whatever becomes of it.

    \b
    OUT is saved as each cell ends. It says in its metadata what ran:
    metadata.flowbench = {state, cells, seconds, error, runs: [{id, state, ...}]}

    Ctrl-C and SIGTERM abort the run in the cell and save the notebook; a second one kills the kernel at once.
    A run that a dead kernel left behind goes on with `flowbench resume ID`.

    \b
    Exit codes: 0 done, 1 a cell failed (also by a question that nobody answers), 2 usage, 124 a time limit passed,
    130 Ctrl-C, 138 the kernel died, 143 SIGTERM.
    """
    from flowbench.cli.executing import execute

    execute(
        source,
        target,
        machine,
        parameters=_parameters(given["files"], given["given"], given["raw"]),
        timeout=_finite(given["timeout"]),
        cell_timeout=_finite(given["cell_timeout"]),
        kernel=given["kernel"],
        tags=_split(given["tags"]),
        skip_tags=_split(given["skip_tags"]),
        secrets=given["secrets"],
        trust=given["trust"],
        answers=given["answers"],
        cwd=_folder(given["cwd"]),
        heartbeat=given["heartbeat"],
        log=lambda line: click.echo(line, err=True),
        warn=lambda line: click.echo(f"flowbench: warning: {line}", err=True),
    )


def _parameters(files: tuple[Path, ...], given: tuple[tuple[str, str], ...], raw: tuple[tuple[str, str], ...]) -> Any:
    """{name: value}; later options win over earlier ones, single ones over files."""
    from flowbench.notebook import read_parameters

    found: dict[str, Any] = {}
    for file in files:
        found |= read_parameters(file)
    return {**found, **{name: _value(text) for name, text in given}, **dict(raw)}


def _value(text: str) -> Any:
    """As papermill reads a -p: True, False, None, a whole number, a number, else text."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _split(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tag.strip() for each in tags for tag in each.split(",") if tag.strip())


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or seconds == float("inf") else seconds


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise Refusal(f"--cwd {path}: there is no such folder", Exit.USAGE)
    return None if path is None else path.absolute()
