"""Application: launches of Blueprints that are named: given inline, stored under an id, or in a file.

Source: mlua-swarm 0.2.1 `TaskApplication`; `file` is of 0.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flowbench import blueprint as bp
from flowbench import engine
from flowbench.runtime.errors import ApplicationFailed, LaunchFailed
from flowbench.runtime.service import TaskLaunchInput, TaskLaunchService


class InlineRef(msgspec.Struct, frozen=True, tag_field="kind", tag="inline", forbid_unknown_fields=True):
    """value: the Blueprint, as anything that `load` reads."""

    value: Any


class IdRef(msgspec.Struct, frozen=True, tag_field="kind", tag="id", forbid_unknown_fields=True):
    """A version in the application's store; by default the head."""

    id: str
    version: bp.VersionSelector = bp.Latest()


class FileRef(msgspec.Struct, frozen=True, tag_field="kind", tag="file", forbid_unknown_fields=True):
    """path: from the working directory."""

    path: str


BlueprintRef = InlineRef | IdRef | FileRef


def blueprint_ref(plain: Mapping[str, Any]) -> BlueprintRef:
    """`{"kind": "inline", "value": ...}`, `{"kind": "id", "id": ..., "version": {"kind": "latest"}}` or
    `{"kind": "file", "path": ...}`. Raises: ApplicationFailed, with the place.
    """
    try:
        return msgspec.convert(plain, InlineRef | IdRef | FileRef)
    except msgspec.ValidationError as error:
        raise ApplicationFailed(f"blueprint_ref: {error}; its kind is inline, id or file") from error


class TaskApplicationInput(msgspec.Struct, frozen=True, kw_only=True):
    """blueprint: which one, as a ref or as the plain data of one; the rest as TaskLaunchInput."""

    blueprint: BlueprintRef | Mapping[str, Any]
    operator_id: str
    role: engine.Role = engine.Role.OPERATOR
    ttl: float | None = None
    operator_kind: bp.OperatorKind | None = None
    bridge_id: str | None = None
    hook_id: str | None = None
    operator_backend_id: str | None = None
    operator_kind_overrides: Mapping[str, bp.OperatorKind] = {}
    init_ctx: Any = {}


class TaskApplicationOutput(msgspec.Struct, frozen=True):
    """bound_version: 64 hex of the stored version that ran; None for one that came inline or out of a file."""

    token: engine.CapToken
    final_ctx: Any
    run_id: str
    bound_version: str | None = None


class TaskApplication:
    """store: where ids are looked up; without one only inline Blueprints and files can be launched."""

    name = "task"

    def __init__(self, service: TaskLaunchService | None = None, store: bp.BlueprintStore | None = None) -> None:
        self.service, self.store = service or TaskLaunchService(), store

    async def handle(self, input: TaskApplicationInput) -> TaskApplicationOutput:
        """Find the Blueprint, launch it and wait for its end; cancelling whoever waits aborts the run.

        Raises: ApplicationFailed `blueprint_ref: ...`, `store: ...` or `launch: ...`, RunCancelled,
        blueprint.InvalidVersionLabel, blueprint.NoVersionMatches, blueprint.BadRequirement, blueprint.BlueprintError.
        """
        given = input.blueprint
        ref = given if isinstance(given, BlueprintRef) else blueprint_ref(given)
        blueprint, version = await asyncio.to_thread(self._find, ref)
        rest = {name: getattr(input, name) for name in TaskApplicationInput.__struct_fields__ if name != "blueprint"}
        try:
            ended = await self.service.launch(TaskLaunchInput(blueprint=blueprint, **rest))
        except LaunchFailed as error:
            raise ApplicationFailed(f"launch: {error}", error.run_id) from error
        return TaskApplicationOutput(ended.token, ended.final_ctx, ended.run_id, version)

    def _find(self, ref: BlueprintRef) -> tuple[bp.Blueprint, str | None]:
        match ref:
            case InlineRef(value):
                return bp.load(value), None
            case FileRef(path):
                return bp.load(Path(path)), None
            case IdRef(id, selector):
                if self.store is None:
                    raise ApplicationFailed(
                        "store not configured (BlueprintRef::Id requires store); give TaskApplication a store"
                    )
                try:
                    found = bp.resolve(self.store, id, selector)
                except bp.BlueprintStoreError as error:
                    raise ApplicationFailed(f"store: {error}") from error
                return found.value, found.trace.version
