"""Shown: how a line of a file becomes the text of a match: decoded, stripped, and cut to what may be shown of it."""

from __future__ import annotations

from flowbench.tools.searching.hits import LARGE

ELLIPSIS = "..."

# What Rust's trim_end takes away; Python's rstrip would take the separators 1C to 1F, too.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def plain(line: str) -> str:
    """Without its end and the whitespace before that."""
    stripped = line.rstrip()  # which is quicker
    return stripped if line[len(stripped) :] in ("\n", "") else line.rstrip(SPACE)


def column(line: str, start: int) -> int:
    """The character, from 1, in which byte `start` of the line lies."""
    if line.isascii():
        return start + 1
    return len(line.encode("utf-8", "replace")[:start].decode("utf-8", "ignore")) + 1


def head(line: str, most: int | None) -> tuple[str, bool]:
    """The beginning of a line, and whether that is not all of it. most: bytes, the dots at its end included."""
    limit = LARGE if most is None else min(most, LARGE)
    if len(line) <= limit and (line.isascii() or len(line) * 4 <= limit or len(line.encode()) <= limit):
        return line, False
    keep = max(limit - len(ELLIPSIS), 0)
    return (line[:keep] if line.isascii() else _part(line.encode(), 0, keep)) + ELLIPSIS, True


def around(line: str, most: int | None, start: int, end: int) -> tuple[str, bool]:
    """The part of a line in which its first match can be seen, and whether that is not all of it.

    most: bytes, the dots at each cut side included. start, end: bytes of the line between which the match lies.
    """
    text, is_cut = head(line, most)
    if not is_cut or most is None or most > LARGE:
        return text, is_cut
    whole, dots = line.encode(), len(ELLIPSIS)
    if end <= most - dots or most <= 3 * dots:
        return text, True
    inner = most - 2 * dots
    at = max(start - max(inner - (end - start), 0) // 2, 0)
    if at <= dots:
        return text, True
    if at + inner + dots >= len(whole):
        return ELLIPSIS + _part(whole, len(whole) - (most - dots), len(whole)), True
    return ELLIPSIS + _part(whole, at, at + inner) + ELLIPSIS, True


def _part(whole: bytes, start: int, end: int) -> str:
    """What lies between, without a character that is cut through."""
    while start < end and start < len(whole) and whole[start] & 0xC0 == 0x80:
        start += 1
    while start < end < len(whole) and whole[end] & 0xC0 == 0x80:
        end -= 1
    return whole[start:end].decode("utf-8", "ignore")
