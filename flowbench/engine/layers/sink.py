"""Sink: what is inside knows where its data are to go. Source: mlua-swarm 0.2.1 `SinkMiddleware`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.layers.noting import Noting
from flowbench.engine.link import Layer


class SinkLayer(msgspec.Struct, frozen=True):
    """`ctx.runtime["data_sink_endpoint"]`. endpoint: a URL."""

    name: ClassVar[str] = "sink"
    endpoint: str

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        notes = {"data_sink_endpoint": self.endpoint}
        return lambda agent, inner: Noting(agent, inner, notes)
