"""Steps one after the other: W1, W1t on a worker thread, W5 turns of a loop with a branch."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import flowbench as fb
from flowbench import blueprint as bp
from tests.bench.measure import Figure, beside
from tests.bench.sample import SIZES, chain, ctx, functions, inline, load, trivial
from tests.flows import lit, path, step

COUNTS = (100, 1_000, 10_000)


def run(blueprint: bp.Blueprint, given: Any, durability: Any = "memory") -> Any:
    return fb.launch(blueprint, given, functions=functions, durability=durability).result(600)


def awaits(n: int) -> None:
    """Floor: bare awaits."""

    async def main() -> None:
        value: Any = 1
        for _ in range(n):
            value = await trivial(value)

    asyncio.run(main())


def to_threads(n: int) -> None:
    """Floor: asyncio.to_thread."""

    async def main() -> None:
        value: Any = 1
        for _ in range(n):
            value = await asyncio.to_thread(inline, value)

    asyncio.run(main())


def turns(n: int) -> None:
    """Floor: a loop in Python."""
    ctx = {"n": 0, "x": 1}
    for turn in range(n):
        ctx["n"] = turn + 1
        if ctx["n"] < n:
            ctx["x"] = inline(ctx["x"])


def w1() -> Iterator[Figure]:
    for ref, suffix in (("inline", ""), ("trivial", "-async")):
        for n in COUNTS:
            made = chain(ref, n)
            yield beside(f"W1{suffix}", lambda made=made: run(made, ctx()), lambda n=n: awaits(n), n)
    made = chain("inline", 1_000)
    for size, bytes in SIZES.items():
        given = ctx(bytes)
        yield beside(f"W1-ctx-{size}", lambda given=given: run(made, given), lambda: awaits(1_000), 1_000)


def w1t() -> Iterator[Figure]:
    for n in (100, 1_000, 10_000):
        made = chain("plain", n)
        yield beside("W1t", lambda made=made: run(made, ctx()), lambda n=n: to_threads(n), n, rounds=3)


def w5() -> Iterator[Figure]:
    for n in COUNTS:
        more = {"op": "lt", "lhs": path("$.n"), "rhs": lit(n)}
        body = {"kind": "branch", "cond": more, "then": step("inline"), "else": step("inline")}
        made = load({"kind": "loop", "counter": path("$.n"), "cond": lit(True), "body": body, "max": n})
        yield beside("W5", lambda made=made: run(made, ctx()), lambda n=n: turns(n), n)
