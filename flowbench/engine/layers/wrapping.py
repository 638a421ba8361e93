"""Wrapping: what every layer has in common: it is a spawner around another one and says the same of itself."""

from __future__ import annotations

from typing import Any, Protocol

from flowbench import flow
from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.link import Layer
from flowbench.engine.spawner import Body, Site, Spawner


class LayerFactory(Protocol):
    """Makes one layer for one launch. name: what `explain` calls it, and `spawner_hints.layers` if it is a hint."""

    @property
    def name(self) -> str: ...

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        """The layer. It may read and append; what it knows of a visit lives no longer than that visit."""


class Wrapped:
    """A spawner around `inner`; implements Spawner. waits: its bodies may wait where those of `inner` do not."""

    def __init__(self, agent: str, inner: Spawner, *, waits: bool = False) -> None:
        self.agent, self.inner = agent, inner
        self.quick, self.uses = inner.quick and not waits, inner.uses
        self.digest, self.wants_secrets = inner.digest, inner.wants_secrets

    def body(self, site: Site) -> Body:
        """By default that of `inner`."""
        return self.inner.body(site)


def is_awaited(result: Any) -> bool:
    """The body waits: its answer is still to come."""
    return hasattr(type(result), "__await__")


async def settled(result: Any) -> Any:
    """What a body answers, however it does."""
    return await result if is_awaited(result) else result


def value_of(result: Any) -> Any:
    """Of an answer with parts its value; of one that says that the step does not apply, nothing."""
    if isinstance(result, flow.Output):
        return result.value
    return None if isinstance(result, flow.Skip) else result


def hidden(site: Site, value: Any) -> Any:
    """As it may be shown to people, whose notebooks are saved: references stand for secrets."""
    return site.secrets.take_out(value) if site.secrets.names else value
