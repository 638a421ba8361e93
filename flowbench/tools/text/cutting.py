"""Cutting: a line by the cells it takes on a terminal, no character in halves, its escapes kept.

Source: pi-natives text.rs.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from flowbench.tools.text.cells import TAB_WIDTH, is_plain, pieces, scaled_width, tab_cells, visible_width
from flowbench.tools.text.escapes import ESC, parted, scaled, sgr
from flowbench.tools.text.style import Style

RESET = "\x1b[0m"


class EllipsisKind(IntEnum):
    """What stands where a text was cut."""

    UNICODE = 0
    ASCII = 1
    OMIT = 2

    @property
    def text(self) -> str:
        return ("…", "...", "")[self]


class Slice(msgspec.Struct, frozen=True):
    """width: cells of `text`."""

    text: str
    width: int


class Segments(msgspec.Struct, frozen=True):
    """What is left of a line on both sides of something laid over it, and the cells of each."""

    before: str
    before_width: int
    after: str
    after_width: int


def truncate_to_width(
    text: str,
    max_width: int,
    *,
    ellipsis: EllipsisKind | int = EllipsisKind.UNICODE,
    pad: bool = False,
    tab_width: int = TAB_WIDTH,
) -> str:
    """At most `max_width` cells of `text`; what fits is returned as it is. No abort: over at once.

    Escapes before the cut are kept; after them colours are reset, and a hyperlink that is still open is ended.
    ellipsis: its own cells count; one that does not fit is cut itself. pad: with spaces, to exactly `max_width`.
    Raises: ValueError for an ellipsis that there is not.
    Source: pi-natives text.rs, `truncateToWidth`; the end of the link is ours.
    """
    mark = EllipsisKind(ellipsis).text
    room, tab = max(max_width, 0), tab_cells(tab_width)
    width = visible_width(text, tab)
    if width <= room:
        return text + " " * (room - width) if pad else text
    target = room - len(mark)
    if target <= 0:
        short = mark[:room]
        return short + " " * (room - len(short)) if pad else short
    kept, used = _beginning(text, target, tab)
    return kept + mark + (" " * (target - used) if pad else "")


def slice_with_width(line: str, start: int, length: int, *, strict: bool = False, tab_width: int = TAB_WIDTH) -> Slice:
    """The cells `start` to `start + length` of a line, counted from 0. No abort: over at once.

    Escapes before them come along if anything does, those right after them, too. A wide character that begins before
    `start` is dropped. strict: one that would overrun the end, too; else it is kept, and the slice is wider.
    Source: pi-natives text.rs, `sliceWithWidth`.
    """
    if length <= 0:
        return Slice("", 0)
    window = _Window(max(start, 0), max(start, 0) + length, strict, strict)
    waiting: list[str] = []  # escapes before the slice, which nobody needs if it is empty
    column, tab = 0, tab_cells(tab_width)
    for part, cells in _parts(line, tab):
        if cells is None:  # an escape of no width
            (window.out if column >= window.start else waiting).append(part)
            continue
        if column >= window.end:
            break
        taken = window.take(part, column, cells, tab)
        if taken and waiting:
            window.out[-1:-1] = waiting
            waiting.clear()
        column += cells
    return Slice("".join(window.out), window.width)


def extract_segments(
    line: str,
    before_end: int,
    after_start: int,
    after_length: int,
    *,
    strict_after: bool = False,
    tab_width: int = TAB_WIDTH,
) -> Segments:
    """The cells before `before_end`, and `after_length` of them from `after_start` on. No abort: over at once.

    `after` begins with the colours that are on there. A wide character that begins before `before_end` is in `before`
    as a whole; strict_after: one that would overrun the end of `after` is dropped.
    Source: pi-natives text.rs, `extractSegments`.
    """
    tab = tab_cells(tab_width)
    before = _Window(0, max(before_end, 0), False, True)
    first = max(after_start, 0)
    after = _Window(first, first + after_length if after_length > 0 else 0, strict_after, strict_after)
    style, waiting, column = Style(), list[str](), 0
    for part, cells in _parts(line, tab):
        if cells is None:
            style.see(part)
            if column < before.end:
                waiting.append(part)
            elif after.out and column < after.end:
                after.out.append(part)
            continue
        if column >= max(before.end, after.end):
            break
        if before.take(part, column, cells, tab) and waiting:
            before.out[-1:-1] = waiting
            waiting.clear()
        begun, shared = bool(after.out), cells > 0 and part[0] == ESC  # of scaled text both may have a part
        if (column >= before.end or shared) and after.take(part, column, cells, tab) and not begun:
            after.out.insert(0, style.colours())
        column += cells
    return Segments("".join(before.out), before.width, "".join(after.out), after.width)


class _Window:
    """The columns `start` to `end`, and what was found there. strict: nothing may overrun the end; strict_scaled: nor
    may what is cut out of scaled text.
    """

    __slots__ = ("end", "out", "start", "strict", "strict_scaled", "width")

    def __init__(self, start: int, end: int, strict: bool, strict_scaled: bool) -> None:
        self.start, self.end, self.strict, self.strict_scaled = start, end, strict, strict_scaled
        self.out: list[str] = []
        self.width = 0

    def take(self, part: str, column: int, cells: int, tab: int) -> bool:
        """Take what of `part`, which stands at `column`, belongs here; whether anything was taken."""
        end = column + cells
        if part[0] == ESC and cells and not (self.start <= column and end <= self.end):
            return self._take_of_scaled(part, column, end, tab)
        if column < self.start or column >= self.end or (self.strict and end > self.end):
            return False
        self.out.append(part)
        self.width += cells
        return True

    def _take_of_scaled(self, escape: str, column: int, end: int, tab: int) -> bool:
        found = scaled(escape)
        if found is None or end <= self.start or column >= self.end:
            return False
        first, last = max(self.start - column, 0), min(end, self.end) - column
        if self.strict_scaled:
            first, last = -(-first // found.scale), last // found.scale
        else:
            first, last = first // found.scale, -(-last // found.scale)
        cut = slice_with_width(found.payload, first, last - first, strict=self.strict_scaled, tab_width=tab)
        if not cut.text:
            return False
        self.out.append(cut.text)
        self.width += cut.width
        return True


def _parts(line: str, tab: int) -> Iterator[tuple[str, int | None]]:
    """(grapheme or escape, cells); cells is None for an escape that shows nothing."""
    for number, part in enumerate(parted(line)):
        if number % 2:
            yield part, scaled_width(part, tab)
        else:
            yield from pieces(part, tab)


def _beginning(text: str, target: int, tab: int) -> tuple[str, int]:
    """The first `target` cells, all that was turned on turned off again; how many they are: a wide one may not fit."""
    out, used, coloured, style = list[str](), 0, False, Style()
    for number, part in enumerate(parted(text)):
        if number % 2 == 0:
            kept, cells = _fitting(part, target - used, tab)
        elif (span := scaled_width(part, tab)) is None:
            kept, cells = part, 0
            style.see(part)
            coloured = coloured or sgr(part) is not None
        elif used + span <= target or (shown := scaled(part)) is None:
            kept, cells = part, span
        else:
            cut = slice_with_width(shown.payload, 0, target - used, strict=True, tab_width=tab)
            kept, cells = cut.text, cut.width
        out.append(kept)
        used += cells
        if used >= target or len(kept) < len(part):
            break
    return "".join(out) + (RESET if coloured else "") + style.unlinked(), used


def _fitting(text: str, room: int, tab: int) -> tuple[str, int]:
    """The longest beginning that takes at most `room` cells, and how many it takes."""
    if is_plain(text):
        return text[:room], min(len(text), room)
    length = used = 0
    for piece, cells in pieces(text, tab):
        if used + cells > room:
            break
        length, used = length + len(piece), used + cells
    return text[:length], used
