"""Wanted: the Blueprint that an argument of a command names: a file, or `stored:ID@SELECTOR`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowbench.blueprint import Blueprint

SHORT = 12  # hex digits of a version, as people are shown it


def load(file: Path, compat: str | None = None) -> Blueprint:
    """compat: the dialect of the flow. Raises: what `blueprint.load` and `blueprint.stored` raise."""
    from flowbench import blueprint as bp

    if bp.is_stored(str(file)):
        return _stored(str(file), compat)
    try:
        return bp.load(file, compat=compat)
    except bp.UnknownFormat as error:
        if len(file.parts) == 1 and not file.exists():
            raise bp.UnknownFormat(
                f"{error.message}; a stored Blueprint is named stored:{file}", source=str(file)
            ) from None
        raise


def _stored(text: str, compat: str | None) -> Blueprint:
    from msgspec.structs import replace

    from flowbench import blueprint as bp

    found = bp.from_store(text, bp.GitStore())
    return found if compat is None else replace(bp.parse(bp.to_json(found), compat), provenance=found.provenance)
