"""Faces: what stands behind an operator: a hook around a step, a senior to ask, or somebody who does the work.

Each function of a face may be plain (it then runs on a worker thread, never on the loop) or async; `call` hides the
difference. Source: mlua-swarm 0.2.1 `SpawnHook`, `SeniorBridge`, `Operator`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from flowbench.blueprint import AgentProfile, OperatorKind
from flowbench.engine.handing import on_thread

if TYPE_CHECKING:
    from flowbench.engine.spawner import Site
    from flowbench.engine.tokens import CapToken


class WorkerBinding(msgspec.Struct, frozen=True):
    """Which worker an operator is to use. tools: that it may use."""

    subagent_type: str
    tools: tuple[str, ...] = ()


def binding_of(profile: AgentProfile | None) -> WorkerBinding | None:
    """As an agent's profile says; None where it names no worker."""
    if profile is None or profile.worker_binding is None:
        return None
    return WorkerBinding(profile.worker_binding, profile.tools)


class WorkerResult(msgspec.Struct, frozen=True):
    """value: any JSON value. ok: False blocks the step."""

    value: Any
    ok: bool = True


class OperatorInfo(msgspec.Struct, frozen=True):
    """Who stands behind one agent, as of one dispatch. id: of the operator; faces that nobody has given are None."""

    kind: OperatorKind = OperatorKind.AUTOMATE
    id: str = "default-automate"
    hook: SpawnHook | None = None
    bridge: SeniorBridge | None = None
    backend: Operator | None = None


class SpawnCtx(msgspec.Struct, frozen=True):
    """What a face is told about the visit. runtime: notes of layers: `project_name_alias`, `input_refs`,
    `data_sink_endpoint`, `worker_handle`.
    """

    run_id: str
    address: str
    task_id: str
    attempt: int
    agent: str
    operator: OperatorInfo
    runtime: Mapping[str, Any] = {}


class SpawnHook(Protocol):
    """Stands at the door of a step."""

    def before(self, ctx: SpawnCtx) -> Any:
        """Return, or await, nothing. What it raises refuses the step: `spawn rejected by middleware: <what it says>`"""

    def after(self, ctx: SpawnCtx, value: Any) -> Any:
        """value: the answer, or the text of the error. What it raises is of no matter."""


class SeniorBridge(Protocol):
    """Knows somebody who knows better."""

    def ask(self, task_id: str, question: Any) -> Any:
        """The answer, any JSON value. What it raises leaves everything as it was."""


class Operator(Protocol):
    """Does the work itself. `requires_worker_binding: bool` may be an attribute; False without it."""

    def execute(
        self, ctx: SpawnCtx, system: str | None, prompt: str, worker: WorkerBinding | None, token: CapToken | None
    ) -> Any:
        """A WorkerResult, or any JSON value, which is ok."""


async def call(site: Site, fn: Callable[..., Any], *args: Any) -> Any:
    """What `fn(*args)` comes to, plain or async. Ends with the step: nobody who waits here holds up an abort.

    For the moment when a body is called, or inside `site.here()`.
    """
    if _is_async(fn):
        return await fn(*args)
    result = await on_thread(_applied, (fn, args), site)
    return await result if inspect.isawaitable(result) else result


def _applied(given: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    fn, args = given
    return fn(*args)


def _is_async(fn: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(type(fn).__call__)
