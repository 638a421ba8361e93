"""Questions: the forms in a run's panel: what they show, and what a click on one says. See ask.js."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from flowbench.engine import BadAnswer, Question
from flowbench.notebook.view import cut, json_text
from flowbench.runtime import Open, PastRun, Run, Told

SHOWN = 20  # open questions that have a form; the others wait behind them
KEPT = 20  # answered ones that are told of
ABOUT_LENGTH = 4_000  # characters
PROMPT_LENGTH = 4_000
LINE_LENGTH = 160


def questions(run: Run, errors: Mapping[str, str], turn: int) -> dict[str, Any]:
    """{"open": [form], "more": int, "told": [{"who", "prompt", "text", "value": str, "ok": bool}], "turn": int};
    {} of a run that has asked nothing.

    A form is {"id", "kind", "who", "face", "prompt", "note", "about", "default": str, "error": str, "choices": [str],
    "asked", "until": ms since the epoch or None}. errors: id -> what was wrong with the last answer. turn: answers so
    far.
    """
    if not run.has_asked:
        return {}
    waiting = () if run.has_ended else run.questions.open
    told = run.questions.told[-KEPT:]
    if not waiting and not told:
        return {}
    return {
        "open": [_form(each, errors.get(each.id, "")) for each in waiting[:SHOWN]],
        "more": max(len(waiting) - SHOWN, 0),
        "told": [line(each) for each in told],
        "turn": turn,
    }


def line(told: Told) -> dict[str, Any]:
    """An answered question in one line."""
    question, reply = told.question, told.reply
    value = "" if question.kind == "approve" or not reply.ok else flat(reply.value)
    return {
        "who": _who(question),
        "prompt": cut(" ".join(question.prompt.split()), LINE_LENGTH),
        "text": told.text,
        "value": value,
        "ok": reply.ok,
    }


def answered(run: Run | PastRun) -> list[dict[str, Any]]:
    """A line for each answer, the oldest first. Of a recorded run those that the journal has: a rejection is the error
    of its step.
    """
    if isinstance(run, PastRun):
        return [
            {"who": f"{each.agent} {each.address}", "prompt": each.prompt, "text": each.told, "value": flat(each.value)}
            for each in run.answers
        ]
    return [line(each) for each in run.questions.told] if run.has_asked else []


def flat(value: Any) -> str:
    """A value in one line; a text as it is."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return cut(" ".join(text.split()), LINE_LENGTH)


def answer(run: Run, message: Mapping[str, Any]) -> str:
    """Do what a click says; the text of what is wrong with it, or "".

    message: {"event": "answer", "id", "ok": bool, "value": text, "reason": text}. Heard twice it counts once.
    """
    id, reason = str(message.get("id", "")), str(message.get("reason", "")).strip()
    asked = next((each for each in run.questions.open if each.id == id), None)
    if asked is None:  # answered by somebody else, or too late; the form has gone
        return ""
    if not message.get("ok"):
        run.questions.reject(id, reason, by="button")
        return ""
    try:
        run.questions.answer(id, _value(asked.question, message.get("value")), by="button", reason=reason)
    except BadAnswer as wrong:
        return wrong.message
    except json.JSONDecodeError as error:
        return f"this is no JSON: {error}"
    return ""


def _value(question: Question, said: Any) -> Any:
    if question.kind == "approve":
        return True
    return json.loads(str(said)) if question.kind == "json" else str(said)


def _form(asked: Open, error: str) -> dict[str, Any]:
    question = asked.question
    default = ""
    if question.has_default:
        default = (
            ("approve" if question.default else "reject") if question.kind == "approve" else flat(question.default)
        )
    about = "" if question.about is msgspec.UNSET else json_text(question.about, ABOUT_LENGTH)
    return {
        "id": asked.id,
        "kind": question.kind,
        "who": _who(question),
        "face": question.face,
        "prompt": cut(question.prompt, PROMPT_LENGTH),
        "note": cut(question.note, PROMPT_LENGTH),
        "about": "" if question.prompt in (about, about.strip('"')) else about,  # an operator's prompt is the input
        "choices": list(question.choices),
        "default": default,
        "has_default": question.has_default,
        "asked": asked.asked * 1000,
        "until": None if asked.until is None else asked.until * 1000,
        "error": error,
    }


def _who(question: Question) -> str:
    return f"{question.agent} {question.address}".strip()
