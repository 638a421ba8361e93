"""Front matter: the fields above the body of a Markdown file, and edits that leave every other byte alone.

A strict subset of YAML 1.2: one mapping of texts, numbers, booleans, null, lists and mappings; no anchors, tags, merge
keys or second document, no key twice. What nearly all files consist of is read here line by line; anything else goes
to the reader of YAML, which also finds the words and the place when something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowbench.excerpt import Spot, offset, spot
from flowbench.project.errors import DocumentError, MergeConflict
from flowbench.scalars import NoNumber, plain

LARGEST = 4 << 20  # bytes of a file
BOM = "\ufeff"
FENCE = "---"
_CONFLICT = re.compile(r"^(?:<{7}(?: .*)?|={7}|>{7}(?: .*)?|\|{7}(?: .*)?)\r?$", re.MULTILINE)
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_UNSURE = frozenset("&*!|>%@`?{}],#-:\"'")  # begins a plain value only where the reader of YAML says so
_NUMBER = frozenset("-+.0123456789~")


class _Doubt(Exception):
    """The line reader leaves this text to the reader of YAML."""


class Document:
    """A file: front matter and body. text: all of it. values: {key: plain data}, in the order of the file."""

    __slots__ = ("body_at", "head_at", "head_end", "path", "text", "values")

    def __init__(self, text: str, path: Path | str, values: dict[str, Any], places: tuple[int, int, int]) -> None:
        """places: offsets: where the head begins, where it ends, where the body begins."""
        self.text, self.path, self.values = text, path, values
        self.head_at, self.head_end, self.body_at = places

    @property
    def head(self) -> str:
        """Between the two fences, with its last line break."""
        return self.text[self.head_at : self.head_end]

    @property
    def body(self) -> str:
        """After the line of the second fence, unchanged."""
        return self.text[self.body_at :]

    @property
    def data(self) -> bytes:
        return self.text.encode()

    @property
    def line_break(self) -> str:
        """The one after the first fence."""
        return "\r\n" if self.text[: self.head_at].endswith("\r\n") else "\n"

    def edited(self, changes: Mapping[str, Any], body: str | None = None) -> Document:
        """Another document, with some keys set (a key that is REMOVED, gone) and perhaps another body.

        Only the lines of keys whose value changes are written anew. Raises: DocumentError if a value cannot be written.
        """
        from flowbench.project.front_edit import edited  # readers do without

        return edited(self, changes, body)

    def spot(self, key: str) -> Spot:
        """Where a key stands; the first fence if it is missing."""
        found = re.search(rf"^{re.escape(key)}[ \t]*:", self.head, re.MULTILINE)
        return spot(self.text, self.head_at + found.start() if found else max(self.head_at - 1, 0))


def decoded(data: bytes, path: Path | str) -> str:
    """Raises: DocumentError if it is no UTF-8, or too large."""
    if len(data) > LARGEST:
        raise DocumentError(path, f"too large for a document: {len(data):,} bytes (at most {LARGEST:,})")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        message = f"byte 0x{data[error.start]:02x} is no UTF-8; save the file as UTF-8"
        raise DocumentError(path, message, Spot(line, column, "")) from None


def parse(data: bytes | str, path: Path | str = "") -> Document:
    """The document of a file's bytes. path: for errors. Raises: DocumentError, MergeConflict."""
    text = data if isinstance(data, str) else decoded(data, path)
    head_at, head_end, body_at = _fences(text, path)
    try:
        values = _fast(text[head_at:head_end])
    except _Doubt:
        values = _slow(text, head_at, head_end, path)
    return Document(text, path, values, (head_at, head_end, body_at))


def has_front_matter(text: str) -> bool:
    """The text begins with a fence, whatever follows."""
    start = text.removeprefix(BOM).lstrip()
    return start.startswith(("---\n", "---\r\n")) or start == FENCE


def conflict(text: str) -> Spot | None:
    """Where git has left a merge conflict: the first of its markers, if there is a `<<<<<<<` and a `>>>>>>>`."""
    if "<<<<<<<" not in text or ">>>>>>>" not in text:
        return None
    found = list(_CONFLICT.finditer(text))
    kinds = {each.group()[0] for each in found}
    if not {"<", ">"} <= kinds:
        return None
    return spot(text, next(each.start() for each in found if each.group()[0] == "<"))


def _fences(text: str, path: Path | str) -> tuple[int, int, int]:
    """(start of the head, its end, start of the body)."""
    start = 1 if text.startswith(BOM) else 0
    if not text.startswith(FENCE, start):
        start = len(text) - len(text[start:].lstrip())
    for opening in ("---\n", "---\r\n"):
        if text.startswith(opening, start):
            head_at = start + len(opening)
            break
    else:
        raise _unfenced(text, start, path)
    at = head_at
    while True:
        if text.startswith(FENCE, at):
            after = at + len(FENCE)
            if text.startswith("\n", after) or after == len(text):
                return head_at, at, min(after + 1, len(text))
            if text.startswith("\r\n", after):
                return head_at, at, after + 2
        at = text.find("\n", at) + 1
        if not at:
            raise _conflicted(text, path) or DocumentError(
                path, "the front matter has no end: a line that is exactly --- is missing", spot(text, start)
            )


