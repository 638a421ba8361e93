"""Kinds: who runs the agents of one launch, those included that need more than the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flowbench import blueprint as bp
from flowbench import engine
from flowbench.runtime import persons
from flowbench.runtime.subflow import FlowFactory
from flowbench.runtime.whence import Whence

if TYPE_CHECKING:
    from flowbench.runtime.launching import Common


def factories(
    blueprint: bp.Blueprint, options: Common, compat: str | None, whence: Whence, desk: Callable[[], engine.Engine]
) -> Mapping[str, engine.Factory]:
    """By kind. whence: of the run that is about to begin. desk: its engine."""
    return engine.factories(
        options.get("functions", bp.functions),
        operators=engine.Operators(persons.operators(blueprint, options, desk), desk),
        more={
            "flow": FlowFactory(blueprint.provenance, options, compat, whence, desk),
            "notebook": engine.NotebookFactory(Path(whence.folder)),
        },
    )
