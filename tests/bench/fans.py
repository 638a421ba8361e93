"""Fan-outs: W2 the cost of an item, W3 many that wait at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import flowbench as fb
from tests.bench.measure import Figure, beside
from tests.bench.sample import functions, nap, trivial, turn, wide
from tests.bench.steps import COUNTS, run


def gather(body, n: int) -> None:
    """Floor: asyncio.gather of the same bodies."""

    async def main() -> None:
        await asyncio.gather(*[body(item) for item in range(n)])

    asyncio.run(main())


def w2() -> Iterator[Figure]:
    for ref, body, suffix in (("trivial", trivial, ""), ("inline", trivial, "-inline"), ("turn", turn, "-waits")):
        for n in COUNTS:
            made = wide(ref, n)
            yield beside(f"W2{suffix}", lambda made=made: run(made, {}), lambda n=n, body=body: gather(body, n), n)
    made = wide("turn", 10_000)

    def limited() -> None:
        fb.launch(made, {}, functions=functions, durability="memory", limit=16).result(600)

    yield beside("W2-limit-16", limited, lambda: gather(turn, 10_000), 10_000)


def w3() -> Iterator[Figure]:
    made = wide("nap", 200)
    yield beside("W3", lambda: run(made, {}), lambda: gather(nap, 200), 200, each=1)
