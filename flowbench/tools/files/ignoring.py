"""Ignoring: the rules of one ignore file, read as git reads them; the last rule that fits an entry decides.

A `!` in front takes an entry back in; a `/` at the end is for directories only; any other `/` ties the rule to the
directory of the file; `**` between slashes is any number of directories; `\\` takes the meaning of the next character
away; spaces at the end do not count unless one is escaped. Braces mean themselves. A rule with an open set or a lonely
`\\` at its end fits nothing. Nothing below an ignored directory can be taken back in, for a walk never enters it.
Source: git 2.39, gitignore(5) and wildmatch.c.
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache

from flowbench.tools.files.segments import DEEP, Pattern, Patterns, Segment, Set, Stage, Wild, as_segment, is_cheap

LARGEST = 1 << 18  # bytes of an ignore file that are read; the lines behind them do not count
COSTLY = 1000  # rules of it with wildcards in them that are tried one by one; `*.o` is not, `a*b` is; the first count

SPECIAL = frozenset("\\*?[")
CLASSES = {  # of ASCII, as in the C locale
    "alnum": "09AZaz", "alpha": "AZaz", "blank": "\t\t  ", "cntrl": "\x00\x1f\x7f\x7f", "digit": "09",
    "graph": "!~", "lower": "az", "print": " ~", "punct": "!/:@[`{~", "space": "\t\r  ", "upper": "AZ",
    "xdigit": "09AFaf",
}  # fmt: skip


class Rules:
    """Of one text. keeps: those that take back in, by rank. start: all of them, in the directory they are for."""

    __slots__ = ("keeps", "start")

    def __init__(self, text: str) -> None:
        patterns: list[Pattern] = []
        keeps: list[bool] = []
        folders: set[int] = set()
        costly = 0
        for line in text.removeprefix("\ufeff").split("\n"):
            read = _line(line)
            if read is not None:
                pattern, negated, for_folders = read
                costly += not all(is_cheap(segment) for segment in pattern)
                if costly > COSTLY:
                    break
                if for_folders:
                    folders.add(len(patterns))
                patterns.append(pattern)
                keeps.append(negated)
        self.keeps = tuple(keeps)
        self.start: Stage | None = Patterns(patterns, frozenset(folders)).start if patterns else None


@lru_cache(maxsize=512)
def rules(text: str) -> Rules:
    """The same for the same text: trees repeat their ignore files."""
    return Rules(text)


def rules_of(path: str) -> Rules | None:
    """Of a file; None without one, or without a rule in it, or where it cannot be read or is no regular file."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a named pipe must not be waited for
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        content = b""
        while len(content) < LARGEST and (more := os.read(file, LARGEST - len(content))):
            content += more
    except OSError:
        return None
    finally:
        os.close(file)
    found = rules(os.fsdecode(content))
    return found if found.start is not None else None


def _line(line: str) -> tuple[Pattern, bool, bool] | None:
    """(pattern, negated, for directories only); None for what is no rule."""
    text = _trimmed(line.removesuffix("\r"))
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[negated:]
    for_folders = text.endswith("/")
    text = text[: len(text) - for_folders]
    if not text:
        return None
    is_tied = "/" in text
    try:
        segments = _segments(text.removeprefix("/"))
    except (IndexError, ValueError):  # it goes on behind its end, or names a class that there is not
        return None
    return tuple(segments) if is_tied else (DEEP, *segments), negated, for_folders


def _trimmed(line: str) -> str:
    """Without the spaces at its end, but for an escaped one."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if slashes % 2 and len(bare) < len(line) else bare


def _segments(text: str) -> list[Segment]:
    """Raises: ValueError, for a rule that fits nothing."""
    if not SPECIAL.intersection(text):
        return [(part,) for part in text.split("/")]
    found: list[list[str | Wild | Set]] = [[]]
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        part: str | Wild | Set = character
        if character == "/":
            found.append([])
            continue
        if character == "\\":
            part, at = text[at], at + 1
        elif character == "?":
            part = Wild.ONE
        elif character == "*":
            part = Wild.MANY
        elif character == "[":
            part, at = _set(text, at)
        found[-1].append(part)
    return [as_segment(parts) for parts in found]


def _set(text: str, at: int) -> tuple[Set, int]:
    """The set whose `[` stands before `at`, and the place behind it."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    first = True
    while first or text[at] != "]":
        first = False
        if text.startswith("[:", at) and (end := text.find(":]", at)) > 0:
            bounds = CLASSES.get(text[at + 2 : end])
            if bounds is None:
                raise ValueError(text)
            ranges += zip(bounds[::2], bounds[1::2], strict=True)
            at = end + 2
            continue
        low, at = _character(text, at)
        if text[at] == "-" and text[at + 1] != "]":
            high, at = _character(text, at + 1)
            ranges.append((low, high))
        else:
            ranges.append((low, low))
    return Set(tuple(ranges), negated), at + 1


def _character(text: str, at: int) -> tuple[str, int]:
    escaped = text[at] == "\\"
    return text[at + escaped], at + 1 + escaped
