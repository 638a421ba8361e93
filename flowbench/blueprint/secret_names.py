"""Secret names: `$secret:NAME` stands for a value that is looked up when an agent is called, and never written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowbench.blueprint.place import under

REFERENCE = re.compile(r"\$secret:([A-Za-z_][A-Za-z0-9_]*)")


def is_reference(text: str) -> bool:
    """The whole text is one reference."""
    return REFERENCE.fullmatch(text) is not None


def secret_names(value: Any, place: str = "$") -> Iterator[tuple[str, str]]:
    """(name, its place) of every reference in a JSON value, also inside longer texts and in keys; in reading order."""
    todo: list[tuple[Any, str]] = [(value, place)]
    while todo:
        item, at = todo.pop()
        if isinstance(item, str):
            for name in REFERENCE.findall(item):
                yield name, at
        elif isinstance(item, dict):
            todo += [(each, under(at, key)) for key, child in reversed(item.items()) for each in (child, key)]
        elif isinstance(item, (list, tuple)):
            todo += [(child, under(at, index)) for index, child in reversed(list(enumerate(item)))]
