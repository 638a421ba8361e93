"""Operator delegate: where somebody is there to do the work, they do it, and nothing inside this layer runs.

Whatever the operator kind. Source: mlua-swarm 0.2.1 `OperatorDelegateMiddleware`; that it hands over the agent's
worker binding is of 0.3.0: without one, operators that need it always failed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.executing import execute
from flowbench.engine.faces import OperatorInfo, WorkerBinding, binding_of
from flowbench.engine.layers.wrapping import Wrapped
from flowbench.engine.link import Layer
from flowbench.engine.spawner import Body, Site, Spawner
from flowbench.engine.workers.prompt import text_form


class OperatorDelegateLayer(msgspec.Struct, frozen=True):
    """Hands the prompt to the operator behind the agent, without a system prompt."""

    name: ClassVar[str] = "operator_delegate"

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        bindings = {agent.name: binding_of(agent.profile) for agent in blueprint.agents}
        return lambda agent, inner: _Delegated(agent, inner, bindings.get(agent))


class _Delegated(Wrapped):
    def __init__(self, agent: str, inner: Spawner, worker: WorkerBinding | None) -> None:
        super().__init__(agent, inner, waits=True)
        self._worker = worker

    def body(self, site: Site) -> Body:
        inner, agent, worker = self.inner.body(site), self.agent, self._worker

        def delegated(value: Any) -> Any:
            info = site.operator(agent)
            if info.backend is None:
                return inner(value)
            return _work(site, site.here(), agent, info, text_form(value), worker)

        return delegated


async def _work(
    site: Site,
    here: AbstractContextManager[object],
    agent: str,
    info: OperatorInfo,
    prompt: str,
    worker: WorkerBinding | None,
) -> Any:
    with here:
        return await execute(site, agent, info, None, prompt, worker)
