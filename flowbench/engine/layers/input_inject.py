"""Input inject: what is inside knows which outputs of others it is to take as its input.

Source: mlua-swarm 0.2.1 `InputInjectMiddleware`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.layers.noting import Noting
from flowbench.engine.link import Layer


class InputInjectLayer(msgspec.Struct, frozen=True):
    """`ctx.runtime["input_refs"]`, a list. refs: ids of the data plane, `out-` and 10 hex."""

    name: ClassVar[str] = "input_inject"
    refs: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises: ValueError."""
        refs: object = self.refs
        if isinstance(refs, str):  # which is a sequence of texts, too
            raise ValueError(f"refs are several ids, such as [{refs!r:.80}], not one text")

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        notes = {"input_refs": list(self.refs)}
        return lambda agent, inner: Noting(agent, inner, notes)
