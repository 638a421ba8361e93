"""Listeners: who hears of each new run. A file of its own, so that one can be there before anything can be launched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowbench.runtime.run import Run

launched: list[Callable[[Run], None]] = []
"""Called with each new Run, resumed ones too, in the thread that launched it. A front end adds a function."""
