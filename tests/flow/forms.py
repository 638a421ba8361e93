"""Forms of a property: 60 examples by default, 3,000 when `-m slow` asks for the long form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEFAULT, LONG = 60, 3_000
LAX = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
chosen = [DEFAULT]
proven: list[Callable[..., None]] = []  # the tests that have a long form


def choose(examples: int) -> None:
    """Called before any test is imported."""
    chosen[0] = examples


def prove(
    *strategies: st.SearchStrategy[Any], short: int = DEFAULT
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`given`, in the form that was asked for. short: examples of the short form, where one takes long."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        examples = LONG if chosen[0] == LONG else short
        made = settings(max_examples=examples, deadline=None, suppress_health_check=LAX)(given(*strategies)(test))
        proven.append(made)
        return made

    return decorate
