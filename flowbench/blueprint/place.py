"""Place: the `$.agents[2].kind` notation for one value inside a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

ROOT = "$"
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_PIECE = re.compile(r'\.[^.\[\]"]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\]')


def under(place: str, key: str | int) -> str:
    """The place of a child: a key of an object or an index of a list."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    if _PLAIN.fullmatch(key):
        return f"{place}.{key}"
    return f"{place}[{json.dumps(key, ensure_ascii=False)}]"


def parts(place: str) -> list[str | int]:
    """The keys and indexes on the way to a place."""
    found: list[str | int] = []
    for piece in _PIECE.findall(place, 1):
        inner = piece[1:] if piece[0] == "." else json.loads(piece[1:-1])
        found.append(inner)
    return found


def outward(place: str) -> Iterator[str]:
    """The place itself, then what holds it, and so on up to `$`."""
    ends = [match.end() for match in _PIECE.finditer(place, 1)]
    for end in reversed(ends):
        yield place[:end]
    yield ROOT
