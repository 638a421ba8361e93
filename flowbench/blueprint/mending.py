"""Mending: what findings of lint are good for beside reading: their lines in the text, and fixes that are applied."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from flowbench.blueprint.loader import is_bare
from flowbench.blueprint.model import Blueprint, parse, to_json
from flowbench.blueprint.place import parts
from flowbench.blueprint.reader import format_of, read
from flowbench.diagnostic import Diagnostic, Diagnostics


def fixed(blueprint: Blueprint, found: Iterable[Diagnostic], compat: str | None = None) -> Blueprint:
    """The Blueprint with every fix of these findings; those without one change nothing.

    Raises: InvalidBlueprint, should a fix not fit: it was found in another Blueprint.
    """
    data: Any = to_json(blueprint)
    for each in found:
        if each.fix is None:
            continue
        *way, last = parts(each.fix.place)
        here = data
        try:
            for key in way:
                here = here[key]
            here[last]  # it replaces what is there, and adds nothing
        except (LookupError, TypeError):
            continue
        here[last] = each.fix.value
    return msgspec.structs.replace(parse(data, compat), provenance=blueprint.provenance)


def located(found: Iterable[Diagnostic], source: str | bytes | PathLike[str]) -> Diagnostics:
    """The findings with line and column in the text that the Blueprint was read from; a Path is a file.

    A place inside a file that the text refers to has the line of the reference.
    """
    is_file = isinstance(source, PathLike)
    text = Path(source).read_bytes() if isinstance(source, PathLike) else source
    name = str(Path(source)) if isinstance(source, PathLike) else ""
    is_json = is_file and name.lower().endswith(".json")
    document = read(text, "json" if is_json else format_of(text))
    is_flow = isinstance(document.data, dict) and is_bare(document.data)
    told = Diagnostics()
    for each in found:
        place = each.place.replace("$.flow", "$", 1) if is_flow and each.place.startswith("$.flow") else each.place
        spot = document.spot(place)
        told.append(
            msgspec.structs.replace(each, source=name, line=spot.line, column=spot.column, excerpt=spot.excerpt)
        )
    return told
