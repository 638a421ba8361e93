"""Pause: what the stepper shows of a step that waits: its input, the ctx as a tree, and what the last step changed."""

from __future__ import annotations

from typing import Any

from flowbench import flow
from flowbench.notebook.tree import short, tree
from flowbench.notebook.view import json_text
from flowbench.runtime import Pause

NOTHING = object()


def pause_view(pause: Pause) -> dict[str, Any]:
    """{"address", "agent", "input": JSON text, "ctx": see notebook.tree, "changed": [[path, before, after]]}

    before, after: short texts, "" where the path was or is not there.
    """
    return {
        "address": pause.address,
        "agent": pause.agent,
        "input": json_text(pause.input),
        "ctx": tree(pause.ctx),
        "changed": [
            [path, _short(pause.before, path), _short(pause.ctx, path)] for path in dict.fromkeys(pause.changed)
        ],
    }


def _short(ctx: Any, path: str) -> str:
    value = _at(ctx, path)
    return "" if value is NOTHING else short(value)


def _at(ctx: Any, path: str) -> Any:
    try:
        keys = flow.parse_path(path)
    except flow.FlowError:  # a key that no path of the language can name
        return NOTHING
    for key in keys:
        if not isinstance(ctx, dict) or key not in ctx:
            return NOTHING
        ctx = ctx[key]
    return ctx
