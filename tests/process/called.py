"""Functions that a warm process calls; it imports them by name."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any


def pid() -> int:
    return os.getpid()


def echo(value: Any) -> Any:
    return value


def wait_for(began: str, path: str) -> int:
    """Until there is such a file."""
    Path(began).touch()
    while not Path(path).exists():
        time.sleep(0.002)
    return os.getpid()


def fail(text: str) -> None:
    raise LookupError(text)


def leave() -> None:
    os._exit(3)