def _unfenced(text: str, start: int, path: Path | str) -> DocumentError:
    message = "does not begin with front matter: the first line has to be exactly ---"
    return _conflicted(text, path) or DocumentError(path, message, spot(text, start))


def _conflicted(text: str, path: Path | str) -> DocumentError | None:
    where = conflict(text)
    if where is None:
        return None
    message = "git has left a merge conflict here; keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
    return MergeConflict(path, message, where)


def _fast(head: str) -> dict[str, Any]:
    """Raises: _Doubt, for everything that is not surely what the reader of YAML would read, too."""
    values: dict[str, Any] = {}
    items: list[Any] | None = None
    key, indent = "", -1
    if not head.isascii() and not head.replace("\n", "").replace("\r", "").isprintable():
        raise _Doubt
    for raw in head.split("\n"):
        line = raw[:-1] if raw[-1:] == "\r" else raw
        first = line[:1]
        if first in _WORD and first:
            key, colon, rest = line.partition(":")
            if not colon or key in values or not _KEY.fullmatch(key) or (rest and rest[0] != " "):
                raise _Doubt
            rest = rest.strip(" ")
            values[key] = _value(rest) if rest else None
            items, indent = (None, -1) if rest and rest[0] != "#" else ([], -1)
        elif not first or first == "#":
            continue
        else:
            inner = line.lstrip(" ")
            if not inner:
                continue
            at = len(line) - len(inner)
            if items is None or inner[:2] != "- " or (indent >= 0 and indent != at):
                raise _Doubt
            rest = inner[2:].strip(" ")
            if not rest or rest[0] in "-[{#":
                raise _Doubt
            items.append(_value(rest))
            values[key], indent = items, at
    return values


def line_starts(text: str, head_at: int, head_end: int) -> dict[str, int] | None:
    """Where each key stands; None if that takes the reader of YAML."""
    head = text[head_at:head_end]
    try:
        _fast(head)
    except _Doubt:
        return None
    places, at = {}, head_at
    for line in head.split("\n"):
        if line and line[0] in _WORD:
            places[line.partition(":")[0]] = at
        at += len(line) + 1
    return places


def _value(text: str) -> Any:
    first = text[0]
    if first == "[":
        inner, closing, rest = text[1:].partition("]")
        if not closing or not _is_comment(rest):
            raise _Doubt
        if not inner.strip(" "):
            return []
        return [_item(part.strip(" ")) for part in inner.split(",")]
    if first == '"' or first == "'":
        inner, closing, rest = text[1:].partition(first)
        if not closing or "\\" in inner or "\t" in inner or not _is_comment(rest):
            raise _Doubt
        return inner
    if first == "#":
        return None
    return _plain(text.partition(" #")[0].rstrip(" "))


def _item(text: str) -> Any:
    if not text:
        raise _Doubt
    first = text[0]
    if first == '"' or first == "'":
        if len(text) < 2 or text[-1] != first or first in text[1:-1] or "\\" in text or "\t" in text:
            raise _Doubt
        return text[1:-1]
    if any(sign in text for sign in "[]{}#") or ":" in text:
        raise _Doubt
    return _plain(text)


def _plain(text: str) -> Any:
    first = text[0]
    if ": " in text or text[-1] == ":" or "\t" in text or "\x7f" in text:
        raise _Doubt
    if first in _UNSURE and not (first == "-" and text[1:2].isdecimal()):
        raise _Doubt
    if first not in _NUMBER and first not in "tTfFnN":
        return text
    try:
        return plain(text)
    except NoNumber:
        raise _Doubt from None


def _is_comment(rest: str) -> bool:
    rest_stripped = rest.lstrip(" ")
    return not rest_stripped or (rest_stripped[0] == "#" and rest[0] == " ")


def _slow(text: str, head_at: int, head_end: int, path: Path | str) -> dict[str, Any]:
    return marked(text, head_at, head_end, path)[0]


def marked(text: str, head_at: int, head_end: int, path: Path | str) -> tuple[dict[str, Any], dict[str, int]]:
    """By the reader of YAML: the values, and where in the text each key stands. Raises: DocumentError."""
    from flowbench.blueprint import UnreadableText
    from flowbench.blueprint.yaml_text import read_yaml

    head = text[head_at:head_end]
    where = conflict(text)
    if where is not None and where.line <= text.count("\n", 0, head_end) + 1:
        raise _conflicted(text, path) or AssertionError
    if not any(line.strip() and not line.lstrip().startswith("#") for line in head.splitlines()):
        return {}, {}
    marks: dict[str, Any] = {}
    try:
        values = read_yaml(head, marks)
    except UnreadableText as error:
        found = error.spot
        if found is not None:
            found = spot(text, head_at + offset(head, found.line, found.column))
        raise DocumentError(path, error.message, found) from None
    if not isinstance(values, dict):
        raise DocumentError(path, "front matter is a list of `key: value` lines", spot(text, head_at))
    from flowbench.blueprint import under

    return values, {key: head_at + marks[under("$", key)].key for key in values}
