"""Placeholders: `{prompt}` and `{in.field}` in the texts of a program's spec, taken apart before anything runs."""

from __future__ import annotations

import re
from typing import NamedTuple

from flowbench.blueprint.words import did_you_mean
from flowbench.flow import InvalidPath, parse_path

KNOWN = ("prompt", "in", "system", "model", "agent", "task_id", "attempt", "run_id")
_TOKEN = re.compile(r'\{\{|\}\}|\{((?:[^{}"]|"[^"]*")*)\}|[{}]')
_SHOWN = 60  # characters


class SpecError(ValueError):
    """What is wrong with an agent's spec, in words; compile adds the agent and the place.

    at: which part of the spec, `argv[1]`; "" for all of it.
    """

    def __init__(self, message: str, at: str = "") -> None:
        self.at = at
        super().__init__(message)


class Slot(NamedTuple):
    """One placeholder. keys: of the input, below `in`. text: as it was written."""

    name: str
    keys: tuple[str, ...]
    text: str


Part = str | Slot


def placeholders(text: str, at: str) -> list[Part]:
    """The text in pieces. A brace itself is written twice: `{{` or `}}`. at: which part of the spec it is.

    Raises: SpecError.
    """
    where = f"shell spec: {at}"
    parts: list[Part] = []
    end = 0
    for found in _TOKEN.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        whole = found[0]
        if whole in ("{{", "}}"):
            parts.append(whole[0])
        elif found[1] is None:
            raise SpecError(
                f"{where}: a lone {whole} at character {found.start() + 1}; a brace itself is {whole}{whole}"
            )
        else:
            parts.append(_slot(found[1], whole, at))
    parts.append(text[end:])
    return [part for part in parts if part != ""]


def _slot(inner: str, whole: str, at: str) -> Slot:
    where = f"shell spec: {at}"
    name = re.split(r"[.\[]", inner, maxsplit=1)[0]
    if name == "in":
        try:
            return Slot(name, parse_path("$" + inner[2:]), whole)
        except InvalidPath as error:
            why = error.message.partition("': ")[2] or error.message
            raise SpecError(f"{where}: {whole} is no path into the input: {why}", at) from None
    if inner in KNOWN:
        return Slot(name, (), whole)
    shown = whole if len(whole) <= _SHOWN else f"{whole[:_SHOWN]}..."
    guess = did_you_mean(inner, KNOWN).replace('"', "") or f"; there are {', '.join(KNOWN)}"
    raise SpecError(f"{where}: nobody knows the placeholder {shown}{guess}; a brace itself is {{{{ or }}}}", at)
