"""Heartbeats shown: a cancel report as text for a terminal, and as HTML for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from flowbench.runtime.heartbeats import worst
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.runtime.heartbeats import CancelReport, CancelRow

SHOWN = 20  # rows
HEAD = ("step", "agent", "status", "took", "longest gap", "stopped in", "")


def as_text(report: CancelReport) -> str:
    """A table of the slowest steps, below what the report comes to."""
    rows = [tuple(name.upper() for name in HEAD), *map(_cells, worst(report.rows, SHOWN))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([head(report), *(lines if len(rows) > 1 else [])])


def as_html(report: CancelReport) -> str:
    """The same as a table; every text is escaped."""
    rows = worst(report.rows, SHOWN)
    told = f"<p>{escape(head(report))}</p>"
    if rows:
        heads = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in HEAD)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in _cells(row)) + "</tr>"
            for row in rows
        )
        told += f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="flowbench mathjax_ignore">{told}</div>'


def head(report: CancelReport) -> str:
    """One line: how many steps, the longest gap, the slowest abort, and what is left out below."""
    gap, abort = report.longest_gap, report.slowest_abort
    parts = [f"{report.run_id} ({report.state}): {count(len(report.rows), 'step')}"]
    parts.append(
        "no heartbeats" if gap is None else f"longest gap {_seconds(gap.longest_gap)} ({gap.address} {gap.agent})"
    )
    if abort is not None:
        parts.append(f"slowest abort {_seconds(abort.abort_latency)} ({abort.address} {abort.agent})")
    left = sum(1 for row in report.rows if row.note or row.longest_gap is not None or row.abort_latency is not None)
    if left > SHOWN:
        parts.append(f"the slowest {SHOWN} of {left:,} are shown; .frame() has all")
    return "; ".join(parts)


def _cells(row: CancelRow) -> tuple[str, ...]:
    took, gap, late = _seconds(row.seconds), _seconds(row.longest_gap), _seconds(row.abort_latency)
    agent = row.agent if row.attempt == 1 else f"{row.agent} (attempt {row.attempt})"
    return row.address or "-", agent, row.status, took, gap, late, row.note


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f} s"
