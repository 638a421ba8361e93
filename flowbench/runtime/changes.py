"""Changes: which paths differ between two ctx of one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def changed_paths(before: Any, after: Any, path: str = "$") -> Iterator[str]:
    """Paths that were added, removed or replaced, in the order of their keys; lists are compared as a whole.

    A write copies only the dicts along its path, so that everything else is the same object and costs nothing here.
    """
    if before is after:
        return
    if before.__class__ is not dict or after.__class__ is not dict:
        if before.__class__ is not after.__class__ or before != after:
            yield path
        return
    for key in dict.fromkeys((*before, *after)):
        below = f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'
        if key in before and key in after:
            yield from changed_paths(before[key], after[key], below)
        else:
            yield below
