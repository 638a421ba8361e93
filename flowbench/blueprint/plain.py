"""Plain: a checked copy of what a Python program gave us as a Blueprint; what JSON cannot hold is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flowbench.blueprint.builder import DEPTH
from flowbench.blueprint.errors import InvalidBlueprint
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.words import what
from flowbench.scalars import HIGHEST, LOWEST


def copied(data: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy out of dicts, lists, strings, 64-bit integers, finite floats, booleans and None.

    Tuples become lists, other mappings dicts. Later changes of `data` do not reach the copy.
    Raises: InvalidBlueprint with the place.
    """
    made: dict[str, Any] = {}
    work: list[tuple[Any, Any, str, int]] = [(data, made, ROOT, 1)]
    while work:
        source, target, place, depth = work.pop()
        if depth > DEPTH:
            raise InvalidBlueprint(place, f"nested more than {DEPTH} deep, or it contains itself")
        if isinstance(source, Mapping):
            for key, each in source.items():
                if type(key) is not str:
                    raise InvalidBlueprint(place, f"keys are strings, not {what(key)}")
                target[key] = _member(each, under(place, key), depth, work)
        else:
            target.extend(_member(each, under(place, index), depth, work) for index, each in enumerate(source))
    return made


def _member(value: Any, place: str, depth: int, work: list[tuple[Any, Any, str, int]]) -> Any:
    if isinstance(value, (Mapping, list, tuple)):
        made: Any = {} if isinstance(value, Mapping) else []
        work.append((value, made, place, depth + 1))
        return made
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str):
        return _text(value, place)
    if type(value) is int:
        return value if LOWEST <= value <= HIGHEST else _finite(value, place)
    if type(value) is float:
        return _finite(value, place)
    raise InvalidBlueprint(place, f"{what(value)} is no JSON value")


def _text(value: str, place: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidBlueprint(place, "half a character (a lone surrogate); no text can hold it") from None
    return str(value)  # a StrEnum becomes its text


def _finite(value: float, place: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidBlueprint(place, f"{what(value)} is no JSON number")
    return number
