"""Semver: version labels, and Cargo's requirement syntax that picks among them (a bare version means caret).

Source: the `semver` crate 1.x, which mlua-swarm 0.2.1 uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import total_ordering
from typing import NamedTuple

import msgspec

from flowbench.blueprint.errors import BadRequirement

LARGEST = 2**64 - 1
MOST = 32  # comparators of one requirement

_LABEL = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII
)
_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_WILD = "*xX"
_OPERATORS = ("<=", ">=", "<", ">", "=", "~", "^")


@total_ordering
class Pre:
    """The part after `-`: `alpha.1`. None at all is greater than any; numbers are smaller than words."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = text.split(".") if text else []
        self._key = (not text, [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in parts])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pre) and self._key == other._key

    def __lt__(self, other: Pre) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self.text)

    def __bool__(self) -> bool:
        return bool(self.text)


class Version(NamedTuple):
    """Compares by precedence; what stands after `+` says nothing about that and is not kept."""

    major: int
    minor: int
    patch: int
    pre: Pre = Pre("")

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre.text}" if self.pre else "")


class Comparator(msgspec.Struct, frozen=True):
    """op: one of `= > >= < <= ~ ^` or `*` for a wildcard. minor, patch: None where they were not written."""

    op: str
    major: int
    minor: int | None = None
    patch: int | None = None
    pre: Pre = Pre("")


class Requirement(msgspec.Struct, frozen=True):
    """All of its comparators have to hold. text: as it was written."""

    text: str
    comparators: tuple[Comparator, ...]

    def matches(self, version: Version) -> bool:
        """A pre-release matches only where a comparator of the very same major.minor.patch names a pre-release."""
        if not all(_holds(each, version) for each in self.comparators):
            return False
        return not version.pre or any(_invites(each, version) for each in self.comparators)


def parse_version(text: str) -> Version:
    """A full version: `1.2.3`, `1.2.3-rc.1+build`. Raises: ValueError that says what is wrong."""
    found = _LABEL.fullmatch(text)
    if not found:
        raise ValueError("a version is MAJOR.MINOR.PATCH, like 1.4.0 or 1.4.0-rc.1")
    major, minor, patch = (int(each) for each in found.group(1, 2, 3))
    if max(major, minor, patch) > LARGEST:
        raise ValueError("a number of it is larger than 2^64 - 1")
    build = found[5]
    if build is not None and not all(build.split(".")):
        raise ValueError("a part after + is empty")
    return Version(major, minor, patch, _pre(found[4]))


def parse_requirement(text: str) -> Requirement:
    """`^1.2`, `>=1.2, <2`, `~1`, `1.*`, `*`. Raises: BadRequirement."""
    bare = text.strip(" ")
    if bare in tuple(_WILD):
        return Requirement(text, ())
    parts = bare.split(",")
    if len(parts) > MOST:
        raise BadRequirement(text, f"more than {MOST} comparators")
    if len(parts) > 1 and any(each.strip(" ") in tuple(_WILD) for each in parts):
        raise BadRequirement(text, "a wildcard alone stands alone: write * or leave it out")
    try:
        return Requirement(text, tuple(_comparator(each.strip(" ")) for each in parts))
    except ValueError as error:
        raise BadRequirement(text, str(error)) from None


def _comparator(text: str) -> Comparator:
    if not text:
        raise ValueError("a version is missing")
    op = next((each for each in _OPERATORS if text.startswith(each)), "")
    rest = text[len(op) :].lstrip(" ")
    core, pre = _split_pre(rest)
    pieces = core.split(".")
    if len(pieces) > 3:
        raise ValueError(f"{_shown(core)} has more than three numbers")
    numbers = list(_numbers(pieces))
    wild = len(numbers) < len(pieces)
    if pre is not None and len(numbers) < 3:
        raise ValueError(f"a pre-release needs all three numbers before it, {_shown(rest)} has not")
    kind = op or ("*" if wild else "^")
    major, minor, patch = (*numbers, None, None)[:3]
    assert major is not None
    return Comparator(kind, major, minor, patch, _pre(pre))


