"""Question: what a face asks of a person, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import msgspec

from flowbench import flow
from flowbench.engine.people.errors import BadAnswer
from flowbench.errors import nearest

Kind = Literal["text", "choice", "json", "approve"]
KINDS = get_args(Kind)
APPROVING = {"approve": True, "approved": True, "reject": False, "rejected": False}  # how a default may be said, too


class Question(msgspec.Struct, frozen=True):
    """kind: what an answer is: a "text", one of `choices`, any "json", or yes or no to "approve".

    default: the answer that counts after `timeout` seconds, or where a policy says so. timeout: None waits for ever.
    face: "operator", "hook" or "bridge". agent, address, run_id: of the step. about: what a person should look at, any
    JSON value: the input of the step, or what it answered. note: more text for them, such as a system prompt.
    """

    kind: Kind
    prompt: str
    choices: tuple[str, ...] = ()
    default: Any = msgspec.UNSET
    timeout: float | None = None
    face: str = ""
    agent: str = ""
    address: str = ""
    run_id: str = ""
    about: Any = msgspec.UNSET
    note: str = ""

    @property
    def has_default(self) -> bool:
        return self.default is not msgspec.UNSET

    def whose(self) -> str:
        """`agent 'mail' at 2.0`, for messages; "" for the form of a question that no step has asked."""
        if not self.agent:
            return ""
        return f"agent '{self.agent}'" + (f" at {self.address}" if self.address else "")


class Reply(msgspec.Struct, frozen=True):
    """ok: False rejects or declines. value: the answer; None where it only says yes or no.

    by: "button", "terminal", "python", "policy" or "timeout". seconds: that it took. rule: of the policy. reason: of a
    person who rejects or approves.
    """

    value: Any = None
    ok: bool = True
    by: str = "python"
    seconds: float = 0.0
    reason: str = ""
    rule: str = ""


def reply(question: Question, value: Any, **told: Any) -> Reply:
    """The reply that this answer is. told: further fields of Reply. Raises: BadAnswer."""
    fit = fitting(question, value)
    return Reply(None, ok=fit, **told) if question.kind == "approve" else Reply(fit, **told)


def fitting(question: Question, value: Any, what: str = "the answer") -> Any:
    """The value as the question wants it, its own copy. what: it is, for messages. Raises: BadAnswer."""
    if question.kind == "approve":
        value = APPROVING.get(value, value) if isinstance(value, str) else value
        if not isinstance(value, bool):
            raise BadAnswer(f"{what} to an approval is true or false, not {value!r:.80}", question.whose())
        return value
    if question.kind == "json":
        try:
            return flow.take(value)[0]
        except flow.NotJson as error:
            raise BadAnswer(f"{what} is no JSON: {error}", question.whose()) from error
    if not isinstance(value, str):
        raise BadAnswer(f"{what} to a question of kind {question.kind} is a text, not {value!r:.80}", question.whose())
    if question.kind == "choice" and value not in question.choices:
        near = nearest(value, question.choices)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(map(repr, question.choices))}"
        raise BadAnswer(f"{what} '{value:.80}' is none of the choices; {hint}", question.whose())
    return value


def checked(question: Question) -> Question:
    """The question, if it makes sense. Raises: BadAnswer for a default that does not fit, ValueError."""
    if question.kind not in KINDS:
        near = nearest(str(question.kind), KINDS)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(KINDS)}"
        raise ValueError(f"a question has no kind {question.kind!r}; {hint}")
    if (question.kind == "choice") != bool(question.choices):
        raise ValueError("a question of kind choice, and only such a one, needs choices")
    if not _are_texts(question.choices):
        raise ValueError("choices are different texts")
    timeout = question.timeout
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0):
        raise ValueError(f"timeout is a number of seconds above 0, not {timeout!r}")
    if question.has_default:
        return msgspec.structs.replace(question, default=fitting(question, question.default, "the default"))
    return question


def _are_texts(choices: Sequence[Any]) -> bool:
    return all(isinstance(each, str) for each in choices) and len(set(choices)) == len(choices)


def told(question: Question, got: Reply) -> str:
    """In a few words: `approved by button after 3.2 s`, `answered by policy (answers.rules[0])`."""
    if question.kind == "approve":
        verb = "approved" if got.ok else "rejected"
    else:
        verb = "answered" if got.ok else "declined"
    if got.by == "timeout":
        words = f"{verb} by default: nobody answered within {question.timeout:g} s"
    elif got.by == "policy":
        words = f"{verb} by policy ({got.rule})"
    else:
        words = f"{verb} by {got.by} after {got.seconds:.1f} s"
    return f"{words}: {got.reason}" if got.reason else words
