"""Rooms: a room shows the names of its files at its front and loads a file when one of its names is first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def front(room: str, files: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a room. room: its full name. files: {file of the room: names that it defines}.

    A file without names is a name itself.
    """
    homes = {name: file for file, names in files.items() for name in names}

    def get(name: str) -> Any:
        if name in files and not files[name]:
            return import_module(f"{room}.{name}")  # which also makes it an attribute of the room
        if name not in homes:
            raise AttributeError(f"module '{room}' has no attribute '{name}'")
        value = getattr(import_module(f"{room}.{homes[name]}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return get
