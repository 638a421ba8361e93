"""Minimized: a shorter text that may stand for what a command has written."""

from __future__ import annotations

import msgspec


class Minimized(msgspec.Struct, frozen=True):
    """filter: who shortened it, `chain` for several commands. text: the shorter one. original_text: all of it."""

    filter: str
    text: str
    original_text: str
    input_bytes: int
    output_bytes: int
