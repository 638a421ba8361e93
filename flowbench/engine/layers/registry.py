"""Registry: the layers of every launch, and those that a Blueprint may ask for by name.

Source: mlua-swarm 0.2.1 `LayerRegistry`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from flowbench.blueprint import Blueprint, hint_names
from flowbench.engine.errors import UnknownLayer

if TYPE_CHECKING:
    from flowbench.engine.core import Engine
    from flowbench.engine.layers.wrapping import LayerFactory
    from flowbench.engine.link import Layer

_SHIPPED = {  # loaded when they are first asked for: most launches have no layer
    "audit": "AuditLayer",
    "long_hold": "LongHoldLayer",
    "main_ai": "MainAILayer",
    "operator_delegate": "OperatorDelegateLayer",
    "senior_escalation": "SeniorEscalationLayer",
}


class LayerRegistry:
    """Registering one under a name that is there already replaces it, in its place: a cell may be run twice."""

    def __init__(self) -> None:
        self._base: dict[str, LayerFactory] = {}
        self._hints: dict[str, LayerFactory] = {}

    def base(self, layer: str | LayerFactory) -> None:
        """From now on it is around every agent of every launch, outside those registered before.

        Raises: UnknownLayer.
        """
        made = self.get(layer) if isinstance(layer, str) else layer
        self._base[made.name] = made

    def hint(self, layer: LayerFactory, name: str = "") -> None:
        """From now on `spawner_hints.layers` may name it. name: by default its own."""
        self._hints[name or layer.name] = layer
        hint_names.add(name or layer.name)

    def remove(self, name: str) -> bool:
        """No base layer and no hint any more, unless it came with flowbench. True if it was one."""
        found = [each for each in (self._base, self._hints) if each.pop(name, None) is not None]
        if name not in _SHIPPED:
            hint_names.discard(name)
        return bool(found)

    def bases(self) -> list[str]:
        """Innermost first."""
        return list(self._base)

    def hints(self) -> list[str]:
        return sorted({*_SHIPPED, *self._hints})

    def get(self, name: str) -> LayerFactory:
        """Raises: UnknownLayer."""
        found = self._find(name)
        if found is None:
            raise UnknownLayer(name, self.hints())
        return found

    def stack(self, blueprint: Blueprint, more: Sequence[str | LayerFactory] = ()) -> list[LayerFactory]:
        """The layers of one launch, innermost first: base layers, `more`, the Blueprint's hints, the project's alias.

        A hint that nobody knows is left out; lint tells of it. One that is there twice wraps twice.
        Raises: UnknownLayer for a name in `more`.
        """
        if not (self._base or more or blueprint.spawner_hints.layers or blueprint.metadata.project_name_alias):
            return []
        hinted = [self._find(name) for name in blueprint.spawner_hints.layers]
        stack = [
            *self._base.values(),
            *(self.get(each) if isinstance(each, str) else each for each in more),
            *(each for each in hinted if each is not None),
        ]
        if blueprint.metadata.project_name_alias is not None:
            from flowbench.engine.layers.project_name_alias import ProjectNameAliasLayer

            stack.append(ProjectNameAliasLayer())
        return stack

    def layers(
        self, blueprint: Blueprint, engine: Callable[[], Engine], more: Sequence[str | LayerFactory] = ()
    ) -> list[Layer]:
        """The stack, made for one launch. engine: asked for only where there is a layer. Raises: UnknownLayer."""
        stack = self.stack(blueprint, more)
        if not stack:
            return []
        desk = engine()
        return [each.make(desk, blueprint) for each in stack]

    def _find(self, name: str) -> LayerFactory | None:
        if name not in self._hints and name in _SHIPPED:
            home = import_module(f"flowbench.engine.layers.{name}")
            self._hints[name] = getattr(home, _SHIPPED[name])()
        return self._hints.get(name)


layer_registry = LayerRegistry()
