"""Cells: how much room a text takes on a terminal, and into which pieces it may be cut.

A piece is one grapheme: a letter with its marks, an emoji with all that is joined to it. Widths are those of wcwidth:
UAX #11, and two cells for what is presented as an emoji. Controls, the newline too, take none; a tab takes a fixed
number.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import wcwidth

from flowbench.tools.text.escapes import ESC, parted, scaled, without_escapes

TAB_WIDTH = 3  # pi-natives
NARROWEST_TAB, WIDEST_TAB = 1, 16

_JOINER = "\u200d"
# Some of what a joiner joins, nothing else: whatever is not known here is measured piece by piece.
_EMOJI = "\u2640\u2642\u2695\u2696\u2708\u2764\U0001f400-\U0001f53d\U0001f5a5-\U0001f64f\U0001f680-\U0001f6c5"
_EMOJI += "\U0001f90c-\U0001f93a\U0001f950-\U0001f9ff"
_JOINED = re.compile(f"[{_EMOJI}]\ufe0f?[\U0001f3fb-\U0001f3ff]?{_JOINER}(?=[{_EMOJI}])")
_JAMO, _JAMO_FILLER = re.compile("[\u3131-\u3163\u3165-\u318e]"), "\u3164"

_jamo_cells: int | None = 1 if sys.platform == "darwin" else None  # None: as Unicode has it


def set_hangul_compat_jamo_width_override(value: int) -> None:
    """Say how wide this terminal draws U+3131 to U+318E, for the whole process. No abort: over at once.

    value: 0 as this platform does, 1 one cell, 2 two cells, 3 as Unicode has it.
    Raises: ValueError.
    """
    global _jamo_cells
    if value not in (0, 1, 2, 3):
        raise ValueError(f"the width of Hangul letters is 0 (platform), 1, 2 or 3 (Unicode), not {value!r}")
    platform = 1 if sys.platform == "darwin" else None
    _jamo_cells = {0: platform, 1: 1, 2: 2, 3: None}[value]


def visible_width(text: str, tab_width: int = TAB_WIDTH) -> int:
    """Cells that `text` takes on one line of a terminal. No abort: over at once.

    tab_width: cells of a tab, held to 1..16; there are no tab stops.
    Source: pi-natives text.rs, `visibleWidth`.
    """
    if text.isascii() and text.isprintable():
        return len(text)
    width = 0
    if ESC in text:
        if "\x1b]66;" in text:
            tab = tab_cells(tab_width)
            width = sum(scaled_width(escape, tab) or 0 for escape in parted(text)[1::2])
        # An escape parts graphemes, as a control does: what is measured is the same that is cut.
        # What is left of ESC is none of wcwidth's business, which has a grammar of its own.
        text = without_escapes(text, "\0")
        if ESC in text:
            text = text.replace(ESC, "\0")
    if "\t" in text:
        width += text.count("\t") * tab_cells(tab_width)
    return width + _unescaped(text)


def tab_cells(tab_width: int) -> int:
    """The width that counts: 1..16."""
    return min(max(tab_width, NARROWEST_TAB), WIDEST_TAB)


def is_plain(text: str) -> bool:
    """Every character is one cell."""
    return text.isascii() and text.isprintable()


def pieces(text: str, tab: int) -> Iterator[tuple[str, int]]:
    """(grapheme, cells) of a text without escapes. tab: cells of a tab."""
    if is_plain(text):
        for letter in text:
            yield letter, 1
        return
    for piece in wcwidth.iter_graphemes(text):
        yield piece, tab if piece == "\t" else _piece(piece)


def scaled_width(escape: str, tab: int) -> int | None:
    """Cells of a sequence of scaled text; None for any other escape."""
    found = scaled(escape)
    if found is None:
        return None
    return found.scale * (found.cells if found.cells is not None else visible_width(found.payload, tab))


def _unescaped(text: str) -> int:
    if _JOINER in text and _JOINER in _JOINED.sub("", text):
        return sum(map(_piece, wcwidth.iter_graphemes(text)))  # wcwidth.width passes over what follows any joiner
    return wcwidth.width(text, control_codes="ignore") + _jamo_difference(text)


def _piece(piece: str) -> int:
    return wcwidth.width(piece, control_codes="ignore") + _jamo_difference(piece)


def _jamo_difference(text: str) -> int:
    """What the override adds or takes. The filler is seen by nobody: it is never made wide."""
    if _jamo_cells is None or text.isascii():
        return 0
    filler = text.count(_JAMO_FILLER) if _jamo_cells == 1 else 0
    return (_jamo_cells - 2) * len(_JAMO.findall(text)) + filler
