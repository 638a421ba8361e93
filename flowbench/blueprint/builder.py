"""Builder: plain data put together from the parts of a text, one rule for JSON and YAML, never by recursion."""

from __future__ import annotations

from typing import Any, NamedTuple

from flowbench.blueprint.errors import UnreadableText
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.words import SHOWN
from flowbench.excerpt import spot

DEPTH = 200  # lists and objects inside each other


class Mark(NamedTuple):
    """Where a value stands in its text. key: offset of its key, of the value itself inside a list."""

    key: int
    value: int


def refuse(text: str, offset: int, message: str) -> UnreadableText:
    """The error for one character of a text."""
    return UnreadableText(message, spot=spot(text, offset))


class Builder:
    """Takes the parts in reading order; `data` is complete when the outermost part is closed.

    marks: place -> Mark, filled only when given.
    Raises: UnreadableText for a duplicate key, for nesting beyond DEPTH and for a lone surrogate.
    """

    def __init__(self, text: str, marks: dict[str, Mark] | None = None) -> None:
        self.text = text
        self.data: Any = None
        self.complete = False
        self._marks = marks
        self._open: list[Any] = []
        self._keys: list[tuple[str, int] | None] = []  # per open object: the key that waits for its value
        self._places: list[str] = []

    @property
    def inside(self) -> type | None:
        """dict, list or None: what the next part will become a member of."""
        return type(self._open[-1]) if self._open else None

    @property
    def wants_key(self) -> bool:
        return bool(self._open) and type(self._open[-1]) is dict and self._keys[-1] is None

    def key(self, name: str, offset: int) -> None:
        self._check(name, offset)
        if name in self._open[-1]:
            shown = name if len(name) <= SHOWN else name[:SHOWN] + "…"
            raise refuse(self.text, offset, f'duplicate key "{shown}": an object has each key once')
        self._keys[-1] = (name, offset)

    def scalar(self, value: Any, offset: int) -> None:
        if type(value) is str:
            self._check(value, offset)
        self._put(value, offset)

    def open(self, container: list[Any] | dict[str, Any], offset: int) -> None:
        if len(self._open) == DEPTH:
            raise refuse(self.text, offset, f"nested more than {DEPTH} deep")
        place = self._put(container, offset)
        self._open.append(container)
        self._keys.append(None)
        self._places.append(place)

    def close(self) -> None:
        self._open.pop()
        self._keys.pop()
        self._places.pop()
        self.complete = not self._open

    def _put(self, value: Any, offset: int) -> str:
        """Store the value; its place, or "" when nobody wants marks."""
        if not self._open:
            self.data = value
            self.complete = type(value) not in (dict, list)
            return self._mark(ROOT, offset, offset)
        holder = self._open[-1]
        if type(holder) is list:
            holder.append(value)
            if self._marks is None:
                return ""
            return self._mark(under(self._places[-1], len(holder) - 1), offset, offset)
        waiting = self._keys[-1]
        assert waiting is not None, "a value in an object comes after its key"
        name, key_offset = waiting
        holder[name] = value
        self._keys[-1] = None
        return "" if self._marks is None else self._mark(under(self._places[-1], name), key_offset, offset)

    def _mark(self, place: str, key: int, value: int) -> str:
        if self._marks is not None:
            self._marks[place] = Mark(key, value)
        return place

    def _check(self, string: str, offset: int) -> None:
        if string.isascii():
            return
        try:
            string.encode()
        except UnicodeEncodeError as error:
            code = ord(string[error.start])
            raise refuse(self.text, offset, f"\\u{code:04x} alone is half a character; no text can hold it") from None
