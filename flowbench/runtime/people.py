"""People: who answers the questions of one run: its policy or function first, then whoever watches it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from flowbench import engine

if TYPE_CHECKING:
    from flowbench.runtime.answering import Answers
    from flowbench.runtime.drive import Site
    from flowbench.runtime.run import Run

    Answering = engine.Policy | Callable[[engine.Question], Any] | None

ANSWERS = "FLOWBENCH_ANSWERS"
"""Environment variable: a file with a policy, or its JSON, for launches that are given no `answers`."""


class Attendant(Protocol):
    """A front end that can show questions. See `attendants`."""

    def is_there(self) -> bool:
        """Somebody sits before it who could answer now."""

    def show(self, run: Run) -> None:
        """A question of this run waits in `run.questions`. On the engine's thread: it must return at once."""


attendants: list[Attendant] = []
"""The front ends of this process. Without one that is there, only policies answer."""


class People:
    """Implements engine.Audience."""

    def __init__(self, run: Run, site: Site, answers: Answering) -> None:
        self._run, self._site, self.answers = run, site, answers

    async def answer(self, question: engine.Question) -> engine.Reply:
        """As engine.Audience; what was said is kept in `run.questions.told`, and in the journal with the answer."""
        here = self._site.here()
        question = self._placed(question, here.agent, here.at, here.value)
        began = time.monotonic()
        try:
            async with asyncio.timeout(question.timeout) as limit:
                got = await self._asked(question)
        except TimeoutError:
            if not limit.expired():
                raise
            got = _too_late(question, time.monotonic() - began)
        self._site.told(here.at, self._run.questions.tell(question, got))
        return got

    def _placed(self, question: engine.Question, agent: str, at: str, value: Any) -> engine.Question:
        about = value if question.about is msgspec.UNSET else question.about
        secrets = self._site.secrets
        if secrets.names:
            about = secrets.take_out(about)
        return msgspec.structs.replace(
            question,
            agent=question.agent or agent,
            address=question.address or at,
            run_id=self._run.id,
            prompt=secrets.text(question.prompt) if secrets.names else question.prompt,
            note=secrets.text(question.note) if secrets.names else question.note,
            about=about,
        )

    async def _asked(self, question: engine.Question) -> engine.Reply:
        answers, why = self.answers, "nobody is there who could answer"
        if isinstance(answers, engine.Policy):
            decided = answers.decide(question)
            if decided is not None:
                return decided
            why = f"no rule of {answers.source} answers, and {why}"
            if answers.otherwise == "refuse":
                raise engine.NobodyToAsk(question.whose(), question.prompt, f"no rule of {answers.source} answers")
        elif answers is not None:
            began = time.monotonic()
            said = await engine.call(self._site, answers, question)
            if said is not NotImplemented:
                return _of_function(question, said, time.monotonic() - began)
        there = [each for each in attendants if each.is_there()]
        if not there:
            raise engine.NobodyToAsk(question.whose(), question.prompt, why)
        return await self._run.questions.put(question, lambda: _show(there, self._run))


def _show(there: Sequence[Attendant], run: Run) -> None:
    for each in there:
        each.show(run)


def answers_of(given: Answers | None) -> Answering:
    """What answers in a launch that was given this; in a step, by default what answers in the run around.

    Raises: engine.PolicyError, RunError.
    """
    outer = engine.audience.get() if given is None else None
    if isinstance(outer, People) and outer.answers is not None:
        return outer.answers
    if given is None and not os.environ.get(ANSWERS):
        return None
    from flowbench.runtime.answering import read_answers  # which most launches do without

    return read_answers(os.environ[ANSWERS], ANSWERS) if given is None else read_answers(given)


def _too_late(question: engine.Question, seconds: float) -> engine.Reply:
    """Raises: engine.NotAnswered."""
    if not question.has_default:
        asked = " ".join(question.prompt.split())
        raise engine.NotAnswered(
            f"{question.whose()} asked a person: {asked:.200}; nobody answered within {question.timeout:g} s, "
            "and there is no default"
        )
    return engine.reply(question, question.default, by="timeout", seconds=seconds)


def _of_function(question: engine.Question, said: Any, seconds: float) -> engine.Reply:
    if isinstance(said, engine.Reply):
        return said
    if question.kind == "approve" and isinstance(said, str):
        return engine.Reply(ok=False, reason=said, seconds=seconds)
    return engine.reply(question, said, seconds=seconds)
