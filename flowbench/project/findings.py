"""Findings: what a reviewer found, read out of whatever a language model has written around it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

NEEDED = ("title", "severity", "location", "recommendation")
MOST = 50  # of one review
PRIORITIES = {"critical": "required", "major": "important", "minor": None, "nitpick": None}
"""The priority of the gap that a severity becomes; None: it becomes none."""

_TAG = re.compile(r"<findings>(.*?)</findings>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?[ \t]*\r?\n(.*?)```", re.DOTALL | re.IGNORECASE)
_EDGE = re.compile(r"\A\s*```\w*[ \t]*\r?\n?|```\s*\Z")


class Findings(NamedTuple):
    """found: each with title, severity (lower case), location, recommendation and whatever else it had.

    warnings: what was left out, and why.
    """

    found: list[dict[str, Any]]
    warnings: list[str]


def parse(text: str) -> Findings:
    """Never raises: what cannot be read is a warning.

    Looked for in this order: a `<findings>` tag, a bare JSON array of objects, a fenced block of JSON. Fences, commas
    before a closing bracket and single quotes for double ones are mended.
    Source: flowctl.py `parse-findings`.
    """
    warnings: list[str] = []
    tagged = _TAG.search(text)
    if tagged is not None:
        listed = _list(tagged[1])
        if listed is None:
            return Findings([], ["The <findings> tag holds no JSON array that can be read"])
    else:
        listed = next((each for each in (*_arrays(text), *map(_list, _FENCE.findall(text))) if each is not None), None)
        if listed is None:
            return Findings([], ["No findings found: neither a <findings> tag nor a JSON array of objects"])
    found: list[dict[str, Any]] = []
    for place, each in enumerate(listed, 1):
        missing = [name for name in NEEDED if not isinstance(each, dict) or name not in each]
        if not isinstance(each, dict):
            warnings.append(f"Finding {place} is no object, skipping")
        elif missing:
            warnings.append(f"Finding {place} missing keys: {', '.join(missing)}, skipping")
        elif len(found) == MOST:
            warnings.append(f"{len(listed)} findings; those after the first {MOST} are left out")
            break
        else:
            found.append({**each, "severity": str(each["severity"]).strip().lower()})
    return Findings(found, warnings)


def priority(finding: dict[str, Any]) -> tuple[str | None, str]:
    """(priority of the gap that it becomes, or None for none; a warning or "")."""
    severity = finding["severity"]
    if severity in PRIORITIES:
        return PRIORITIES[severity], ""
    return "important", f"Unknown severity {severity!r} of {finding['title']!r}: registered as important"


def _arrays(text: str) -> Iterator[list[Any] | None]:
    """Whatever begins with a bracket, reads as JSON, and is a list of objects; never more than the first hundred."""
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"\[(?=\s*[{\]])", text)][:100]
    for start in starts:
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if value and all(isinstance(each, dict) for each in value):
            yield value
    whole = text.strip()
    if whole.startswith("["):
        yield _list(whole)


def _list(text: str) -> list[Any] | None:
    bare = _EDGE.sub("", text).strip()
    for tried in (bare, _without_commas(bare), _without_commas(_double_quoted(bare))):
        try:
            value = json.loads(tried)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            value = value.get("findings", [value])
        return value if isinstance(value, list) else None
    return None


def _outside_strings(text: str, quote: str) -> Iterator[tuple[str, bool]]:
    """(piece, is a string with its quotes), in order; an unfinished string is one to the end."""
    start = place = 0
    while place < len(text):
        if text[place] not in quote:
            place += 1
            continue
        yield text[start:place], False
        mark, start = text[place], place
        place += 1
        while place < len(text) and text[place] != mark:
            place += 2 if text[place] == "\\" else 1
        place = min(place + 1, len(text))
        yield text[start:place], True
        start = place
    yield text[start:], False


def _without_commas(text: str) -> str:
    """Commas that stand before a closing bracket are gone; those inside of strings stay."""
    pieces = list(_outside_strings(text, '"'))
    return "".join(piece if is_string else re.sub(r",(?=\s*[\]}])", "", piece) for piece, is_string in pieces)


def _double_quoted(text: str) -> str:
    """Strings in single quotes get double ones."""
    return "".join(
        _requoted(piece) if is_string and piece[0] == "'" else piece
        for piece, is_string in _outside_strings(text, "\"'")
    )


def _requoted(piece: str) -> str:
    inner = piece[1:-1].replace("\\'", "'")
    return '"' + re.sub(r'(?<!\\)"', '\\"', inner) + '"'
