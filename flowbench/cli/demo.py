"""`flowbench demo`: execute the shipped tour without a browser and say what happened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbench.cli import output as standard
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.shipped import notebook
from flowbench.cli.words import as_json, seconds
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.notebook import Result

TOUR = "00_tour.ipynb"


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the executed notebook (default: a new one among flowbench's own data).",
)
@click.option("--json", "machine", is_flag=True, help="Print {notebook, run_ids, seconds, cells} as JSON.")
def command(output: Path | None, machine: bool) -> None:
    """Execute the tour notebook headlessly and say where it is."""
    source = notebook(TOUR)
    folder = _prepared(output.absolute()) if output is not None else new_folder()
    if not machine:
        click.echo(f"Executing {TOUR} ...", err=True)
    result = execute(source, folder / TOUR)
    if machine:
        standard.say(as_json(facts(result)))
        return
    standard.say(f"Executed  {count(result.cells, 'cell')} in {seconds(result.seconds)}")
    standard.say(f"Ran       {count(len(result.run_ids), 'run')}: {', '.join(result.run_ids)}")
    standard.say(f"Notebook  {result.notebook}")


def execute(source: Path, target: Path) -> Result:
    """Raises: Refusal, which says where the notebook was saved as far as it came."""
    from flowbench.notebook import NotebookError, NotebookStopped, run_notebook

    try:
        return run_notebook(source, target)
    except NotebookError as error:
        code = Exit(128 + error.signum) if isinstance(error, NotebookStopped) else Exit.FAILED
        raise Refusal(f"{error} (saved as {target})", code) from error


def facts(result: Result) -> dict[str, object]:
    """{"notebook": absolute path, "run_ids": [str], "seconds": float, "cells": int}"""
    return {
        "notebook": str(result.notebook),
        "run_ids": list(result.run_ids),
        "seconds": round(result.seconds, 3),
        "cells": result.cells,
    }


def new_folder() -> Path:
    """A folder of our own that no earlier demo has used."""
    from flowbench.storage import home, private_dir

    demos = private_dir(home() / "demo")
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    folder, number = demos / stamp, 1
    while True:
        try:
            folder.mkdir(0o700)
        except FileExistsError:  # a demo that began in the same second has it
            number += 1
            folder = demos / f"{stamp}-{number}"
        else:
            return private_dir(folder)


def _prepared(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot make the folder {folder}: {error.strerror}", Exit.USAGE) from error
    return folder
