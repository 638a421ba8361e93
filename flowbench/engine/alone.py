"""Alone: a site for one attempt of a task that belongs to no run: nothing is recorded, and nothing outlives it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flowbench import flow
from flowbench.cancel import CancelToken, Handoff
from flowbench.engine.faces import OperatorInfo
from flowbench.engine.secrets import Secrets
from flowbench.engine.spawner import Visit, Voice
from flowbench.engine.visiting import Task


class Alone:
    """Implements Site. token: stops the attempt. operator: who stands behind its agent."""

    folder: Path | None = None
    runtime: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, task: Task, token: CancelToken, threads: Handoff, operator: OperatorInfo) -> None:
        self._task, self.token, self.threads, self._operator = task, token, threads, operator
        self.run_id, self.secrets = task.id, Secrets()

    def visit(self) -> Visit:
        return Visit("", self._task.attempt)

    def voice(self) -> Voice:
        """Nobody keeps what it says; what it submits is kept."""
        return _silent

    def ctx(self) -> Any:
        return {}

    def linger(self) -> Callable[[], Callable[[], None]] | None:
        """Attempts are not counted."""
        return None

    def outlives(self, at: str, ended: float | None) -> None:
        """Nobody reports on attempts."""

    def step_token(self, at: str | None = None) -> CancelToken:
        return self.token.child()

    def here(self) -> AbstractContextManager[object]:
        return nullcontext()

    def task(self) -> Task:
        return self._task

    def operator(self, agent: str) -> OperatorInfo:
        return self._operator

    async def answer(self, face: str, ask: Callable[[], Awaitable[Any]], question: Any = None) -> Any:
        return flow.take(await ask())[0]


def _silent(stream: str, text: str) -> None:
    """There is no log."""
