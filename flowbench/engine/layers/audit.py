"""Audit: whoever listens to the engine hears of every attempt that begins. It only looks, and keeps quick bodies quick.

Source: mlua-swarm 0.2.1 `AuditMiddleware`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.layers.wrapping import Wrapped
from flowbench.engine.link import Layer
from flowbench.engine.news import Wire
from flowbench.engine.spawner import Body, Site, Spawner


class AuditLayer(msgspec.Struct, frozen=True):
    """Tells `task_attempt_started` for every visit of a step; to listeners alone, nothing is kept."""

    name: ClassVar[str] = "audit"

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        return lambda agent, inner: _Audited(agent, inner, engine)


class _Audited(Wrapped):
    def __init__(self, agent: str, inner: Spawner, engine: Engine) -> None:
        super().__init__(agent, inner)
        self._wire: Wire = engine.wire
        self._clock = engine.clock

    def body(self, site: Site) -> Body:
        inner, wire, clock, visit, run_id = self.inner.body(site), self._wire, self._clock, site.visit, site.run_id

        def audited(value: Any) -> Any:
            if wire.is_heard:
                address, attempt = visit()
                wire.begun(run_id, address, attempt, clock())
            return inner(value)

        return audited
