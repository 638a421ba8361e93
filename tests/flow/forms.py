"""Forms of a property: 60 examples by default, 3,000 when `-m slow` asks for the long form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEFAULT, LONG = 60, 3_000
LAX = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
chosen = [DEFAULT]


def choose(examples: int) -> None:
    """Called before the tests of this room are imported."""
    chosen[0] = examples


def prove(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`given`, in the form that was asked for."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        return settings(max_examples=chosen[0], deadline=None, suppress_health_check=LAX)(given(*strategies)(test))

    return decorate
