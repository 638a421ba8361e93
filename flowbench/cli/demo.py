"""`flowbench demo`: execute the shipped tour without a browser and say what happened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from flowbench.cli.executing import execute
from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.shipped import notebook

TOUR = "00_tour.ipynb"


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the executed notebook (default: a new one among flowbench's own data).",
)
@click.option(
    "--json", "machine", is_flag=True, help="Print {notebook, state, run_ids, runs, seconds, cells, error} as JSON."
)
def command(output: Path | None, machine: bool) -> None:
    """Execute the tour notebook headlessly and say where it is."""
    source = notebook(TOUR)
    folder = _prepared(output.absolute()) if output is not None else new_folder()
    if not machine:
        click.echo(f"Executing {TOUR} ...", err=True)
    execute(source, folder / TOUR, machine)


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
