"""Reader: strict text to plain data, JSON or YAML, with the line and column of every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flowbench.blueprint.builder import Mark, refuse
from flowbench.blueprint.errors import UnknownFormat, UnreadableText
from flowbench.blueprint.excerpt import Spot, spot
from flowbench.blueprint.json_text import read_json, scan_json
from flowbench.blueprint.place import outward
from flowbench.blueprint.yaml_text import read_yaml, scan_yaml

LIMIT = 8 * 2**20  # bytes of UTF-8
Format = Literal["json", "yaml"]
Scan = Callable[[str, "dict[str, Mark] | None"], Any]

_READERS: dict[str, tuple[Callable[[str], Any], Scan]] = {
    "json": (read_json, scan_json),
    "yaml": (read_yaml, scan_yaml),
}


class Document:
    """Plain data, and where each part of it stands in the text (looked up only when somebody asks)."""

    def __init__(self, data: Any, text: str, scan: Scan) -> None:
        self.data = data
        self.text = text
        self._scan = scan
        self._marks: dict[str, Mark] | None = None

    def spot(self, place: str) -> Spot:
        """Where the value at a place stands, its key if it begins on a later line; of no such place, what holds it."""
        mark = self._mark(place)
        lead = self.text[mark.key : mark.value + 1]
        shown = lead[-1:].strip() and not {"\n", "\r"} & set(lead)
        return spot(self.text, mark.value if shown else mark.key)

    def key_spot(self, place: str) -> Spot:
        """Where the key of a place stands."""
        return spot(self.text, self._mark(place).key)

    def _mark(self, place: str) -> Mark:
        if self._marks is None:
            self._marks = {}
            self._scan(self.text, self._marks)
        return next((self._marks[each] for each in outward(place) if each in self._marks), Mark(0, 0))


def read(text: str | bytes, format: str, *, limit: int = LIMIT, source: str = "") -> Document:
    """The plain data of a text: dict with string keys, list, str, int (64 bits), float (finite), bool, None.

    limit: bytes. source: a file's name for messages.
    Raises: UnreadableText, UnknownFormat.
    """
    if format not in _READERS:
        raise UnknownFormat(f'unsupported format: {format}; "json" and "yaml" are known', source=source)
    quick, scan = _READERS[format]
    try:
        clean = _decoded(text, limit)
        return Document(quick(clean), clean, scan)
    except UnreadableText as error:
        error.source = error.source or source
        raise


def format_of(text: str | bytes) -> Format:
    """JSON if the first character that is no space is `{`; else YAML, which reads most of JSON anyway."""
    head = text[:4096].decode("utf-8", "replace") if isinstance(text, bytes) else text
    return "json" if head.lstrip("\ufeff \t\r\n").startswith("{") else "yaml"


def _decoded(text: str | bytes, limit: int) -> str:
    """The text without a byte order mark."""
    if isinstance(text, str):
        if len(text) > limit:
            raise _too_large(limit)
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise refuse(text, error.start, "half a character (a lone surrogate); no text can hold it") from None
        if size > limit:
            raise _too_large(limit)
        return text.removeprefix("\ufeff")
    if len(text) > limit:
        raise _too_large(limit)
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        raise refuse(before, len(before), f"not UTF-8 text: byte 0x{text[error.start]:02x}") from None


def _too_large(limit: int) -> UnreadableText:
    return UnreadableText(f"the text is larger than {limit / 2**20:g} MiB")
