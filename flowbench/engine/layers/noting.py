"""Noting: a layer that adds notes to what those inside are told of a visit; it costs nothing per step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench.engine.layers.wrapping import Wrapped
from flowbench.engine.noted import Noted
from flowbench.engine.spawner import Body, Site, Spawner


class Noting(Wrapped):
    """notes: by name; they win over those of layers further out."""

    def __init__(self, agent: str, inner: Spawner, notes: Mapping[str, Any]) -> None:
        super().__init__(agent, inner)
        self._notes = notes

    def body(self, site: Site) -> Body:
        return self.inner.body(Noted(site, self._notes))
