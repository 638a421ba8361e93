"""Excerpt: where in a text something is wrong, shown as its line with a caret below."""

from __future__ import annotations

import re

import msgspec

WIDTH = 100  # characters of a long line that are shown around the caret
_BREAK = re.compile(r"\r\n|\n|\r")
# Not compiled yet: that takes 2 ms, which only an error should cost.
_UNSHOWN = r"[^\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]"


class Spot(msgspec.Struct, frozen=True):
    """A place in a text. line, column: from 1, in characters. excerpt: two lines, the second holds the caret; or ""."""

    line: int
    column: int
    excerpt: str


def spot(text: str, offset: int) -> Spot:
    """The spot of one character. offset: from 0; beyond the end means the end."""
    offset = min(max(offset, 0), len(text))
    line, start = 1, 0
    for found in _BREAK.finditer(text, 0, offset):
        if found.end() > offset:
            break
        line, start = line + 1, found.end()
    after = _BREAK.search(text, start)
    return Spot(line, offset - start + 1, _excerpt(text[start : after.start() if after else len(text)], offset - start))


def offset(text: str, line: int, column: int) -> int:
    """Where a place is, from 0: what `spot` gives line and column for."""
    start = 0
    for _ in range(line - 1):
        found = _BREAK.search(text, start)
        if found is None:
            break
        start = found.end()
    return min(start + column - 1, len(text))


def _excerpt(line: str, at: int) -> str:
    if not line.strip():
        return ""
    first = max(0, at - WIDTH // 2) if len(line) > WIDTH else 0
    shown = re.sub(_UNSHOWN, "\N{REPLACEMENT CHARACTER}", line[first : first + WIDTH])
    lead = "…" if first else ""
    tail = "…" if first + WIDTH < len(line) else ""
    # A tab stays a tab in both lines, so that the caret stands right whatever its width is.
    pad = re.sub(r"[^\t]", " ", lead + shown[: at - first])
    return f"    {lead}{shown}{tail}\n    {pad}^"
