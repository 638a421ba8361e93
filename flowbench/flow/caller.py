"""Caller: the line of a person's own code that an authoring mistake points at."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

from flowbench.flow.errors import AuthoringError

_OURS = "flowbench"
_SHOWN = 160  # characters of the source line


def refuse(message: str) -> AuthoringError:
    """The error, with the innermost line outside flowbench."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(file, line, frame.f_globals).strip()
    return AuthoringError(message, file=file if _is_file(file) else "", line=line, source=source[:_SHOWN])


def _is_ours(module: str) -> bool:
    return module == _OURS or module.startswith(f"{_OURS}.")


def _is_file(name: str) -> bool:
    """False for the text of a cell, whatever its kernel calls it."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False
