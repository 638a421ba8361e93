"""Hearing: who hears the questions that are asked in this context. Not in `asking`, so that a launch loads no more."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from flowbench.engine.people.question import Question, Reply


class Audience(Protocol):
    """Those around one run who can answer."""

    async def answer(self, question: Question) -> Reply:
        """Their answer, or rejection. Abort cancels the wait. Raises: NobodyToAsk, NotAnswered, BadAnswer."""


audience: ContextVar[Audience | None] = ContextVar("flowbench_audience", default=None)
"""Of the run that this context belongs to."""
