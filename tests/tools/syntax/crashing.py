"""A parser that some code crashes, in place of the real one; a warm process imports it by name."""

from __future__ import annotations

import os
from typing import Any

from flowbench.tools.syntax import parsing


def find(sources: list[Any], most: int | None) -> list[parsing.Found]:
    if any("crash" in text for _, text, *_ in sources):
        os._exit(139)
    return parsing.find(sources, most)
