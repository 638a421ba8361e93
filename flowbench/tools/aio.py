"""The tools, to be awaited: the names of `flowbench.tools` with the same arguments."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowbench.tools.awaiting import awaited

if TYPE_CHECKING:
    from flowbench import tools

    html_to_markdown = awaited("html_to_markdown", tools.html_to_markdown)

# Those that block and are awaited on a worker thread; the name is the tag, too.
BLOCKING = frozenset({"html_to_markdown"})

__all__ = ["html_to_markdown"]


def __getattr__(name: str) -> Any:
    if name not in BLOCKING:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = globals()[name] = awaited(name, getattr(import_module("flowbench.tools"), name))
    return value
