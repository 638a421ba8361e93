"""Policy: rules that answer questions where nobody is there to do it.

`{"rules": [{"agent": "mail*", "approve": "as always"}, {"face": "operator", "answer": "yes"}], "otherwise": "ask"}`:
the first rule counts whose `agent`, `face`, `address` and `question` (globs, those that are there) match and whose
action fits. `approve` answers only approvals, `answer` all others, `reject` and `default` any.
`otherwise`: "ask" whoever is there, or "approve", "reject", "default" or "refuse".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

import msgspec

from flowbench.engine.people.errors import BadAnswer
from flowbench.engine.people.question import Question, Reply, fitting, reply

Action = Literal["answer", "approve", "reject", "default"]
Otherwise = Literal["ask", "approve", "reject", "default", "refuse"]
ACTIONS, OTHERWISE = get_args(Action), get_args(Otherwise)
GLOBS = ("agent", "face", "address", "question")


class Rule(msgspec.Struct, frozen=True):
    """place: where it stands, for messages. value: of the action: the answer, or a reason."""

    place: str
    action: Action
    value: Any = None
    agent: str = "*"
    face: str = "*"
    address: str = "*"
    question: str = "*"

    def matches(self, question: Question) -> bool:
        """The globs match and the action fits the kind of question. In the question's text case is of no matter."""
        fits = {"approve": question.kind == "approve", "answer": question.kind != "approve"}.get(self.action, True)
        return (
            fits
            and fnmatchcase(question.agent, self.agent)
            and fnmatchcase(question.face, self.face)
            and fnmatchcase(question.address, self.address)
            and fnmatchcase(question.prompt.lower(), self.question.lower())
        )


class Policy(msgspec.Struct, frozen=True):
    """source: what it was read from, for messages."""

    rules: tuple[Rule, ...] = ()
    otherwise: Otherwise = "ask"
    source: str = "answers"

    def decide(self, question: Question) -> Reply | None:
        """What the rules say; None leaves it to whoever is there. Raises: BadAnswer for an answer that does not fit."""
        for rule in self.rules:
            if rule.matches(question):
                return _act(question, rule.action, rule.value, rule.place)
        if self.otherwise in ("ask", "refuse"):
            return None
        if self.otherwise == "approve" and question.kind != "approve":
            return None
        return _act(question, self.otherwise, None, f"{self.source}.otherwise")


def _act(question: Question, action: str, value: Any, place: str) -> Reply:
    if action == "answer":
        return Reply(fitting(question, value, f"{place}.answer"), by="policy", rule=place)
    if action == "default":
        if not question.has_default:
            raise BadAnswer(f"{place} takes the default, and the question has none", question.whose())
        return reply(question, question.default, by="policy", rule=place)
    reason = value if isinstance(value, str) else ""
    return Reply(ok=action == "approve", by="policy", rule=place, reason=reason)
