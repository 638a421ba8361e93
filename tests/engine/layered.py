"""Runs with layers: agents that answer, block or fail, and faces that write down what they hear."""

from __future__ import annotations

from typing import Any

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions
from tests.flows import Json, blueprint, step

Heard = list[tuple[Any, ...]]


class Everybody:
    """Hook, senior and operator in one; `heard` is what they were told, in order."""

    def __init__(self, *, refuses: str = "", answer: Any = "senior says", work: Any = "operator did") -> None:
        self.heard: Heard = []
        self.ctxs: list[engine.SpawnCtx] = []
        self.refuses, self.answer, self.work = refuses, answer, work

    def before(self, ctx: engine.SpawnCtx) -> None:
        self.ctxs.append(ctx)
        self.heard.append(("before", ctx.agent))
        if self.refuses:
            raise PermissionError(self.refuses)

    async def after(self, ctx: engine.SpawnCtx, value: Any) -> None:
        self.heard.append(("after", value))

    def ask(self, task_id: str, question: Any) -> Any:
        self.heard.append(("ask", question))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def execute(self, ctx: Any, system: Any, prompt: str, worker: Any, token: Any) -> Any:
        self.ctxs.append(ctx)
        self.heard.append(("execute", system, prompt, worker))
        return self.work


def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value, id="same", inline=True)

    @table.agent
    async def blocks(value: Any) -> Any:
        raise engine.Blocked({"got": value}, "no", "")

    @table.agent
    def fails(value: Any) -> Any:
        raise ValueError("boom")

    return table


def run(flow: Json | str, ctx: Any = None, *, hints: Any = (), more: Any = None, **options: Any) -> fb.Run:
    """Of one step, or of a flow, with these hints, to its end. more: fields of the Blueprint."""
    flow = step(flow) if isinstance(flow, str) else flow
    made = blueprint(flow, spawner_hints={"layers": list(hints)}, **(more or {}))
    options.setdefault("functions", functions())
    options.setdefault("durability", "memory")
    run = fb.launch(made, {"x": 1} if ctx is None else ctx, **options)
    assert run.wait(60)
    return run


def said(run: fb.Run) -> str:
    """All notes in the log."""
    return "\n".join(line.text for line in run.log.lines() if line.stream == "note")
