"""Labels: hostile text made fit to show, and how wide it will be."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"
ID_PREFIX = "fb-"  # of the SVG id of a node
GROUP_LABEL_LENGTH = 48  # characters
EDGE_LABEL_LENGTH = 32
_ID_LENGTH = 200

# Not allowed in XML 1.0, or able to repaint what stands beside it (bidirectional controls, U+202E and friends).
_UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_SPACES = re.compile(r"\s+")
_READ_AHEAD = (
    4  # at most this many times the wanted length is looked at: a label of 1 MB costs as little as a short one
)

# Widths of the Helvetica family in em; everything else counts as a lower-case letter.
_WIDTHS = {
    **dict.fromkeys("ijl.,:;'|!I ft()[]/\\-`", 0.32),
    **dict.fromkeys('rsJ*"{}^', 0.44),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ&wm", 0.73),
    **dict.fromkeys("MW@%—…", 0.95),
}
_WIDTH = 0.57


def tidy(text: str, length: int) -> str:
    """One line of at most `length` characters that XML may carry; cut with an ellipsis."""
    seen = text[: length * _READ_AHEAD + 1]
    line = _SPACES.sub(" ", _UNSHOWABLE.sub(" ", seen)).strip()
    if len(line) <= length and len(seen) == len(text):
        return line
    return line[: length - 1].rstrip() + ELLIPSIS


def element_id(id: str) -> str:
    """SVG id of a node."""
    return ID_PREFIX + tidy(id, _ID_LENGTH)


def width(line: str, size: float) -> float:
    """Width of one line in the unit of `size`; rather too wide than too narrow."""
    return size * sum(_em(character) for character in line)


def _em(character: str) -> float:
    if character < "\u0250":
        return _WIDTHS.get(character, _WIDTH)
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F") or character >= "\U0001f000":
        return 1.25
    return 0.7
