"""Config: `.flow/config.json` by dotted keys, defaults filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowbench.project.errors import InvalidConfig
from flowbench.project.files import read

FILE = "config.json"
DEFAULTS: dict[str, Any] = {
    "memory": {"enabled": True},
    "planSync": {"enabled": True, "crossEpic": False},
    "review": {"backend": None},
    "scouts": {"github": False},
    "stack": {},
}


class Config:
    """written: what is in the file. merged: with the defaults."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self.written = dict(written)
        self.merged = _merged(DEFAULTS, self.written)

    def get(self, key: str) -> Any:
        """The value of a dotted key; None for an unknown one and for an empty object."""
        found: Any = self.merged
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return None if found == {} else found

    def with_value(self, key: str, value: Any) -> Config:
        """Another config; objects on the way are made. Raises: InvalidConfig."""
        parts = key.split(".")
        if not all(parts):
            raise InvalidConfig(f"Invalid config key: {key!r} (expected words with dots between them: memory.enabled)")
        made = json.loads(json.dumps(self.written))
        here = made
        for part in parts[:-1]:
            inner = here.get(part)
            if not isinstance(inner, dict):
                inner = here[part] = {}
            here = inner
        here[parts[-1]] = value
        return Config(made)

    @property
    def max_retries(self) -> int:
        found = self.get("max_retries")
        return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def value_of(text: str) -> Any:
    """What `config set` makes of a text: true, false and digits are what they look like."""
    word = text.lower()
    if word in {"true", "false"}:
        return word == "true"
    return int(text) if text.isascii() and text.isdigit() else text


def load(flow: Path) -> Config:
    """Defaults alone if there is no file. Raises: InvalidConfig, DocumentError."""
    return Config(read_json(flow / FILE) or {})


def read_json(path: Path) -> dict[str, Any] | None:
    """The object of a JSON file; None: there is no file. Raises: InvalidConfig, DocumentError."""
    try:
        data, _ = read(path)
    except FileNotFoundError:
        return None
    try:
        found = json.loads(data)
    except ValueError as error:
        raise InvalidConfig(f"{path}: no JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidConfig(f"{path}: is no JSON object")
    return found


def json_bytes(value: Any) -> bytes:
    """As the Python original writes JSON: indent 2, keys sorted, a line break at the end."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _merged(defaults: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(defaults)
    for key, value in written.items():
        before = made.get(key)
        made[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return made
