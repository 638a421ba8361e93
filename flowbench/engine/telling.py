"""Telling: what a face hears about a visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowbench.engine.faces import OperatorInfo, SpawnCtx
from flowbench.engine.spawner import Site
from flowbench.engine.visiting import Task

HANDLE = "worker_handle"


def ctx_of(site: Site, agent: str, info: OperatorInfo) -> SpawnCtx:
    """When a body is called, or inside `site.here()`. From then on the visit is a task of the engine."""
    task = site.task()
    return SpawnCtx(site.run_id, site.visit().address, task.id, task.attempt, agent, info, _Notes(site.runtime, task))


class _Notes(Mapping[str, Any]):
    """The notes of layers and `worker_handle`, for which a token is minted when somebody looks at it."""

    def __init__(self, notes: Mapping[str, Any], task: Task) -> None:
        self._notes, self._task = notes, task

    def __getitem__(self, name: str) -> Any:
        return self._task.handle() if name == HANDLE else self._notes[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._notes, HANDLE))

    def __len__(self) -> int:
        return len(self._notes) + 1

    def __repr__(self) -> str:
        return f"<notes {', '.join(self)}>"  # a log must not hold what opens something
