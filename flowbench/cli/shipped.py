"""The notebooks that come with flowbench: out of the wheel, else out of the checkout."""

from __future__ import annotations

from pathlib import Path

import flowbench
from flowbench.cli.exits import Exit, Refusal


def notebook(name: str, package: Path | None = None) -> Path:
    """Where the shipped notebook `name` lies. package: the folder of flowbench itself, unless told.

    Raises: Refusal, with the places looked at.
    """
    package = package or Path(flowbench.__file__).resolve().parent
    places = (package / "shipped", package.parent / "notebooks")
    for place in places:
        if (place / name).is_file():
            return place / name
    looked = " and ".join(str(place) for place in places)
    raise Refusal(f"the notebook {name} is not part of this installation (looked in {looked})", Exit.FAILED)
