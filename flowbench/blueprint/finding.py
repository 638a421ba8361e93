"""Finding: one thing in a Blueprint that is wrong, or very likely not what was meant."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


class Finding(msgspec.Struct, frozen=True):
    """level: error: it fails when it is reached. warning: it does not do what it says. note: look whether it is meant.

    code: stable word for programs. place: `$.flow.children[0].cond`. hint: what to do.
    """

    level: Level
    code: str
    place: str
    text: str
    hint: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.text}; {self.hint}"
