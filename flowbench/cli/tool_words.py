"""Tool words: what stands behind `flowbench tool NAME` as options of that tool, not yet checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flowbench.cli.exits import Exit, Refusal


def options(name: str, words: tuple[str, ...]) -> dict[str, Any]:
    """Raises: Refusal, for a word that is neither KEY=VALUE nor has an option to go to."""
    from flowbench.blueprint import TOOLS  # as everywhere in this room: `flowbench --help` stays quick

    cls = TOOLS[name]
    places = [each for each in dict.fromkeys((cls.principal, "path")) if each in cls.__struct_fields__]
    told: dict[str, Any] = {}
    for word in words:
        key, sign, text = word.partition("=")
        if sign and (key in cls.__struct_fields__ or (key.isidentifier() and not places)):
            told[key] = _value(name, key, text)
        elif places:
            key = places.pop(0)
            told[key] = _value(name, key, word)
        else:
            raise Refusal(f"tool {name}: what is {word!r}? Write it as KEY=VALUE", Exit.USAGE)
    return told


def _value(name: str, key: str, text: str) -> Any:
    """Text where the option is one, else JSON; what is no JSON is left to the check of its type."""
    from flowbench.blueprint import TOOLS

    if text.startswith("@"):
        text = _read(text[1:])
    kinds = str(TOOLS[name].__annotations__.get(key, ""))
    if kinds.startswith("str ") and not ("tuple[str" in kinds and text.startswith("[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return [text] if kinds.startswith("tuple[str") else text


def _read(path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.read()
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"@{path} cannot be read: {getattr(error, 'strerror', None) or error}", Exit.USAGE) from error