def _split_pre(text: str) -> tuple[str, str | None]:
    """(`1.2.3`, what stands after -); what stands after + is read and dropped, as Cargo does."""
    text, plus, build = text.partition("+")
    core, dash, pre = text.partition("-")
    if plus and (len(core.split(".")) < 3 or not re.fullmatch(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", build, re.ASCII)):
        raise ValueError(f"what stands after + in {_shown(text + plus + build)} is no build label")
    return core, pre if dash else None


def _numbers(pieces: list[str]) -> Iterator[int]:
    """The numbers before the first wildcard; after one only wildcards may follow."""
    for at, piece in enumerate(pieces):
        if piece and piece in _WILD and at > 0:
            if any(not each or each not in _WILD for each in pieces[at:]):
                raise ValueError("after a wildcard no number can follow")
            return
        if not _NUMBER.fullmatch(piece):
            raise ValueError(f"{_shown(piece)} is no number" if piece else "a number is missing")
        if int(piece) > LARGEST:
            raise ValueError("a number of it is larger than 2^64 - 1")
        yield int(piece)


def _pre(text: str | None) -> Pre:
    if text is None:
        return Pre("")
    for part in text.split("."):
        if not re.fullmatch(r"[0-9A-Za-z-]+", part, re.ASCII):
            raise ValueError(f"{_shown(part)} in the pre-release is no word" if part else "the pre-release has a gap")
        if part.isdecimal() and not _NUMBER.fullmatch(part):
            raise ValueError(f"{part} in the pre-release begins with a zero")
    return Pre(text)


def _shown(text: str) -> str:
    return f'"{text if len(text) <= 40 else text[:40] + "…"}"'


def _holds(want: Comparator, has: Version) -> bool:
    match want.op:
        case "=" | "*":
            return _equal(want, has)
        case ">":
            return _beyond(want, has, 1)
        case ">=":
            return _equal(want, has) or _beyond(want, has, 1)
        case "<":
            return _beyond(want, has, -1)
        case "<=":
            return _equal(want, has) or _beyond(want, has, -1)
        case "~":
            return _tilde(want, has)
        case _:
            return _caret(want, has)


def _equal(want: Comparator, has: Version) -> bool:
    written = zip((want.major, want.minor, want.patch), has[:3], strict=True)
    return all(a is None or a == b for a, b in written) and has.pre == want.pre


def _beyond(want: Comparator, has: Version, sign: int) -> bool:
    """Greater (sign 1) or less (-1). `>1.2` begins at 1.3.0: a number that is not written decides nothing."""
    for a, b in zip((want.major, want.minor, want.patch), has[:3], strict=True):
        if a is None:
            return False
        if a != b:
            return (b - a) * sign > 0
    return has.pre > want.pre if sign > 0 else has.pre < want.pre


def _tilde(want: Comparator, has: Version) -> bool:
    if has.major != want.major or want.minor not in (None, has.minor):
        return False
    if want.patch is not None and has.patch != want.patch:
        return has.patch > want.patch
    return has.pre >= want.pre


def _caret(want: Comparator, has: Version) -> bool:
    """What is left of the first number that is not zero may not change."""
    if has.major != want.major:
        return False
    if want.minor is None:
        return True
    if want.patch is None:
        return has.minor >= want.minor if want.major > 0 else has.minor == want.minor
    if want.major > 0:
        if has.minor != want.minor:
            return has.minor > want.minor
        if has.patch != want.patch:
            return has.patch > want.patch
    elif want.minor > 0:
        if has.minor != want.minor:
            return False
        if has.patch != want.patch:
            return has.patch > want.patch
    elif (has.minor, has.patch) != (want.minor, want.patch):
        return False
    return has.pre >= want.pre


def _invites(want: Comparator, has: Version) -> bool:
    return bool(want.pre) and (want.major, want.minor, want.patch) == has[:3]
