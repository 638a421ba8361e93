"""Words: how figures and values read on a terminal, and the JSON that programs read."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime

_ENCODER = json.JSONEncoder(allow_nan=False)


def as_json(value: object) -> str:
    """One line of JSON, keys in the order given; plain ASCII, so that no terminal or pipe can refuse it."""
    return json.dumps(value, allow_nan=False)


def seconds(value: float) -> str:
    """0.0421 -> `42 ms`, 3.14159 -> `3.1 s`, 192 -> `3 min 12 s`. value: seconds, >= 0."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60} s"


def size(value: int) -> str:
    """2048 -> `2.0 kB`, 3500000 -> `3.5 MB`. value: bytes."""
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def moment(unix: float) -> str:
    """Local time to the second."""
    return datetime.fromtimestamp(unix).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short(text: str, width: int) -> str:
    """At most `width` characters of text on one line; nothing in it can steer the terminal."""
    plain = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text[: width + 1])
    return plain if len(plain) <= width else plain[: width - 1] + "…"


def glimpse(value: object, width: int) -> str:
    """The beginning of a value's JSON, as `short`. The rest is not written: it may be a million times as long."""
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part
        if len(text) > width:
            break
    return short(text, width)


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell, two spaces between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
