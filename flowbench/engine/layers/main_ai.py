"""Main AI: a hook stands at the door of each step: it may refuse it before, and hears afterwards what came of it.

For agents whose operator kind is main_ai or composite. A hook that waits for a person holds up no abort.
Source: mlua-swarm 0.2.1 `MainAIMiddleware`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import msgspec

from flowbench import flow
from flowbench.blueprint import Blueprint, OperatorKind
from flowbench.engine.core import Engine
from flowbench.engine.errors import Blocked, SpawnRejected
from flowbench.engine.faces import OperatorInfo, SpawnCtx, SpawnHook, call
from flowbench.engine.layers.wrapping import Wrapped, hidden, settled, value_of
from flowbench.engine.link import Layer
from flowbench.engine.spawner import Body, Site
from flowbench.engine.telling import ctx_of

HOOKED = (OperatorKind.MAIN_AI, OperatorKind.COMPOSITE)


class MainAILayer(msgspec.Struct, frozen=True):
    """Calls the hook of whoever stands behind the agent. What its `after` raises goes to the step's log."""

    name: ClassVar[str] = "main_ai"

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        return lambda agent, inner: _Hooked(agent, inner, waits=True)


class _Hooked(Wrapped):
    def body(self, site: Site) -> Body:
        inner, agent = self.inner.body(site), self.agent

        def hooked(value: Any) -> Any:
            info = site.operator(agent)
            if info.hook is None or info.kind not in HOOKED:
                return inner(value)
            return _between(site, site.here(), ctx_of(site, agent, info), info, inner, value)

        return hooked


async def _between(
    site: Site, here: AbstractContextManager[object], ctx: SpawnCtx, info: OperatorInfo, inner: Body, value: Any
) -> Any:
    hook = info.hook
    assert hook is not None

    async def ask() -> None:
        try:
            await call(site, hook.before, ctx)
        except Exception as error:  # whatever it raises is its refusal
            raise SpawnRejected(flow.text_of(error)) from error

    with here:
        await site.answer("hook", ask)
        try:
            result = await settled(inner(value))
        except flow.Skip:
            await _tell(site, hook, ctx, None)
            raise
        except Blocked as blocked:
            await _tell(site, hook, ctx, blocked.value)
            raise
        except Exception as error:  # the worker's own failure, whatever it is
            await _tell(site, hook, ctx, flow.text_of(error))
            raise
        await _tell(site, hook, ctx, value_of(result))
        return result


async def _tell(site: Site, hook: SpawnHook, ctx: SpawnCtx, value: Any) -> None:
    try:
        await call(site, hook.after, ctx, hidden(site, value))
    except Exception as error:  # the step has ended: its outcome is not the hook's to change
        site.voice()("note", f"the hook failed after the step: {flow.text_of(error)}\n")
