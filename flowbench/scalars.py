"""Scalars: the numbers of JSON, and the YAML 1.2 core schema: what a plain word in YAML means."""

from __future__ import annotations

import math
import re

LOWEST, HIGHEST = -(2**63), 2**64 - 1  # integers beyond are read as floats
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FIRST = frozenset("-+.0123456789")
_DIGITS = 400  # more of them cannot be a finite float


class NoNumber(ValueError):
    """Infinity, NaN, or a number too large for a float."""


def whole(text: str) -> int | float:
    """An integer in decimal digits; a float beyond 64 bits. Raises: NoNumber."""
    if len(text) < 19:
        return int(text)
    if len(text) > _DIGITS:  # int() of very long texts is slow, and refused by Python itself
        return real(text)
    return _bounded(int(text))


def real(text: str) -> float:
    """Raises: NoNumber."""
    number = float(text)
    if not math.isfinite(number):
        raise NoNumber("the number is too large")
    return number


def plain(text: str) -> str | int | float | bool | None:
    """A plain (unquoted) YAML scalar by the core schema of YAML 1.2: `no`, `1:30` and dates are strings, `012` is 12.

    Raises: NoNumber for .inf and .nan, which JSON has not.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in _FIRST:
        return text
    if _INT.fullmatch(text):
        return whole(text)
    if _FLOAT.fullmatch(text):
        return real(text)
    if _ENDLESS.fullmatch(text):
        raise NoNumber(f"{text} is no JSON number; in quotes it is a string")
    if _OCTAL.fullmatch(text):
        return _based(text, 8)
    if _HEX.fullmatch(text):
        return _based(text, 16)
    return text


def _based(text: str, base: int) -> int | float:
    if len(text) > _DIGITS:
        raise NoNumber("the number is too large")
    return _bounded(int(text[2:], base))


def _bounded(number: int) -> int | float:
    if LOWEST <= number <= HIGHEST:
        return number
    try:
        return float(number)
    except OverflowError:
        raise NoNumber("the number is too large") from None
