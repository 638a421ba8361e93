"""Asking: a question to a person, from inside a step."""

from __future__ import annotations

from typing import Any

from flowbench.engine.people.errors import NobodyToAsk, Rejected
from flowbench.engine.people.hearing import audience
from flowbench.engine.people.question import Question, checked, told


async def ask(question: Question) -> Any:
    """What a person, a policy or a function answers; None for an approval; abort raises.

    What the question leaves open of the step (agent, address, about) is filled in by the run. A layer that asks puts
    it behind `site.answer`, so that a resume does not ask again.
    Raises: Rejected, NobodyToAsk, NotAnswered after the timeout if there is no default, BadAnswer, ValueError.
    """
    question = checked(question)
    there = audience.get()
    if there is None:
        raise NobodyToAsk(question.whose(), question.prompt, "no run is under way here")
    got = await there.answer(question)
    if not got.ok:
        raise Rejected(told(question, got))
    return got.value
