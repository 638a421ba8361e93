"""Grid: rows of short texts, aligned for a terminal and as an HTML table for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any


def grid(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Mime bundle of a table with these column names; every text is escaped."""
    wide = [max(len(cell) for cell in column) for column in zip(names, *rows, strict=True)]
    lines = ["  ".join(f"{cell:{w}}" for cell, w in zip(row, wide, strict=True)).rstrip() for row in (names, *rows)]
    head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return {"text/plain": "\n".join(lines), "text/html": f'<div class="flowbench mathjax_ignore">{html}</div>'}
