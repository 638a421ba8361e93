"""Contract: what an agent may answer, looked at when it answers: its verdict, and what means that it does not apply."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from types import CoroutineType
from typing import Any

from flowbench.blueprint import BODY, AgentDef
from flowbench.engine.errors import UnknownVerdict
from flowbench.engine.spawner import Body, Site, Spawner
from flowbench.flow import Output, Skip, compact

_ABSENT = object()
_SHAPE = frozenset({"out", "parts"})


def contracted(spawner: Spawner, agent: AgentDef | None) -> Spawner:
    """The spawner, outermost of all: whoever answers for the agent answers as it has to."""
    if agent is None or (agent.verdict is None and not agent.skip_on):
        return spawner
    return _Contracted(spawner, agent)


class _Contracted:
    """Quick bodies stay quick: to look at an answer never waits."""

    def __init__(self, inner: Spawner, agent: AgentDef) -> None:
        self._inner, self._agent = inner, agent
        self.quick, self.uses, self.digest, self.wants_secrets = (
            inner.quick,
            inner.uses,
            inner.digest,
            inner.wants_secrets,
        )
        self._channel = agent.verdict.channel if agent.verdict else BODY
        self._values = [value.strip() for value in agent.verdict.values] if agent.verdict else None
        self._by_case = {value.casefold(): value for value in reversed(self._values or ())}
        self._skips = [_bare(each) for each in agent.skip_on or ()]

    def body(self, site: Site) -> Body:
        inner = self._inner.body(site)

        def body(value: Any) -> Any:
            result = inner(value)
            if result.__class__ is CoroutineType or hasattr(type(result), "__await__"):
                return self._awaited(result, site, nullcontext() if self._channel == BODY else site.here())
            return self.judge(result, site)

        return body

    async def _awaited(self, result: Awaitable[Any], site: Site, here: AbstractContextManager[object]) -> Any:
        value = await result
        with here:
            return self.judge(value, site)

    def judge(self, result: Any, site: Site) -> Any:
        """What the step answers with. Raises: Skip, UnknownVerdict."""
        if isinstance(result, Skip):
            raise result
        value, parts = self._opened(result)
        if self._channel != BODY and self._channel not in parts:  # its worker may have submitted it as an artifact
            parts = {**site.task().parts(), **parts}
        said = _bare(value if self._channel == BODY else parts.get(self._channel, _ABSENT))
        if any(_same(said, each) for each in self._skips):
            raise Skip(f"it answered {compact(said)}")
        if self._values is None:
            return result
        if said is _ABSENT:
            raise UnknownVerdict(self._agent.name, self._channel, f"has no part '{self._channel}'", self._values)
        known = said if said in self._values else None
        if isinstance(said, str):
            known = known or self._by_case.get(said.casefold())
        if known is None:
            raise UnknownVerdict(self._agent.name, self._channel, f"says {_shown(said)}", self._values)
        if self._channel == BODY:
            return Output(known, parts) if parts else known
        parts = {**parts, self._channel: known}
        return Output({"out": value, "parts": parts}, parts)

    def _opened(self, result: Any) -> tuple[Any, dict[str, Any]]:
        """(value, parts). Where a part is the verdict, an object of `out` and `parts` is an answer with parts, too."""
        if isinstance(result, Output):
            return result.value, dict(result.parts)
        is_parted = self._channel != BODY and isinstance(result, dict) and "parts" in result and result.keys() <= _SHAPE
        if is_parted and isinstance(result["parts"], dict):
            return result.get("out"), result["parts"]
        return result, {}


def _bare(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _same(one: Any, other: Any) -> bool:
    """Equal JSON values; texts in any case. True is no 1."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _shown(value: Any) -> str:
    try:
        text = compact(value)
    except Exception:  # what is no JSON is refused for that, but here for its verdict
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:80]}…"
