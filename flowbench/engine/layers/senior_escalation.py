"""Senior escalation: a step that says ok=false is put to a senior, whose answer, if there is one, is the step's.

Failures that are no word of the worker are not escalated. Source: mlua-swarm 0.2.1 `SeniorEscalationMiddleware`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

import msgspec

from flowbench import flow
from flowbench.blueprint import Blueprint
from flowbench.engine.core import Engine
from flowbench.engine.errors import Blocked
from flowbench.engine.faces import call
from flowbench.engine.layers.wrapping import Wrapped, hidden, is_awaited
from flowbench.engine.link import Layer
from flowbench.engine.outputs import Final, Inline
from flowbench.engine.spawner import Body, Site

REASON = "worker reported ok=false"


class SeniorEscalationLayer(msgspec.Struct, frozen=True):
    """Asks the bridge of whoever stands behind the agent, of any kind, with `{"reason", "value"}`.

    The step then answers `{"original": value, "senior_answer": answer}`. A senior who raises leaves it blocked.
    """

    name: ClassVar[str] = "senior_escalation"

    def make(self, engine: Engine, blueprint: Blueprint) -> Layer:
        return lambda agent, inner: _Escalated(agent, inner, waits=True)


class _Escalated(Wrapped):
    def body(self, site: Site) -> Body:
        inner, agent = self.inner.body(site), self.agent

        def escalated(value: Any) -> Any:
            try:
                result = inner(value)
            except Blocked as blocked:
                return _ask(site, site.here(), agent, blocked)
            return _awaited(site, site.here(), agent, result) if is_awaited(result) else result

        return escalated


async def _awaited(site: Site, here: AbstractContextManager[object], agent: str, result: Any) -> Any:
    try:
        return await result
    except Blocked as blocked:
        return await _ask(site, here, agent, blocked)


async def _ask(site: Site, here: AbstractContextManager[object], agent: str, blocked: Blocked) -> Any:
    with here:
        bridge = site.operator(agent).bridge
        if bridge is None:
            raise blocked
        task = site.task()
        question = {"reason": REASON, "value": hidden(site, blocked.value)}

        async def ask() -> Any:
            try:
                return flow.take(await call(site, bridge.ask, task.id, question))[0]
            except Exception as error:  # whatever it raises, there is no answer
                raise _Unanswered(flow.text_of(error)) from error

        try:
            answer = await site.answer("bridge", ask, question)
        except _Unanswered as why:
            site.voice()("note", f"the senior gave no answer: {why}\n")
            raise blocked from why.__cause__
        upgraded = {"original": blocked.value, "senior_answer": answer}
        for final in (Final(Inline(blocked.value), False), Final(Inline(upgraded), True)):
            if task.finals()[-1:] != [final]:  # a worker may have submitted its own
                task.submit(final)
        return upgraded


class _Unanswered(Exception):
    """What a senior raised, told from what the journal raises."""
