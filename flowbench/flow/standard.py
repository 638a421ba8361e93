"""Standard externs: an object or an array put together from values, for which the language has no op of its own.

Source: ours; flow.ir has only `call_extern`, and a host may name its functions as it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def new_object(args: list[Any]) -> dict[str, Any]:
    """`object(key, value, key, value, ...)`. Raises: ValueError (odd number), TypeError (a key that is no text)."""
    if len(args) % 2:
        raise ValueError("object: a key without a value; the arguments are key, value, key, value, ...")
    made: dict[str, Any] = {}
    for key, value in zip(args[::2], args[1::2], strict=True):
        if not isinstance(key, str):
            raise TypeError(f"object: a key must be a text, got {key!r}")
        made[key] = value
    return made


def new_array(args: list[Any]) -> list[Any]:
    """`array(value, value, ...)`."""
    return args


STANDARD: Mapping[str, Callable[[list[Any]], Any]] = {"array": new_array, "object": new_object}
