"""Question errors: a person was to be asked, and there is no answer that counts."""

from __future__ import annotations

from flowbench.engine.errors import EngineError


class QuestionError(EngineError):
    """A question to a person has no answer that counts."""

    code = "question"


class BadAnswer(QuestionError):
    """An answer, or a default, does not fit its question. whose: it is, "" before it belongs to a step."""

    code = "bad_answer"

    def __init__(self, message: str, whose: str) -> None:
        self.message = message
        super().__init__(f"{whose}: {message}" if whose else message)


class NobodyToAsk(QuestionError):
    """Nobody is there who could answer, and no policy does."""

    code = "nobody_to_ask"

    def __init__(self, whose: str, prompt: str, why: str) -> None:
        asked = " ".join(prompt.split())
        super().__init__(
            f"{whose or 'somebody'} asks a person: {asked[:200] or '(nothing)'}; {why}; "
            "give a policy: --answers FILE, answers={...} or FLOWBENCH_ANSWERS=FILE"
        )


class NotAnswered(QuestionError):
    """The time for an answer is over, and the question has no default."""

    code = "not_answered"


class Rejected(QuestionError):
    """A person, or a policy for them, said no."""

    code = "rejected"


class PolicyError(QuestionError):
    """A policy cannot be read; names the place."""

    code = "policy"
