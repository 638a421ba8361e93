"""Measure: a work and its floor, timed in turns in one process, because machines are noisy and differ."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """work: its name in design/targets.md, with a suffix for a variant. n: how many steps, items or turns.

    us, floor_us: microseconds, of one of the n where the target is per step, else of the whole.
    """

    work: str
    us: float
    floor_us: float
    n: int

    @property
    def ratio(self) -> float:
        return self.us / self.floor_us if self.floor_us else 0.0

    def plain(self) -> dict[str, Any]:
        """As the JSON file has it."""
        return {**asdict(self), "ratio": self.ratio}


Work = Callable[[], Iterator[Figure]]
"""Yields the figures of one work as they are measured."""


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    gc.collect()
    began = perf_counter()
    work()
    return perf_counter() - began


def beside(
    name: str,
    work: Callable[[], object],
    floor: Callable[[], object],
    n: int,
    *,
    each: int | None = None,
    rounds: int = ROUNDS,
    clock: Callable[[Callable[[], object]], float] = timed,
) -> Figure:
    """Medians of `rounds` turns, after one that does not count. each: what to divide by; by default `n`.

    clock: how long one call took, in seconds.
    """
    pairs = [(clock(work), clock(floor)) for _ in range(rounds + 1)][1:]
    each = n if each is None else each
    us, floor_us = (statistics.median(column) / each * 1e6 for column in zip(*pairs, strict=True))
    return Figure(name, us, floor_us, n)


def told(call: Callable[[], float]) -> float:
    """A clock for calls that say themselves how many seconds counted."""
    gc.collect()
    return float(call())
