"""Visits: what the steps of a run that are under way have asked of the engine; closed when they end.

Most steps ask for nothing and never come here. The recorder looks in when a step ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self

from flowbench import engine, flow

if TYPE_CHECKING:
    from flowbench.runtime.drive import Site
    from flowbench.runtime.questions import Told


class Moment:
    """A visit, held fast. As a context manager it makes its site answer for it, after waits too, and what is printed
    meanwhile its own.

    value: the step's input, shared and not to be changed. walker: the task of the loop that waits for the body.
    """

    __slots__ = ("_before", "agent", "at", "scope", "site", "value", "walker")

    def __init__(self, site: Site, scope: flow.Scope, at: str, agent: str, value: Any) -> None:
        self.site, self.scope, self.at, self.agent, self.value = site, scope, at, agent, value
        self.walker = asyncio.current_task()
        self._before: list[tuple[Token[Moment | None], Token[engine.Voice | None]]] = []

    def __enter__(self) -> Self:
        before = held.set(self)
        self._before.append((before, engine.speaker.set(self.site.voice())))
        return self

    def __exit__(self, *_: object) -> None:
        moment, voice = self._before.pop()
        with suppress(ValueError):  # the interpreter takes a forgotten coroutine away in some other context
            engine.speaker.reset(voice)
            held.reset(moment)


held: ContextVar[Moment | None] = ContextVar("flowbench_moment", default=None)
"""The visit that a body or layer has taken with it over a wait."""


Parts = tuple[Mapping[str, Any], bytes]


class Asked:
    """By one visit. task: as the engine knows it. counts: questions so far, by face. told: what a person said last,
    until it is recorded. parts: of its answer, with their JSON. secrets: what artifacts may not show.
    """

    __slots__ = ("counts", "parts", "secrets", "task", "told")

    def __init__(self) -> None:
        self.task: engine.Task | None = None
        self.counts: dict[str, int] = {}
        self.told: Told | None = None
        self.parts: Parts | None = None
        self.secrets: engine.Secrets | None = None


class Visits:
    """open: address -> what was asked, of visits that have asked for something and go on."""

    def __init__(self) -> None:
        self.open: dict[str, Asked] = {}

    def at(self, address: str) -> Asked:
        return self.open.get(address) or self.open.setdefault(address, Asked())

    def parts(self, address: str) -> Parts | None:
        """Of its answer, together with the artifacts that its worker has submitted; the answer's own come first."""
        asked = self.open.get(address)
        if asked is None:
            return None
        found = {} if asked.task is None else asked.task.parts()
        if found:
            if asked.secrets is not None and asked.secrets.names:
                found = asked.secrets.take_out(found)
            asked.parts = flow.take(found if asked.parts is None else {**found, **asked.parts[0]})
        return asked.parts

    def done(self, address: str, value: Any) -> None:
        if task := self._task(address):
            task.done(value)

    def failed(self, address: str, error: BaseException) -> None:
        if task := self._task(address):
            task.failed(error)

    def cancelled(self, address: str) -> None:
        if task := self._task(address):
            task.cancelled()

    def end(self) -> None:
        """The run is over: nobody waits for those that go on."""
        for address in list(self.open):
            self.cancelled(address)

    def _task(self, address: str) -> engine.Task | None:
        asked = self.open.pop(address, None)
        return None if asked is None else asked.task
