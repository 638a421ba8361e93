"""Screen: the lines that a terminal shows after a program has written to it, as plain text; colours are left out.

Enough of xterm for what programs in a notebook do: overwritten progress bars, cleared lines, moved cursors, scrolling
regions, the second screen of editors and pagers. What it does not know it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LINES = 500  # that are kept, what has scrolled away included
TAIL = 1 << 18  # characters of what was written last

_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<args>[0-?]*)[ -/]*(?P<csi>[@-~])"
    r"|\x1b[\]PX^_](?:[^\x07\x1b]|\x1b(?!\\))*(?:\x07|\x1b\\|\Z)"  # titles, links, images
    r"|\x1b\((?P<charset>.)"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b(?P<escape>[0-~])"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])",
    re.DOTALL,
)
_DRAWN = str.maketrans("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_SECOND = {"?47", "?1047", "?1049"}  # the screen of editors and pagers

Row = list[str]  # one string per cell; "" behind a wide character


class Tail:
    """What was written last, at least half of TAIL of it."""

    def __init__(self) -> None:
        self.columns, self.rows = 120, 40
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        self._parts.append(text)
        self._size += len(text)
        if self._size > TAIL:
            whole = self.text
            cut = whole.find("\n", len(whole) - TAIL // 2)  # not within an escape
            self._parts = [whole[cut + 1 if cut >= 0 else -(TAIL // 2) :]]
            self._size = len(self._parts[0])

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def lines(self, limit: int = LINES) -> list[str]:
        """What the terminal shows, without empty lines at the end; the last `limit` of it."""
        return shown(self.text, self.columns, self.rows, limit)


def shown(text: str, columns: int, rows: int, limit: int = LINES) -> list[str]:
    """What a terminal of this size shows when a program has written `text`: at most `limit` lines, none of them empty
    at the end."""
    grid = _Grid(columns, rows, limit)
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "text":
            grid.write(token["text"])
        elif kind == "control":
            grid.control(token["control"])
        elif kind == "csi":
            grid.csi(token["args"], token["csi"])
        elif kind == "escape":
            grid.escape(token["escape"])
        elif kind == "charset":
            grid.is_drawing = token["charset"] == "0"
    lines = ["".join(row).rstrip() for row in grid.lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines[-limit:]


class _Grid:
    """lines: what has scrolled away, then the screen, which begins at `top`. x, y: of the cursor, y within `lines`."""

    def __init__(self, columns: int, rows: int, limit: int) -> None:
        self.columns, self.rows, self.limit = columns, rows, limit
        self.lines: list[Row] = [[]]
        self.top = self.x = self.y = 0
        self.region = (0, rows - 1)  # of the screen, both ends included: what scrolls
        self.saved = (0, 0)
        self.first: tuple[list[Row], int, int, int] | None = None  # while the second screen is shown
        self.is_drawing = False

    def write(self, text: str) -> None:
        if self.is_drawing:
            text = text.translate(_DRAWN)
        if not text.isascii():
            self._write_wide(text)
            return
        while text:
            if self.x >= self.columns:
                self._new_line()
            part, text = text[: self.columns - self.x], text[self.columns - self.x :]
            self._put(list(part))

    def _write_wide(self, text: str) -> None:
        from wcwidth import wcwidth

        for char in text:
            width = wcwidth(char)
            if width <= 0:  # belongs to the character before
                row = self._row()
                if self.x and row[self.x - 1 : self.x]:
                    at = self.x - 1 if row[self.x - 1] or self.x < 2 else self.x - 2
                    row[at] += char
                continue
            if self.x + width > self.columns:
                self._new_line()
            self._put([char, ""][:width])

    def _put(self, cells: Row) -> None:
        row, end = self._row(), self.x + len(cells)
        if row[self.x : self.x + 1] == [""]:  # what was half of a wide character is blank now
            row[self.x - 1] = " "
        if row[end : end + 1] == [""]:
            row[end] = " "
        row[self.x : end] = cells
        self.x = end

    def control(self, char: str) -> None:
        if char == "\r":
            self.x = 0
        elif char in "\n\v\f":
            self._down()
        elif char == "\b":
            self.x = max(min(self.x, self.columns) - 1, 0)
        elif char == "\t":
            self.x = min(self.x // 8 * 8 + 8, self.columns - 1)

    def escape(self, char: str) -> None:
        if char == "7":
            self.saved = self.x, self.y - self.top
        elif char == "8":
            self._move(*self.saved)
        elif char == "D":
            self._down()
        elif char == "E":
            self._new_line()
        elif char == "M":
            self._up()
        elif char == "c":
            self.__init__(self.columns, self.rows, self.limit)  # type: ignore[misc]

    def csi(self, args: str, final: str) -> None:
        if args[:1] in ("?", ">", "=", "<"):
            if final in "hl" and _SECOND & {f"?{each}" for each in args[1:].split(";")}:
                self._switch(to_second=final == "h")
            return
        numbers = [min(int(each or 0), 10_000) if each.isdigit() or not each else 0 for each in args.split(";")]
        act = _ACTS.get(final)
        if act is not None:
            act(self, numbers)

    # -- what the sequences do

    def _row(self) -> Row:
        """The cursor's, filled up to it."""
        while len(self.lines) <= self.y:
            self.lines.append([])
        row = self.lines[self.y]
        if len(row) < self.x:
            row.extend(" " * (self.x - len(row)))
        return row

    def _move(self, x: int, y: int) -> None:
        """y: within the screen."""
        self.x = min(max(x, 0), self.columns - 1)
        self.y = self.top + min(max(y, 0), self.rows - 1)

    def _new_line(self) -> None:
        self.x = 0
        self._down()

    def _down(self) -> None:
        first, last = self.region
        at = self.y - self.top
        if at != last:
            self.y += at < self.rows - 1
        elif (first, last) == (0, self.rows - 1):
            self.y += 1
            self.top += 1
            if self.top > 2 * self.limit + self.rows:
                cut = self.top - self.limit
                del self.lines[:cut]
                self.top -= cut
                self.y -= cut
        else:
            self._scroll(first, 1)
        self._row()

    def _up(self) -> None:
        first, _ = self.region
        if self.y - self.top == first:
            self._scroll(first, -1)
        elif self.y > self.top:
            self.y -= 1

    def _scroll(self, first: int, count: int) -> None:
        """Lines of the region from `first` on: up by `count`, or down by -count."""
        last = self.region[1]
        while len(self.lines) <= self.top + last:
            self.lines.append([])
        gone, new = (first, last) if count > 0 else (last, first)
        for _ in range(min(abs(count), last - first + 1)):
            del self.lines[self.top + gone]
            self.lines.insert(self.top + new, [])

    def _switch(self, *, to_second: bool) -> None:
        if to_second and self.first is None:
            self.first = self.lines, self.top, self.x, self.y
            self.lines, self.top, self.x, self.y = [[]], 0, 0, 0
        elif not to_second and self.first is not None:
            self.lines, self.top, self.x, self.y = self.first
            self.first = None
        self.region = (0, self.rows - 1)

    def _set_region(self, numbers: list[int]) -> None:
        first, last = (numbers[0] or 1) - 1, ((numbers[1:] or [0])[0] or self.rows) - 1
        if 0 <= first < last < self.rows:
            self.region = (first, last)
            self._move(0, 0)

    def _erase_line(self, how: int) -> None:
        row = self._row()
        if how == 0:
            del row[self.x :]
        elif how == 1:
            row[: self.x + 1] = " " * (self.x + 1)
        else:
            row.clear()

    def _erase(self, how: int) -> None:
        if how == 3:  # what has scrolled away
            del self.lines[: self.top]
            self.y -= self.top
            self.top = 0
            return
        if how in (0, 1):
            self._erase_line(how)
        clean = {0: range(self.y + 1, len(self.lines)), 1: range(self.top, self.y)}.get(
            how, range(self.top, len(self.lines))
        )
        for at in clean:
            self.lines[at].clear()

    def _edit_line(self, how: str, count: int) -> None:
        """P deletes characters, @ makes room for them, X blanks them."""
        row = self._row()
        if how == "P":
            del row[self.x : self.x + count]
        elif how == "@":
            row[self.x : self.x] = " " * min(count, self.columns)
            del row[self.columns :]
        else:
            row[self.x : self.x + count] = " " * min(count, self.columns - self.x)

    def _edit_lines(self, count: int) -> None:
        first, last = self.region
        if first <= (at := self.y - self.top) <= last:
            self._scroll(at, count)


