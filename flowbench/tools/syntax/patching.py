"""Patching: the edits of one text, carried out, and as a unified diff."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

CONTEXT = 3  # lines around a change
FINE = 400  # lines of a block that are compared one by one; a longer one is shown as replaced


class Edit(NamedTuple):
    """start, end: characters of the source that `text` stands for."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """Whole lines that become others. at: the first of them in the source, from 0."""

    at: int
    old: list[str]
    new: list[str]


def in_order(edits: Sequence[Edit]) -> tuple[list[Edit], int]:
    """Edits by place, and how many of them were left out because they overlap one before; equal ones are one edit."""
    kept: list[Edit] = []
    left_out = 0
    for edit in sorted(set(edits)):
        if kept and edit.start < kept[-1].end:
            left_out += 1
        else:
            kept.append(edit)
    return kept, left_out


def edited(source: str, edits: Sequence[Edit]) -> str:
    """edits: in order, none overlaps another."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (source[at : edit.start], edit.text)
        at = edit.end
    return "".join([*parts, source[at:]])


def patch(path: str, source: str, edits: Sequence[Edit]) -> str:
    """What `diff -u` would say, for `patch` and `git apply`; '' if nothing changes. edits: as for `edited`."""
    lines = _lines(source)
    hunks: list[list[Block]] = []
    for block in _blocks(source, lines, edits):
        if hunks and block.at - (hunks[-1][-1].at + len(hunks[-1][-1].old)) <= 2 * CONTEXT:
            hunks[-1].append(block)
        else:
            hunks.append([block])
    if not hunks:
        return ""
    name = path if path.isprintable() and '"' not in path else json.dumps(path)[1:-1]
    quoted = [side + name if name == path else f'"{side}{name}"' for side in ("a/", "b/")]
    told = [f"--- {quoted[0]}\n+++ {quoted[1]}\n"]
    moved = 0
    for hunk in hunks:
        moved += _tell(hunk, lines, moved, told)
    return "".join(told)


def _blocks(source: str, lines: list[str], edits: Sequence[Edit]) -> list[Block]:
    """The lines that edits touch, as they were and as they become, without those that stay the same."""
    starts = list(accumulate(map(len, lines), initial=0))[: max(len(lines), 1)]
    found: list[Block] = []
    touched: list[list[Edit]] = []
    until = -1
    for edit in edits:
        if touched and bisect_right(starts, edit.start) - 1 <= until:
            touched[-1].append(edit)
        else:
            touched.append([edit])
        until = bisect_right(starts, edit.end) - 1
    for those in touched:
        first, last = bisect_right(starts, those[0].start) - 1, bisect_right(starts, those[-1].end) - 1
        begin = starts[first]
        old = lines[first : last + 1]
        text = "".join(old)
        new = _lines(edited(text, [Edit(edit.start - begin, edit.end - begin, edit.text) for edit in those]))
        found += _changed(first, old, new)
    return found


def _changed(at: int, old: list[str], new: list[str]) -> list[Block]:
    if max(len(old), len(new)) > FINE:
        return [Block(at, old, new)] if old != new else []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Block(at + a, old[a:b], new[c:d]) for tag, a, b, c, d in codes if tag != "equal"]


def _tell(hunk: list[Block], lines: list[str], moved: int, told: list[str]) -> int:
    """One hunk; by how many lines what follows moves. moved: the same of all before."""
    first = max(hunk[0].at - CONTEXT, 0)
    last = min(hunk[-1].at + len(hunk[-1].old) + CONTEXT, len(lines))
    grows = sum(len(block.new) - len(block.old) for block in hunk)
    old, new = last - first, last - first + grows
    told.append(f"@@ -{_range(first, old)} +{_range(first + moved, new)} @@\n")
    at = first
    for block in hunk:
        told += [_line(" ", line) for line in lines[at : block.at]]
        told += [_line("-", line) for line in block.old]
        told += [_line("+", line) for line in block.new]
        at = block.at + len(block.old)
    told += [_line(" ", line) for line in lines[at:last]]
    return grows


def _range(first: int, count: int) -> str:
    begin = first + 1 if count else first
    return str(begin) if count == 1 else f"{begin},{count}"


def _line(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """With their ends; only `\\n` ends one."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
