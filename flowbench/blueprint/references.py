"""References: `$file` and `$agent_md` in a Blueprint file, which this version refuses instead of passing them on."""

from __future__ import annotations

from typing import Any

from flowbench.blueprint.errors import InvalidBlueprint
from flowbench.blueprint.place import ROOT, under


def refuse_references(data: Any) -> None:
    """Raises: InvalidBlueprint at the first reference; an agent would otherwise get the reference as its text.

    Source: mlua-swarm 0.2.1 loader: an object whose only key is `$file`, or one with a key `$agent_md`.
    """
    todo = [(data, ROOT)]
    while todo:
        value, place = todo.pop()
        if isinstance(value, dict):
            if list(value) == ["$file"] or "$agent_md" in value:
                name = next(key for key in value if key in ("$file", "$agent_md"))
                raise InvalidBlueprint(place, f"`{name}` is not read by this version; write its content here")
            todo += [(child, under(place, key)) for key, child in reversed(value.items())]
        elif isinstance(value, list):
            todo += [(child, under(place, index)) for index, child in reversed(list(enumerate(value)))]
