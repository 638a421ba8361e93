"""Replacing: what a template becomes for one match, with the indentation of where it goes.

In a template `$NAME` and `$$$NAME` stand for what the pattern's variable of that name has matched, of a run of nodes
everything from the first to the last. A name that the pattern does not have stays as it is written: `$HOME` of a shell.
What is captured keeps its shape: its further lines move by as much as its first one does. Further lines of the template
begin where the match's own line does. Lines that are blank stay as they are.
Source: ast-grep, crates/core/replacer; there an unknown name becomes nothing, and tabs are no indentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLE = re.compile(r"\$\$\$([A-Z][A-Z0-9_]*)|\$\$?([A-Z][A-Z0-9_]*)")
LOOK_BACK = 512  # characters in which the beginning of a line is looked for
BLANK = " \t"

Span = tuple[int, int]
Captures = Mapping[str, Span | None]
"""Where in the source each variable of the pattern has matched; None: it has matched nothing."""


def variables(pattern: str) -> dict[str, bool]:
    """Those that a pattern captures; True: one that may match a run of nodes."""
    return {found[1] or found[2]: bool(found[1]) for found in VARIABLE.finditer(pattern)}


def replacement(template: str, source: str, start: int, captures: Captures) -> str:
    """start: character of the source at which the match begins. Line ends of the template become the source's."""
    lead = indentation(source, start)
    parts: list[str] = []
    at = 0
    for found in VARIABLE.finditer(template):
        name = found[1] or found[2]
        if name not in captures:
            continue
        parts.append(_moved(template[at : found.start()], "", lead, is_open=True))
        if (span := captures[name]) is not None:
            here = lead + indentation(template, found.start())
            parts.append(_moved(source[slice(*span)], indentation(source, span[0]), here))
        at = found.end()
    parts.append(_moved(template[at:], "", lead))
    text = "".join(parts)
    return re.sub(r"(?<!\r)\n", "\r\n", text) if _has_carriage_returns(source) else text


def indentation(text: str, at: int) -> str:
    """The blanks at the beginning of the line that holds `at`; none of a line that began long before."""
    begin = text.rfind("\n", max(at - LOOK_BACK, 0), at) + 1
    if begin == 0 and at > LOOK_BACK:
        return ""
    end = begin
    while end < at and text[end] in BLANK:
        end += 1
    return text[begin:end]


def _moved(text: str, before: str, after: str, *, is_open: bool = False) -> str:
    """The further lines of a text that began on a line with one indentation, and now on a line with another.

    is_open: something follows on the last line.
    """
    if before == after or "\n" not in text:
        return text
    first, *lines = text.split("\n")
    last = len(lines) - 1
    moved = [
        _line(line, before, after) if line.strip() or (is_open and n == last) else line for n, line in enumerate(lines)
    ]
    return "\n".join([first, *moved])


def _line(line: str, before: str, after: str) -> str:
    if line.startswith(before):
        return after + line[len(before) :]
    return after.removeprefix(before) + line if after.startswith(before) else line


def _has_carriage_returns(source: str) -> bool:
    first = source.find("\n")
    return first > 0 and source[first - 1] == "\r"
