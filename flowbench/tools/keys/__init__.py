"""Keys: which key a terminal has sent, in the legacy encodings, xterm's and that of Kitty."""

from __future__ import annotations

from flowbench.tools.keys.kitty import KittySequence, matches_kitty_sequence, parse_kitty_sequence
from flowbench.tools.keys.legacy import matches_legacy_sequence
from flowbench.tools.keys.matching import matches_key
from flowbench.tools.keys.reading import parse_key

__all__ = [
    "KittySequence",
    "matches_key",
    "matches_kitty_sequence",
    "matches_legacy_sequence",
    "parse_key",
    "parse_kitty_sequence",
]
