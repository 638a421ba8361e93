"""Escapes: the sequences of a terminal that stand in a text and take no room there.

Recognised: CSI, OSC, DCS, SOS, PM, APC (the last five end with BEL or ST), ESC with intermediates and a final, and ESC
with one final. What is unfinished is none: its ESC is a character of no width.
Source: pi-natives text.rs; parameters of CSI, and finals from 0 on (ESC 7), as ECMA-48 has them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ESC = "\x1b"
LINK_END = "\x1b]8;;\x07"

_SHORT = r"\x1b\[[\x20-\x3f]*[\x40-\x7e]|\x1b[\x20-\x2f]+[\x30-\x7e]|\x1b[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]"
_LONG = r"\x1b[\]PX^_][^\x07\x1b]*(?:\x1b(?!\\)[^\x07\x1b]*)*(?:\x07|\x1b\\)"
_ESCAPE = re.compile(f"({_SHORT}|{_LONG})")
_SHORT_ESCAPE = re.compile(f"({_SHORT})")
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_LINK = re.compile(r"\x1b\]8;[^;]*;(.*?)(?:\x07|\x1b\\)", re.DOTALL)
_SCALED = re.compile(r"\x1b\]66;([^;]*);(.*?)(?:\x07|\x1b\\)", re.DOTALL)


class Scaled(NamedTuple):
    """OSC 66, text in a size of its own. payload: that text. scale: 1 to 7. cells: its width if it is said, before
    scaling; None: that of the payload.
    """

    payload: str
    scale: int
    cells: int | None


def parted(text: str) -> list[str]:
    """Text and escape by turns, text first and last, each of which may be empty."""
    if ESC not in text:
        return [text]
    end = max(text.rfind("\x07") + 1, text.rfind("\x1b\\") + 2 if "\x1b\\" in text else 0)
    # Past the last terminator nothing long can end: not looking for it there keeps hostile texts linear.
    parts = _ESCAPE.split(text[:end]) if end else [""]
    if end < len(text):
        rest = _SHORT_ESCAPE.split(text[end:])
        parts[-1:] = [parts[-1] + rest[0], *rest[1:]]
    return parts


def without_escapes(text: str, instead: str = "") -> str:
    """The text with each escape replaced by `instead`."""
    if "\x07" not in text and "\x1b\\" not in text:  # nothing long ends; the usual case, and several times as quick
        return _SHORT_ESCAPE.sub(instead, text)
    return instead.join(parted(text)[::2])


def sgr(escape: str) -> str | None:
    """The parameters of a sequence that sets colours and the like, e.g. `1;31`; None for any other."""
    found = _SGR.fullmatch(escape)
    return None if found is None else found[1]


def link(escape: str) -> str | None:
    """The address of a sequence that begins a hyperlink (OSC 8), "" for one that ends it; None for any other."""
    found = _LINK.fullmatch(escape)
    return None if found is None else found[1]


def scaled(escape: str) -> Scaled | None:
    """What a sequence of scaled text says; None for any other."""
    if not escape.startswith("\x1b]66;") or (found := _SCALED.fullmatch(escape)) is None:
        return None
    scale, cells = 1, None
    for part in found[1].split(":"):
        key, _, value = part.partition("=")
        if not (value.isascii() and value.isdigit()) or len(value) > 6:
            continue
        if key == "s" and 1 <= int(value) <= 7:
            scale = int(value)
        elif key == "w":
            cells = int(value) or None
    return Scaled(found[2], scale, cells)
