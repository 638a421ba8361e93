"""Long hold: a step that took longer than it should is told of; its outcome stays what it is.

Source: mlua-swarm 0.2.1 `LongHoldMiddleware`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Any, ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine import ids
from flowbench.engine.core import Engine
from flowbench.engine.layers.wrapping import Wrapped, is_awaited
from flowbench.engine.link import Layer
from flowbench.engine.news import TaskAttemptCompleted
from flowbench.engine.spawner import Body, Site, Spawner


class LongHoldLayer(msgspec.Struct, frozen=True):
    """Tells `task_attempt_completed` with `{"long_hold_warn": true, "elapsed_ms", "default_hold_ms"}` as its result, to
    listeners alone, and leaves a note in the step's log.

    default_hold: seconds that a step may take; by default `EngineCfg.long_hold.default_hold`. clock: seconds.
    """

    name: ClassVar[str] = "long_hold"
    default_hold: float | None = None
    clock: Callable[[], float] = perf_counter

    def __post_init__(self) -> None:
        """Raises: ValueError."""
        hold = self.default_hold
        if hold is not None and (isinstance(hold, bool) or not isinstance(hold, int | float) or not hold >= 0):
            raise ValueError(f"default_hold is a number of seconds, 0 or more, not {hold!r:.80}")

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        hold = engine.cfg.long_hold.default_hold if self.default_hold is None else self.default_hold
        return lambda agent, inner: _Timed(agent, inner, engine, hold, self.clock)


class _Timed(Wrapped):
    def __init__(self, agent: str, inner: Spawner, engine: Engine, hold: float, clock: Callable[[], float]) -> None:
        super().__init__(agent, inner)
        self._engine, self._hold, self._clock = engine, hold, clock

    def body(self, site: Site) -> Body:
        inner, clock, hold = self.inner.body(site), self._clock, self._hold

        def timed(value: Any) -> Any:
            began, result = clock(), None
            try:
                result = inner(value)
            finally:
                if not is_awaited(result) and (took := clock() - began) > hold:
                    self._warn(site, took)
            return self._awaited(site, site.here(), result, began) if is_awaited(result) else result

        return timed

    async def _awaited(self, site: Site, here: AbstractContextManager[object], result: Any, began: float) -> Any:
        with here:
            try:
                return await result
            finally:
                if (took := self._clock() - began) > self._hold:
                    self._warn(site, took)

    def _warn(self, site: Site, took: float) -> None:
        visit, engine = site.visit(), self._engine
        told = {"long_hold_warn": True, "elapsed_ms": int(took * 1000), "default_hold_ms": int(self._hold * 1000)}
        task_id = ids.visit_id(site.run_id, visit.address)
        engine.wire.mention(TaskAttemptCompleted(task_id, visit.attempt, told), now=engine.clock())
        site.voice()("note", f"it took {took:.1f} s, longer than the {self._hold:g} s that a step may hold\n")
