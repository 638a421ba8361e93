"""Result: whether output is to be minimized, and the shorter text that may stand for it."""

from __future__ import annotations

import msgspec

CAPTURE = 4 << 20  # bytes; of a longer output nobody makes a shorter one


class MinimizerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """only: names of the filters that may be used; None: all. exclude: names of those that may not.

    max_capture_bytes: output that is longer stays as it is.
    """

    enabled: bool = True
    only: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    max_capture_bytes: int = CAPTURE


class Minimized(msgspec.Struct, frozen=True):
    """filter: who shortened it, `chain` for several commands. text: the shorter one. original_text: all of it.

    input_bytes, output_bytes: of the two texts in UTF-8.
    """

    filter: str
    text: str
    original_text: str
    input_bytes: int
    output_bytes: int
