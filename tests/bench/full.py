"""The full stack: W1, W2, W4 with the audit layer around every step, and with steps that ask for a token.

The floor is the same work with neither, so that the ratio is what the layer costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flowbench as fb
from flowbench import blueprint as bp
from flowbench import engine
from flowbench.blueprint import Blueprint
from flowbench.engine.layers.wrapping import Wrapped
from tests.bench.measure import Figure, beside
from tests.bench.sample import chain, ctx, functions, wide
from tests.bench.steps import COUNTS


def run(made: bp.Blueprint, given: Any, durability: Any, *layers: Any) -> Any:
    return fb.launch(made, given, functions=functions, durability=durability, layers=layers).result(600)


class Asks:
    """A layer that asks for the token of each visit. mints: or only for its task."""

    name = "asks"

    def __init__(self, mints: bool) -> None:
        self.mints = mints

    def make(self, engine: engine.Engine, blueprint: Blueprint) -> engine.Layer:
        return lambda agent, inner: _Asking(agent, inner, self.mints)


class _Asking(Wrapped):
    def __init__(self, agent: str, inner: engine.Spawner, mints: bool) -> None:
        super().__init__(agent, inner)
        self.mints = mints

    def body(self, site: engine.Site) -> engine.Body:
        inner, mints = self.inner.body(site), self.mints

        def asking(value: Any) -> Any:
            task = site.task()
            if mints:
                task.token()
            return inner(value)

        return asking


def _pair(name: str, made: bp.Blueprint, given: Any, n: int, durability: str = "memory") -> Figure:
    return beside(name, lambda: run(made, given, durability, "audit"), lambda: run(made, given, durability), n)


def w1() -> Iterator[Figure]:
    for ref, suffix in (("inline", ""), ("trivial", "-async")):
        for n in COUNTS:
            yield _pair(f"W1-full{suffix}", chain(ref, n), ctx(), n)


def w2() -> Iterator[Figure]:
    for ref, suffix in (("trivial", ""), ("inline", "-inline"), ("turn", "-waits")):
        for n in COUNTS:
            yield _pair(f"W2-full{suffix}", wide(ref, n), {}, n)


def w4() -> Iterator[Figure]:
    for ref, suffix in (("inline", ""), ("trivial", "-async")):
        for n in COUNTS:
            yield _pair(f"W4-full{suffix}", chain(ref, n), ctx(), n, "process")


def tokens() -> Iterator[Figure]:
    """us: what one token costs on top of the task that it is for; floor_us: what a step with its task takes."""
    n = 10_000
    for ref in ("inline", "trivial"):
        made = chain(ref, n)
        both = beside(
            f"token-{ref}",
            lambda made=made: run(made, ctx(), "memory", Asks(True)),
            lambda made=made: run(made, ctx(), "memory", Asks(False)),
            n,
        )
        yield Figure(both.work, both.us - both.floor_us, both.floor_us, n)
