"""A durable run that is meant to be killed: `python -m tests.promises.victim EFFECTS [RUN_ID]`; prints id, then ctx."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import attempt, blueprint, fan, loop, seq, step

INNER = fan(seq(step("nap", "$.j", "$.p"), step("inc", "$.p", "$.q")), bind="$.j", out="$.inner")
BODY = seq(step("nap", "$.i", "$.s"), INNER, attempt(step("bad", "$.i", "$.z"), step("nap", "$.i", "$.caught")))
FLOW = seq(
    step("inc"),
    loop(seq(step("nap", "$.n", "$.last"), step("plain")), 5),
    fan(BODY, items=(10, 20, 30, 40)),
    step("inc"),
)


def functions(effects: str) -> Functions:
    """Each body writes a line to the effects file: the outside witness of what has run."""
    table = Functions()
    out = os.open(effects, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def effect(name: str, value: Any) -> None:
        os.write(out, f"{name} {value}\n".encode())

    @table.agent
    async def nap(value: int) -> int:
        effect("nap", value)
        await asyncio.sleep(0.003)
        return value * 2

    @table.agent(inline=True)
    def inc(value: int) -> int:
        effect("inc", value)
        return value + 1

    @table.agent
    def plain(value: int) -> int:
        effect("plain", value)
        return value + 1

    @table.agent
    def bad(value: int) -> int:
        effect("bad", value)
        raise ValueError("always")

    return table


def main(effects: str, run_id: str = "") -> None:
    table = functions(effects)
    run = fb.resume(run_id, functions=table) if run_id else fb.launch(blueprint(FLOW), {"x": 0}, functions=table)
    print(run.id, flush=True)
    print(json.dumps(run.result(60), sort_keys=True), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
