"""Noted: a site as seen from inside a layer that has something to add; all else is answered by the site around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from flowbench.cancel import CancelToken, Handoff
from flowbench.engine.faces import OperatorInfo
from flowbench.engine.secrets import Secrets
from flowbench.engine.spawner import Site, Visit, Voice
from flowbench.engine.visiting import Task


class Around:
    """A site that asks another one; implements Site. For layers to derive from."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def run_id(self) -> str:
        return self._site.run_id

    @property
    def folder(self) -> Path | None:
        return self._site.folder

    @property
    def token(self) -> CancelToken:
        return self._site.token

    @property
    def threads(self) -> Handoff:
        return self._site.threads

    @property
    def secrets(self) -> Secrets:
        return self._site.secrets

    @property
    def runtime(self) -> Mapping[str, Any]:
        return self._site.runtime

    def visit(self) -> Visit:
        return self._site.visit()

    def voice(self) -> Voice:
        return self._site.voice()

    def ctx(self) -> Any:
        return self._site.ctx()

    def linger(self) -> Callable[[], Callable[[], None]] | None:
        return self._site.linger()

    def outlives(self, at: str, ended: float | None) -> None:
        self._site.outlives(at, ended)

    def step_token(self, at: str | None = None) -> CancelToken:
        return self._site.step_token(at)

    def here(self) -> AbstractContextManager[object]:
        return self._site.here()

    def task(self) -> Task:
        return self._site.task()

    def operator(self, agent: str) -> OperatorInfo:
        return self._site.operator(agent)

    def answer(self, face: str, ask: Callable[[], Awaitable[Any]], question: Any = None) -> Awaitable[Any]:
        return self._site.answer(face, ask, question)


class Noted(Around):
    """The site with more notes. notes: win over those of the same name from further out."""

    def __init__(self, site: Site, notes: Mapping[str, Any]) -> None:
        super().__init__(site)
        self._notes = notes

    @property
    def runtime(self) -> Mapping[str, Any]:
        return {**self._site.runtime, **self._notes}
