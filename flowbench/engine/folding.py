"""Folding: text that is JSON becomes what it says, so that `$.step.field` works without a step that parses.

Models wrap JSON in Markdown fences; that is looked through.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowbench import flow
from flowbench.engine.errors import NotFolded

LIMIT = 16 << 20  # characters that are looked at
LANGUAGES = ("json", "jsonc", "json5")
_FENCE = re.compile(r" {0,3}(`{3,}(?!.*`)|~{3,})(.*)")
_NOTHING = object()


def fold(value: Any, how: str = "containers") -> Any:
    """What a text says; a value that is no text is returned as it is.

    how: containers: an object or a list, bare or as one fenced block and nothing else, is parsed; any other text
    stays. json: any JSON is parsed, also the only fenced block between other words; else the step fails.
    text: it stays.
    Raises: NotFolded, for json alone.
    Source: mlua-swarm 0.19 to 0.24, structured output folding.
    """
    if not isinstance(value, str) or how == "text":
        return value
    text = value.strip()
    inner = _fenced(text, is_alone=how != "json")
    found = _parsed(text if inner is None else inner)
    if how == "json":
        if found is _NOTHING:
            raise NotFolded(value)
        return found
    return found if isinstance(found, (dict, list)) else value


def _fenced(text: str, *, is_alone: bool) -> str | None:
    """What stands inside the fence, if there is just one, of JSON or of no language that is named."""
    if len(text) > LIMIT or ("```" not in text and "~~~" not in text):
        return None
    blocks, outside = _blocks(text)
    if is_alone and outside:
        return None
    named = [inner for language, inner in blocks if language in LANGUAGES]
    fit = named or [inner for language, inner in blocks if not language]
    return fit[0] if len(fit) == 1 and (len(blocks) == 1 or not is_alone) else None


def _blocks(text: str) -> tuple[list[tuple[str, str]], bool]:
    """(language, content) of each fenced block, and whether there are words outside. Line by line, in one go."""
    blocks: list[tuple[str, str]] = []
    fence, language, outside = "", "", False
    inner: list[str] = []
    for line in text.split("\n"):  # other ends of lines may stand in a JSON text
        found = _FENCE.match(line)
        if fence and found and found[1].startswith(fence) and not found[2].strip():
            blocks.append((language, "\n".join(inner)))
            fence, inner = "", []
        elif fence:
            inner.append(line)
        elif found:
            fence, language = found[1], found[2].strip().lower()
        else:
            outside = outside or bool(line.strip())
    return blocks, outside or bool(fence)


def _parsed(text: str) -> Any:
    if len(text) > LIMIT:
        return _NOTHING
    try:
        return flow.take(flow.decode(text.strip().encode()))[0]
    except (msgspec.MsgspecError, flow.NotJson, UnicodeError, RecursionError):
        return _NOTHING
