"""Words: how counted things read, the same in every room."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """1 -> `1 step`, 3 -> `3 steps`, 12000 -> `12,000 steps`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
