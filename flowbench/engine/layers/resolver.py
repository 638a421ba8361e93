"""Resolver: another agent does the step than the one it names, chosen anew at every visit.

Source: mlua-swarm 0.2.1 `ResolverMiddleware`, which rewrites `ctx.agent`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.errors import NotRegistered
from flowbench.engine.faces import SpawnCtx
from flowbench.engine.link import Layer
from flowbench.engine.spawner import Body, Site, Spawner, Uses
from flowbench.engine.telling import ctx_of

_WEIGHT: tuple[Uses, ...] = ("loop", "thread", "process")


class ResolverLayer(msgspec.Struct, frozen=True):
    """choose(hint, ctx): the name of the agent that does this visit, `ctx.agent` to leave it as it is.

    Called on the engine's loop, so it must be quick. What it raises fails the step. hint: whatever `choose` is to know.
    A change of any agent's code counts as one of all: who does a step is known only when it is visited.
    """

    name: ClassVar[str] = "resolver"
    choose: Callable[[Any, SpawnCtx], str]
    hint: Any = None

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        inners: dict[str, Spawner] = {}

        def layer(agent: str, inner: Spawner) -> Spawner:
            inners[agent] = inner
            return _Resolved(agent, inners, self)

        return layer


class _Resolved:
    """inners: of all agents, complete when the whole layer is around them."""

    def __init__(self, agent: str, inners: dict[str, Spawner], layer: ResolverLayer) -> None:
        self._agent, self._inners, self._layer = agent, inners, layer

    @property
    def quick(self) -> bool:
        return all(inner.quick for inner in self._inners.values())

    @property
    def uses(self) -> Uses:
        return max((inner.uses for inner in self._inners.values()), key=_WEIGHT.index)

    @property
    def wants_secrets(self) -> bool:
        return any(inner.wants_secrets for inner in self._inners.values())

    @property
    def digest(self) -> str:
        told = [f"{name}={inner.digest}" for name, inner in sorted(self._inners.items())]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        bodies: dict[str, Body] = {}
        agent, choose, hint = self._agent, self._layer.choose, self._layer.hint

        def resolved(value: Any) -> Any:
            name = choose(hint, ctx_of(site, agent, site.operator(agent)))
            body = bodies.get(name)
            if body is None:
                if name not in self._inners:
                    raise NotRegistered(name)
                body = bodies[name] = self._inners[name].body(site)
            return body(value)

        return resolved
