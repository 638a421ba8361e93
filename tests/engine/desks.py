"""An engine with a clock that a test moves, and workers that a test writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from flowbench import engine
from flowbench.engine import Body, CapToken, Engine, EngineCfg, Role, Site, TaskSpec

T = TypeVar("T")
START = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Worker:
    """A spawner of one body. told: what it was asked."""

    quick, wants_secrets, digest = False, False, ""
    uses: engine.Uses = "loop"

    def __init__(self, work: Callable[[Site, Any], Any]) -> None:
        self.work = work
        self.told: list[Any] = []

    def body(self, site: Site) -> Body:
        def body(value: Any) -> Any:
            self.told.append(value)
            return self.work(site, value)

        return body


class Desk:
    """An engine, its clock, an operator's token. cfg: as of EngineCfg."""

    def __init__(self, **cfg: Any) -> None:
        self.clock = Clock()
        self.engine = Engine(EngineCfg(**cfg), clock=self.clock)
        self.token = self.engine.attach("op", Role.OPERATOR)

    def start(self, directive: Any = "do it", agent: str = "agent", token: CapToken | None = None) -> str:
        return self.engine.start_task(token or self.token, TaskSpec(agent, directive))

    async def dispatch(self, task_id: str, work: Callable[[Site, Any], Any], **more: Any) -> engine.Outcome:
        return await self.engine.dispatch_attempt_with(self.token, task_id, Worker(work), **more)

    def state(self, task_id: str) -> engine.TaskState:
        return self.engine.read_task_state(self.token, task_id)

    def told(self) -> list[str]:
        return [type(news).__name__ for news in self.engine.wire.tail()]


def run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(bounded())


async def until(holds: Callable[[], bool]) -> None:
    """Turns of the loop until it does."""
    while not holds():
        await asyncio.sleep(0.001)
