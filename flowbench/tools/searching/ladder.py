"""Ladder: what is tried with a pattern, rung after rung, until one can be searched; in the end it is plain text.

As it is, on the linear engine and then with look-around and back-references; then, if its groups are not closed, with
all its parentheses meant literally; then literally. So practically every text is a pattern: `foo(` finds `foo(`.
Source: pi-natives 18.2, grep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

_REPEAT = re.compile(r"\{\d+(?:,\d*)?\}")  # of ours; runs over patterns, never a pattern of anybody else
LONGEST_NAME = 128  # characters in the braces of an escape; a name that is longer is none
_CODE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")


class Rung(msgspec.Struct, frozen=True):
    """A reading of the pattern. is_literal: `text` is what to find, not a regular expression."""

    text: str
    is_literal: bool = False


def rungs(pattern: str) -> Iterator[Rung]:
    """The readings of a pattern, in the order in which they are tried."""
    escaped = escape_braces(pattern)
    yield Rung(escaped)
    if has_open_group(escaped):
        yield Rung(escape_parentheses(escaped))
    yield Rung(pattern, is_literal=True)


def escape_braces(pattern: str) -> str:
    r"""With each brace escaped that is no `{n}`, `{n,}` or `{n,m}`, nor part of \p{}, \x{}, \u{}."""
    return "".join(
        f"\\{text}" if kind == "brace" and not _REPEAT.fullmatch(text) else text for kind, text in tokens(pattern)
    )


def has_open_group(pattern: str) -> bool:
    """A parenthesis is not closed, or closes nothing."""
    depth = 0
    for kind, _ in tokens(pattern):
        depth += (kind == "(") - (kind == ")")
        if depth < 0:
            return True
    return depth > 0


def escape_parentheses(pattern: str) -> str:
    """With every parenthesis meant literally that is not escaped nor in a set."""
    return "".join(f"\\{text}" if kind in ("(", ")") else text for kind, text in tokens(pattern))


def tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of its parts, which together are the pattern. kind: `(`, `)`, brace, set, escape, plain."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        end = at + 1
        kind = "plain"
        if character == "\\":
            kind, end = "escape", _escape(pattern, at)
        elif character == "[":
            kind, end = "set", _set(pattern, at)
        elif character in "()":
            kind = character
        elif character == "{":
            found = _REPEAT.match(pattern, at)
            kind, end = "brace", found.end() if found else end
        elif character == "}":
            kind = "brace"
        yield kind, pattern[at:end]
        at = end


def _escape(pattern: str, at: int) -> int:
    r"""Where the escape ends that begins there; braces of \p{..}, \x{..}, \k{..} and the like belong to it, and so
    does what is quoted, \Q..\E.
    """
    end = min(at + 2, len(pattern))
    letter = pattern[at + 1 : end]
    found = _CODE.match(pattern, at)
    if found is not None:
        return found.end()
    if letter == "Q":
        closed = pattern.find(r"\E", end) if end < _last_end(pattern) + 1 else -1
        return closed + 2 if closed >= 0 else end
    if letter and letter in "pPxuUkgNobB" and pattern[end : end + 1] == "{":
        closed = pattern.find("}", end, end + LONGEST_NAME)
        return closed + 1 if closed >= 0 else end
    return end + 1 if letter and letter in "pP" and pattern[end : end + 1].isalpha() else end


@lru_cache(maxsize=4)
def _last_end(pattern: str) -> int:
    """Where the last quotation ends: behind it nobody looks for another end, which would take time by the square."""
    return pattern.rfind(r"\E")


def _set(pattern: str, at: int) -> int:
    """Where the set ends that begins there: sets nest, and a `]` that comes first is meant literally."""
    depth = 0
    while at < len(pattern):
        match pattern[at]:
            case "\\":
                at = _escape(pattern, at)
                continue
            case "[":
                depth += 1
                at += 1 + (pattern[at + 1 : at + 2] == "^")
                at += pattern[at : at + 1] == "]"
                continue
            case "]":
                depth -= 1
        at += 1
        if depth == 0:
            break
    return at
