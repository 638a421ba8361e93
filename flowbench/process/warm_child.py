"""Warm child: calls functions by name, one after the other, until there is nothing more to do. See `warm`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

NO_CORE = (0, 0)  # what crashes here was expected to


def main(asked: None, ask: Callable[[Any], Any]) -> None:
    """What is asked for is the next call: {"call": "module:function", "args": [...]}; None: there will be no other."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, NO_CORE)
    told: Any = None
    while (job := ask(told)) is not None:
        try:
            module, _, name = job["call"].partition(":")
            told = {"value": getattr(import_module(module), name)(*job["args"])}
        except Exception as error:  # any function may raise anything; whoever called hears of it
            told = {"type": type(error).__qualname__, "text": str(error)}
