"""Patterns: a glob as the tools take it, compiled once and asked for whole paths or name by name on the way down.

Rules: the text is trimmed and empty is `*`; `\\` counts as `/`; without any `/` it is looked for at every depth
(`*.py` is `**/*.py`), unless it begins with `**` or is one union of plain names (`{a.txt,b.txt}`: those of the root);
`}` that lack at the end are appended. `*` and `?` and `[a-z]` `[!a-z]` never match `/`, and do match a dot at the
beginning; `**` alone between slashes is any number of directories, elsewhere it is `*`. `{a,b}` may nest and hold `/`;
an empty alternative stands for nothing and does not match. `./` in front is the root, and no more.
Source: pi-natives 18.2, glob_util.rs over globset 0.4.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from flowbench.tools.errors import BadGlob
from flowbench.tools.files.segments import Pattern, Patterns, Set, Stage, Wild, as_segment

LONGEST = 1 << 13  # characters of a glob, once its braces are written out: compiling it takes time

UNCLOSED_SET = "unclosed character class; missing ']'"
UNOPENED = "unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)"
UNCLOSED = "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"
TOO_LONG = f"with its braces written out it is longer than {LONGEST} characters"

Part = str | Wild | Set
Flat = list[Part]
"""One alternative: literal characters one by one, `/` among them."""


class Glob:
    """A compiled glob. text: as it was given. pattern: as it is read.

    start: it in the root; `start.files.accepts(name)` says whether an entry there matches, `start.enter(name)` is the
    same for a directory below, None where nothing can match.
    """

    def __init__(self, text: str, *, recursive: bool = True) -> None:
        """recursive: a pattern without `/` is looked for at every depth. Raises: BadGlob."""
        self.text = text
        self.pattern = normalised(text, recursive=recursive)
        self.start: Stage = Patterns([_split(flat) for flat in _read(self.pattern)]).start

    @property
    def names_node_modules(self) -> bool:
        """Who asks for `node_modules` by name means to look into it."""
        return "node_modules" in self.text

    def matches(self, path: str) -> bool:
        """path: relative, with `/`."""
        *folders, name = path.split("/")
        here = self.start
        for folder in folders:
            below = here.enter(folder)
            if below is None:
                return False
            here = below
        return here.files.accepts(name)


@lru_cache(maxsize=256)
def compiled(text: str, *, recursive: bool = True) -> Glob:
    """The same Glob for the same text. Raises: BadGlob."""
    return Glob(text, recursive=recursive)


def normalised(text: str, *, recursive: bool = True) -> str:
    """The pattern that is really matched."""
    pattern = text.strip().replace("\\", "/") or "*"
    if pattern.startswith("./"):
        return normalised(pattern[2:].lstrip("/"), recursive=False)
    if recursive and "/" not in pattern and not pattern.startswith("**") and not _is_union(pattern):
        pattern = f"**/{pattern}"
    if pattern == "**/":
        return "**"
    return pattern + "}" * (pattern.count("{") - pattern.count("}"))


def _is_union(pattern: str) -> bool:
    """`{a.txt,b.txt}`, and nothing else."""
    inner = pattern[1:-1]
    return pattern[:1] == "{" and pattern[-1:] == "}" and inner != "" and not set(inner) & set("*?[]{}")


def _read(pattern: str) -> list[Flat]:
    """All alternatives, written out. Raises: BadGlob."""
    if len(pattern) > LONGEST:
        raise BadGlob(f"{pattern[:40]}...", TOO_LONG)
    groups: list[list[list[Flat]]] = [[[[]]]]  # open groups; of each, its alternatives; of each, what it may be
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "{":
            groups.append([[[]]])
        elif character == "}":
            if len(groups) == 1:
                raise BadGlob(pattern, UNOPENED)
            choices = [flat for alternative in groups.pop() for flat in alternative if flat] or [[]]
            groups[-1][-1] = _joined(pattern, groups[-1][-1], choices)
        elif character == "," and len(groups) > 1:
            groups[-1].append([[]])
        else:
            part: Part = Wild.ONE if character == "?" else Wild.MANY if character == "*" else character
            if character == "[":
                part, at = _set(pattern, at)
            for flat in groups[-1][-1]:
                flat.append(part)
    if len(groups) > 1:
        raise BadGlob(pattern, UNCLOSED)
    return groups[0][0]


def _joined(pattern: str, heads: list[Flat], tails: list[Flat]) -> list[Flat]:
    length = sum(map(len, heads)) * len(tails) + sum(map(len, tails)) * len(heads)
    if length > LONGEST:
        raise BadGlob(pattern, TOO_LONG)
    return [[*head, *tail] for head, tail in product(heads, tails)]


def _set(pattern: str, at: int) -> tuple[Set, int]:
    """The set whose `[` stands before `at`, and the place behind it. Raises: BadGlob."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    end = pattern.find("]", at + 1)  # one that comes first is meant literally
    if end < 0:
        raise BadGlob(pattern, UNCLOSED_SET)
    inner, ranges = pattern[at:end], []
    at = 0
    while at < len(inner):
        if inner[at + 1 : at + 2] == "-" and at + 2 < len(inner):
            low, high = inner[at], inner[at + 2]
            if low > high:
                raise BadGlob(pattern, f"invalid range; '{low}' > '{high}'")
            ranges.append((low, high))
            at += 3
        else:
            ranges.append((inner[at], inner[at]))
            at += 1
    return Set(tuple(ranges), negated), end + 1


def _split(flat: Flat) -> Pattern:
    """At the slashes; runs of stars become one, and DEEP where nothing else stands between two slashes."""
    segments: list[list[Part]] = [[]]
    for part in flat:
        if part == "/":
            segments.append([])
        else:
            segments[-1].append(part)
    return tuple(as_segment(parts) for parts in segments)
