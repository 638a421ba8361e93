"""Wrapping: a text into lines of a width, at spaces, with its colours and links taken up again on each line.

Source: pi-natives text.rs, `wrapTextWithAnsi`. Ours: a character wider than the line has a line of its own without an
empty one before it, and spaces at the end of a line are trimmed under the escapes that follow them, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from flowbench.tools.text.cells import TAB_WIDTH, pieces, scaled_width, tab_cells, visible_width
from flowbench.tools.text.escapes import ESC, parted, scaled
from flowbench.tools.text.style import Style

_RUNS = re.compile(" +|[^ ]+")


def wrap_text_with_ansi(text: str, width: int, *, tab_width: int = TAB_WIDTH) -> list[str]:
    """Lines of at most `width` cells, at least one. No abort: over at once.

    Parted at newlines and at spaces; a word that is longer is broken between cells. Spaces where a line was broken are
    dropped, empty lines kept. A line begins with the colours that are on there; at its end underline, strike and a
    hyperlink are turned off. Only a single character that is wider than `width` makes a line wider.
    Source: pi-natives text.rs, `wrapTextWithAnsi`.
    """
    tab, style = tab_cells(tab_width), Style()
    lines: list[str] = []
    for line in text.split("\n"):
        lines += _wrapped(style.resumed() + line if lines else line, width, tab)
        for escape in parted(line)[1::2]:
            style.see(escape)
    return lines


def _wrapped(line: str, width: int, tab: int) -> list[str]:
    style = Style()
    if visible_width(line, tab) <= width:
        for escape in parted(line)[1::2]:
            style.see(escape)
        return [line + style.unlinked()]
    lines: list[str] = []
    current, used = "", 0
    for token, blank in _tokens(line):
        cells = visible_width(token, tab)
        if cells > width and not blank:
            if used:
                lines.append(_trimmed(current) + style.paused())
                current = ""
            *whole, current = _broken(token, width, tab, style, current)
            lines += whole
            used = visible_width(current, tab)
            continue
        if used + cells > width and used:
            lines.append(_trimmed(current) + style.paused())
            current, used = style.resumed(), 0
            if blank:
                cells = 0
                token = "".join(parted(token)[1::2])
        current += token
        used += cells
        for escape in parted(token)[1::2]:
            style.see(escape)
    if lines and not used:
        lines[-1] += current + style.unlinked()  # nothing but escapes
    else:
        lines.append(_trimmed(current) + style.unlinked())
    return lines


def _tokens(line: str) -> Iterator[tuple[str, bool]]:
    """(word or spaces, it is spaces). An escape after a word ends with it, one after spaces begins the next word."""
    current, waiting, blank = "", "", False
    for number, part in enumerate(parted(line)):
        if number % 2:
            found = scaled(part)
            if found is None and (not current or blank):
                waiting += part
            elif found is None:
                current += part
            else:  # text, if in another size
                is_blank = not found.payload.strip(" ")
                if current and is_blank != blank:
                    yield current, blank
                    current = ""
                current, waiting, blank = current + waiting + part, "", is_blank
            continue
        for run in _runs(part):
            is_blank = not run.strip(" ")
            if current and is_blank != blank:
                yield current, blank
                current = ""
            current, waiting, blank = current + waiting + run, "", is_blank
    if current or waiting:
        yield current + waiting, blank


def _runs(text: str) -> list[str]:
    """Spaces, and what stands between them. A space that bears a mark is none."""
    if text.isascii():
        return _RUNS.findall(text)
    by_kind = groupby(pieces(text, 1), lambda found: found[0] == " ")
    return ["".join(piece for piece, _ in group) for _, group in by_kind]


def _broken(word: str, width: int, tab: int, style: Style, begun: str) -> list[str]:
    """Lines of a word that is wider than one; the last may go on. begun: what the first begins with, of no width."""
    lines: list[str] = []
    current, used = begun or style.resumed(), 0
    for number, part in enumerate(parted(word)):
        if number % 2 and (span := scaled_width(part, tab)) is None:
            current += part
            style.see(part)
            continue
        for piece, cells in [(part, span or 0)] if number % 2 else pieces(part, tab):
            if used and used + cells > width:
                lines.append(current + style.paused())
                current, used = style.resumed(), 0
            current += piece
            used += cells
    return [*lines, current]


def _trimmed(line: str) -> str:
    """Without the spaces at its end; escapes among them are kept."""
    if ESC not in line:
        return line.rstrip(" ")
    parts = parted(line)
    for number in range(len(parts) - 1, -1, -1):
        if number % 2 == 0:
            parts[number] = parts[number].rstrip(" ")
            if parts[number]:
                break
        elif scaled(parts[number]) is not None:
            break
    return "".join(parts)
