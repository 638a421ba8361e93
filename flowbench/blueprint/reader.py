"""Reader: strict text to plain data, JSON or YAML, with the line and column of every refusal."""

from __future__ import annotations

from typing import Any, Literal

from flowbench.blueprint.builder import Mark, refuse
from flowbench.blueprint.errors import UnknownFormat, UnreadableText
from flowbench.blueprint.json_text import read_json
from flowbench.blueprint.place import outward
from flowbench.excerpt import Spot, spot

LIMIT = 8 * 2**20  # bytes of UTF-8
YAML_LIMIT = 2**21  # bytes; YAML is read by Python code, a hundred times as slowly as JSON
Format = Literal["json", "yaml"]


class Document:
    """Plain data, and where each part of it stands in the text. marks: None: looked up when somebody asks."""

    def __init__(self, data: Any, text: str, marks: dict[str, Mark] | None = None) -> None:
        self.data = data
        self.text = text
        self._marks = marks

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
            read_json(self.text, self._marks)
        return next((self._marks[each] for each in outward(place) if each in self._marks), Mark(0, 0))


def read(text: str | bytes, format: str, *, limit: int | None = None, source: str = "") -> Document:
    """The plain data of a text: dict with string keys, list, str, int (64 bits), float (finite), bool, None.

    limit: bytes; by default LIMIT for JSON, YAML_LIMIT for YAML. source: a file's name for messages.
    Raises: UnreadableText, UnknownFormat.
    """
    try:
        if format == "json":
            clean = _decoded(text, limit or LIMIT)
            return Document(read_json(clean), clean)
        if format == "yaml":
            from flowbench.blueprint.yaml_text import read_yaml  # a third of what there is to import for a launch

            hint = "" if limit else "; a larger Blueprint is written as JSON"
            clean = _decoded(text, limit or YAML_LIMIT, hint)
            marks: dict[str, Mark] = {}  # kept at once: a second pass would take as long as the first
            return Document(read_yaml(clean, marks), clean, marks)
    except UnreadableText as error:
        error.source = error.source or source
        raise
    raise UnknownFormat(f'unsupported format: {format}; "json" and "yaml" are known', source=source)


def format_of(text: str | bytes) -> Format:
    """JSON if the first character that is no space is `{`; else YAML, which reads most of JSON anyway."""
    head = text[:4096].decode("utf-8", "replace") if isinstance(text, bytes) else text
    return "json" if head.lstrip("\ufeff \t\r\n").startswith("{") else "yaml"


def _decoded(text: str | bytes, limit: int, hint: str = "") -> str:
    """The text without a byte order mark."""
    if isinstance(text, str):
        if len(text) > limit:
            raise _too_large(limit, hint)
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise refuse(text, error.start, "half a character (a lone surrogate); no text can hold it") from None
        if size > limit:
            raise _too_large(limit, hint)
        return text.removeprefix("\ufeff")
    if len(text) > limit:
        raise _too_large(limit, hint)
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        raise refuse(before, len(before), f"not UTF-8 text: byte 0x{text[error.start]:02x}") from None


def _too_large(limit: int, hint: str) -> UnreadableText:
    size = f"{limit / 2**20:g} MiB" if limit >= 2**20 else f"{limit / 2**10:g} KiB"
    return UnreadableText(f"the text is larger than {size}{hint}")
