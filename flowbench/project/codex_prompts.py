"""Codex prompts: what a reviewer is asked: the rules, what was wanted, what was done, and how to answer."""

from __future__ import annotations

from collections.abc import Iterable

_ROLE = {
    "impl": "Review the changes that implement the task below. Are they correct, complete, tested, and no more than "
    "what was asked for?",
    "branch": "Review the changes of this branch. Are they correct, simple, tested and safe?",
    "plan": "Review the plan below before anybody works on it. Is it complete, feasible and consistent; are the tasks "
    "in the right order, and can each be checked?",
    "completion": "The epic below is said to be finished. List its requirements first; then say of each whether the "
    "changes fulfil it, and where.",
}
_ADVERSARIAL = (
    "Try to break the code below. Look for inputs, timings and failures that its author has not thought of: "
    "data loss, races, injection, wrong edge cases. Report only what you can show.\n\n"
    'Answer with one JSON object: {"verdict": "SHIP" or "NEEDS_WORK", "summary": TEXT, "findings": [{"title": TEXT, '
    '"severity": "critical" or "major" or "minor", "location": "FILE:LINE", "recommendation": TEXT}]}'
)
_ANSWER = (
    "Give each finding with its severity (critical, major, minor, nitpick), its location and what to do. End with "
    "exactly one line: <verdict>SHIP</verdict> if it can go out as it is, <verdict>NEEDS_WORK</verdict> if something "
    "has to be mended, or <verdict>MAJOR_RETHINK</verdict> if the approach is wrong."
)
_WHOLE = "All files that matter are in this text; do not read them from disk."
_PART = "Not all files fit into this text; read the others from disk."


def review(kind: str, parts: Iterable[tuple[str, str]], *, focus: str | None, is_whole: bool, again: bool) -> str:
    """kind: impl | branch | plan | completion. parts: (name, text), the empty ones are left out.

    again: the reviewer has reviewed an earlier state in this session.
    """
    lines = [_ROLE[kind]]
    if again:
        lines.append("You have reviewed an earlier state of this. It has changed since: look at it anew, as it is now.")
    if focus:
        lines.append(f"Look above all at: {focus}")
    return "\n\n".join([*lines, _WHOLE if is_whole else _PART, *_tagged(parts), _ANSWER]) + "\n"


def adversarial(parts: Iterable[tuple[str, str]], *, focus: str | None) -> str:
    """Asks for a JSON object with a verdict."""
    lines = [_ADVERSARIAL, *([f"Look above all at: {focus}"] if focus else [])]
    return "\n\n".join([*lines, *_tagged(parts)]) + "\n"


def _tagged(parts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"<{name}>\n{text}\n</{name}>" for name, text in parts if text.strip()]