Act = Callable[[_Grid, list[int]], object]


def _moving(x: int, y: int) -> Act:
    """The cursor, by the first number or 1."""
    return lambda grid, n: grid._move(
        min(grid.x, grid.columns - 1) + x * (n[0] or 1), grid.y - grid.top + y * (n[0] or 1)
    )


_ACTS: dict[str, Act] = {
    "A": _moving(0, -1),
    "B": _moving(0, 1),
    "C": _moving(1, 0),
    "D": _moving(-1, 0),
    "E": lambda grid, n: grid._move(0, grid.y - grid.top + (n[0] or 1)),
    "F": lambda grid, n: grid._move(0, grid.y - grid.top - (n[0] or 1)),
    "G": lambda grid, n: grid._move((n[0] or 1) - 1, grid.y - grid.top),
    "H": lambda grid, n: grid._move(((n[1:] or [1])[0] or 1) - 1, (n[0] or 1) - 1),
    "f": lambda grid, n: grid._move(((n[1:] or [1])[0] or 1) - 1, (n[0] or 1) - 1),
    "d": lambda grid, n: grid._move(grid.x, (n[0] or 1) - 1),
    "J": lambda grid, n: grid._erase(n[0]),
    "K": lambda grid, n: grid._erase_line(n[0]),
    "L": lambda grid, n: grid._edit_lines(-(n[0] or 1)),
    "M": lambda grid, n: grid._edit_lines(n[0] or 1),
    "S": lambda grid, n: grid._scroll(grid.region[0], n[0] or 1),
    "T": lambda grid, n: grid._scroll(grid.region[0], -(n[0] or 1)),
    "P": lambda grid, n: grid._edit_line("P", n[0] or 1),
    "@": lambda grid, n: grid._edit_line("@", n[0] or 1),
    "X": lambda grid, n: grid._edit_line("X", n[0] or 1),
    "r": lambda grid, n: grid._set_region(n),
    "s": lambda grid, n: grid.escape("7"),
    "u": lambda grid, n: grid.escape("8"),
}
