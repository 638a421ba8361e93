"""Sample: the agents and flows that the benchmarks run."""

from __future__ import annotations

import asyncio
from typing import Any

from flowbench import blueprint as bp
from flowbench.blueprint import Functions
from tests.flows import blueprint, fan, seq, step

functions = Functions()
SIZES = {"1KB": 1_000, "100KB": 100_000, "1MB": 1_000_000}


@functions.agent(inline=True)
def inline(value: Any) -> Any:
    return value


@functions.agent
async def trivial(value: Any) -> Any:
    return value


@functions.agent
def plain(value: Any) -> Any:
    return value


@functions.agent
async def turn(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


@functions.agent
async def nap(value: Any) -> Any:
    await asyncio.sleep(0.05)
    return value


@functions.agent
async def forever(value: Any) -> Any:
    await asyncio.sleep(600)


def load(flow: Any) -> bp.Blueprint:
    return bp.load(blueprint(flow))


def chain(ref: str, n: int) -> bp.Blueprint:
    """n steps, one after the other, all of one agent."""
    return load(seq(*[step(ref) for _ in range(n)]))


def wide(ref: str, n: int) -> bp.Blueprint:
    """One step for each of n items."""
    return load(fan(step(ref, "$.i", "$.o"), range(n)))


def ctx(bytes: int = 0) -> dict[str, Any]:
    """x, and so much beside it: half of it text, half nested values."""
    if not bytes:
        return {"x": 1}
    row = {"name": "some text", "values": [1, 2.5, None, True]}
    return {"x": 1, "text": "t" * (bytes // 2), "rows": [dict(row) for _ in range(bytes // 2 // 56)]}
