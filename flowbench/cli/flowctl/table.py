"""Table: rows for a person, in columns that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GAP = "  "
MARKS = {
    "todo": "[ ]",
    "in_progress": "[~]",
    "done": "[x]",
    "blocked": "[!]",
    "skipped": "[-]",
    "failed": "[X]",
    "up_for_retry": "[?]",
    "upstream_failed": "[^]",
    "open": "[ ]",
}


def aligned(rows: Iterable[Sequence[object]]) -> str:
    """Each column as wide as its widest cell; the last one as long as it is."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        return ""
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = (GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines)


def counted(number: int, word: str) -> str:
    """`1 task`, `3 tasks`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
