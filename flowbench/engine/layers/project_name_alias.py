"""Project name alias: what is inside knows under which name the project goes. Always outermost.

Source: mlua-swarm 0.2.1 `ProjectNameAliasMiddleware`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.layers.noting import Noting
from flowbench.engine.link import Layer


class ProjectNameAliasLayer(msgspec.Struct, frozen=True):
    """`ctx.runtime["project_name_alias"]`. There whenever the Blueprint's `metadata.project_name_alias` is."""

    name: ClassVar[str] = "project_name_alias"

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        notes = {"project_name_alias": blueprint.metadata.project_name_alias}
        return lambda agent, inner: Noting(agent, inner, notes)
