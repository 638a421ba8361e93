"""Answer: what a verb says, as data and in words, and with which number the shell hears of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def shown(text: str) -> str:
    """Text as a terminal may have it: a title or an error may hold sequences that would move its cursor."""
    return text if text.isprintable() else text.translate(_CONTROLS)


class Answer(NamedTuple):
    """payload: JSON; `success` is added where it is printed. text: for a person, "" if there is nothing to say.

    code: 0 done, 1 the project or a gate says no, 2 a third party's tool failed, 3 it was out of time or not allowed.
    is_raw: the text is the answer even where JSON is asked for (`cat`, `completions`). is_data: JSON is the answer
    wherever no person looks: standard output is no terminal (`stats`).
    """

    payload: Mapping[str, Any]
    text: str = ""
    code: int = 0
    is_raw: bool = False
    is_data: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """The payload, `success` first; a payload that says itself whether it is one is believed."""
        return {"success": self.code == 0, **self.payload}

    def as_json(self) -> str:
        """Indented, ASCII alone, as flowctl.py prints it."""
        found = msgspec.json.format(msgspec.json.encode(self.data, enc_hook=str), indent=2)
        if found.isascii():  # ten times as fast, and nearly always so
            return found.decode()
        return json.dumps(self.data, indent=2, default=str)
