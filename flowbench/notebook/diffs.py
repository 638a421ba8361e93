"""Diffs: what a structural edit changes, or has changed, as a coloured unified diff, bounded."""

from __future__ import annotations

from html import escape
from typing import Any

from flowbench.notebook.finds import CLASS, CODE, PROBLEMS, Bundle
from flowbench.notebook.links import link
from flowbench.notebook.view import cut
from flowbench.words import count

LINES = 300
LINE_LENGTH = 300  # characters
COLOURS = {  # for light pages and dark ones
    "+": "background:rgba(46,160,67,.18)",
    "-": "background:rgba(248,81,73,.18)",
    "@": "color:var(--jp-info-color0,#0969da);opacity:.8",
}


def of_ast_edit(edit: Any) -> Bundle:
    """Of an AstEditResult: what it comes to, and the diff file by file."""
    what = f"{count(edit.total_replacements, 'replacement')} in {count(edit.files_touched, 'file')}"
    notes = [
        f"{what} of {edit.files_searched} searched",
        "written" if edit.applied else "a dry run: nothing is written",
    ]
    if edit.limit_reached:
        notes.append("more after the limit")
    if getattr(edit, "overlapping", 0):
        notes.append(f"{edit.overlapping} overlap: refine the pattern, or it will be refused")
    summary = "; ".join(notes)
    left, html, plain = LINES, [], [summary]
    for each in edit.file_changes:
        if left <= 0:
            break
        lines = each.patch.splitlines()
        shown = lines[:left]
        left -= len(shown)
        name = link(each.path, root=getattr(edit, "root", ""))
        html.append(f'<p style="margin:8px 0 2px">{name} {count(each.count, "replacement")}</p>')
        coloured = "".join(_line(line) for line in shown if not line.startswith(_FILES))
        html.append(f'<pre style="{CODE}">{coloured}</pre>')
        plain += [cut(line, LINE_LENGTH) for line in shown]
    hidden = sum(len(each.patch.splitlines()) for each in edit.file_changes) - (LINES - left)
    if hidden > 0:
        html.append(f"<p>and {count(hidden, 'line')} more</p>")
        plain.append(f"and {count(hidden, 'line')} more")
    problems = [escape(cut(" ".join(problem.split()), LINE_LENGTH)) for problem in edit.parse_errors[:PROBLEMS]]
    if len(edit.parse_errors) > PROBLEMS:
        problems.append(f"and {len(edit.parse_errors) - PROBLEMS} more")
    told = f"<small>{'<br>'.join(problems)}</small>" if problems else ""
    return {
        "text/html": f'<div class="{CLASS}"><p>{escape(summary)}</p>{"".join(html)}{told}</div>',
        "text/plain": "\n".join(plain),
    }


_FILES = ("--- ", "+++ ", "diff ")  # their names stand above


def _line(line: str) -> str:
    style = COLOURS.get(line[:1], "")
    return f'<span style="display:block;{style}">{escape(cut(line, LINE_LENGTH)) or " "}</span>'
