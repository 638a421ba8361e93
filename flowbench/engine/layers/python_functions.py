"""Python functions as a layer: one before a step, which may refuse it, and one after, which may change its answer.

Source: mlua-swarm 0.2.1 `LuaMiddleware`, whose place it takes; there a missing `value` was null, and errors after a
step were told to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from flowbench import flow
from flowbench.blueprint import Blueprint, OperatorKind
from flowbench.engine import ids
from flowbench.engine.core import Engine
from flowbench.engine.errors import Blocked, SpawnRejected
from flowbench.engine.faces import call
from flowbench.engine.layers.wrapping import Wrapped, is_awaited, settled
from flowbench.engine.link import Layer
from flowbench.engine.spawner import Body, Site, Spawner

Before = Callable[[dict[str, Any]], Any]
After = Callable[[dict[str, Any], dict[str, Any]], Any]

VARIANTS = {OperatorKind.MAIN_AI: "MainAi", OperatorKind.AUTOMATE: "Automate", OperatorKind.COMPOSITE: "Composite"}
_FIELDS = {"value", "ok"}


class PythonLayer(msgspec.Struct, frozen=True):
    """before(ctx): what it raises refuses the step, `spawn rejected by middleware: <what it says>`.
    after(ctx, {"value", "ok"}): a dict with one or both of them takes their place, None leaves all as it is; ok=False
    blocks the step, ok=True clears one that is blocked. A step that fails or does not apply has no `after`.
    What `after` raises, or returns instead, changes nothing and is told in the step's log.

    ctx: {"task_id", "attempt", "agent", "operator": {"kind": "MainAi" | "Automate" | "Composite", "id"}}.

    Plain functions run on a worker thread, async ones on the loop. inline: plain functions that return at once run on
    the loop, between two steps, and quick bodies stay quick. name: in `explain`, and as a hint.
    """

    before: Before | None = None
    after: After | None = None
    name: str = "python"
    inline: bool = False

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        return lambda agent, inner: _Surrounded(agent, inner, self)


class _Surrounded(Wrapped):
    def __init__(self, agent: str, inner: Spawner, layer: PythonLayer) -> None:
        super().__init__(agent, inner, waits=not layer.inline)
        self._layer = layer

    def body(self, site: Site) -> Body:
        inner = self.inner.body(site)
        if not self._layer.inline:
            return lambda value: self._around(site, site.here(), inner, value)

        def inlined(value: Any) -> Any:
            ctx, before, after = _table(site, self.agent), self._layer.before, self._layer.after
            if before is not None:
                try:
                    before(ctx)
                except Exception as error:  # whatever it raises is its refusal
                    raise SpawnRejected(flow.text_of(error)) from error
            if after is None:
                return inner(value)
            try:
                result = inner(value)
            except Blocked as blocked:
                return self._after_inline(site, ctx, blocked)
            return (
                self._awaited(site, site.here(), ctx, result)
                if is_awaited(result)
                else self._after_inline(site, ctx, result)
            )

        return inlined

    async def _around(self, site: Site, here: AbstractContextManager[object], inner: Body, value: Any) -> Any:
        with here:
            ctx, before, after = _table(site, self.agent), self._layer.before, self._layer.after
            if before is not None:
                try:
                    await call(site, before, ctx)
                except Exception as error:  # whatever it raises is its refusal
                    raise SpawnRejected(flow.text_of(error)) from error
            try:
                result = await settled(inner(value))
            except Blocked as blocked:
                result = blocked
            if after is None or isinstance(result, flow.Skip):
                return _answered(result)
            try:
                said = await call(site, after, ctx, _outcome(result))
            except Exception as error:  # the step has ended: what goes wrong now is told, and changes nothing
                return _unchanged(site, result, error)
            return _overridden(site, result, said)

    async def _awaited(self, site: Site, here: AbstractContextManager[object], ctx: Any, result: Any) -> Any:
        with here:
            try:
                result = await result
            except Blocked as blocked:
                result = blocked
            return self._after_inline(site, ctx, result)

    def _after_inline(self, site: Site, ctx: Any, result: Any) -> Any:
        assert self._layer.after is not None
        if isinstance(result, flow.Skip):
            return result
        try:
            said = self._layer.after(ctx, _outcome(result))
        except Exception as error:  # the step has ended: what goes wrong now is told, and changes nothing
            return _unchanged(site, result, error)
        return _overridden(site, result, said)


def _table(site: Site, agent: str) -> dict[str, Any]:
    visit, info = site.visit(), site.operator(agent)
    return {
        "task_id": ids.visit_id(site.run_id, visit.address),
        "attempt": visit.attempt,
        "agent": agent,
        "operator": {"kind": VARIANTS[info.kind], "id": info.id},
    }


def _outcome(result: Any) -> dict[str, Any]:
    value = result.value if isinstance(result, Blocked | flow.Output) else result
    return {"value": flow.hand(value)[0], "ok": not isinstance(result, Blocked)}


def _overridden(site: Site, result: Any, said: Any) -> Any:
    if said is None:
        return _answered(result)
    if not isinstance(said, Mapping) or not set(said) <= _FIELDS or not isinstance(said.get("ok", True), bool):
        return _unchanged(site, result, TypeError(f'expected {{"value": ..., "ok": bool}} or None, not {said!r:.200}'))
    try:
        value = flow.take(said["value"])[0] if "value" in said else _outcome(result)["value"]
    except flow.NotJson as error:
        return _unchanged(site, result, error)
    was_ok = not isinstance(result, Blocked)
    if not said.get("ok", was_ok):
        raise Blocked(value, flow.compact(value), "")
    return flow.Output(value, result.parts) if isinstance(result, flow.Output) else value


def _unchanged(site: Site, result: Any, error: Exception) -> Any:
    site.voice()("note", f"a layer failed after the step: {flow.text_of(error)}\n")
    return _answered(result)


def _answered(result: Any) -> Any:
    if isinstance(result, Blocked):
        raise result
    return result
