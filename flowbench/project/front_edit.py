"""Front edit: new values for some keys of front matter; the lines of all other keys stay as they are, to the byte."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from flowbench.project.errors import DocumentError
from flowbench.project.front_matter import Document, line_starts, marked, parse
from flowbench.scalars import NoNumber, plain


class Remove:
    """The type of REMOVE."""

    def __repr__(self) -> str:
        return "REMOVE"


REMOVE: Final = Remove()
"""Given as a value: the key goes, with its lines."""

_ENTRY = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_-]*):(?P<gap>[ ]*)(?P<rest>[^\r\n]*)(?P<end>\r?\n?)")
_ITEM = re.compile(r"(?P<indent>[ ]*)- (?P<text>[^\r\n]*)(?P<end>\r?\n?)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_FLOW = re.compile(r"\[(?:[^\[\]\"'#]|\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')*\]")
_OPENS = frozenset("_/.(")


def edited(document: Document, changes: Mapping[str, Any], body: str | None) -> Document:
    """See Document.edited."""
    wanted = dict(document.values)
    for key, value in changes.items():
        if value is REMOVE:
            wanted.pop(key, None)
        else:
            wanted[key] = value
    head = document.head
    changed = {key for key in changes if not _same(document.values, wanted, key)}
    if changed:
        head = _head(document, wanted, changed)
    kept = document.body if body is None else body
    fence = document.text[document.head_end : document.body_at]
    if kept and not fence.endswith("\n"):  # the second fence was the end of the file
        fence += document.line_break
    text = document.text[: document.head_at] + head + fence + kept
    made = parse(text, document.path)
    if made.values != wanted or made.body != kept:
        raise DocumentError(
            document.path, f"{', '.join(sorted(changed))}: cannot be changed in the way it is written there"
        )
    return made


def written(values: Mapping[str, Any], body: str, path: Any = "", line_break: str = "\n") -> Document:
    """A new document with these fields and this body."""
    lines = [f"{key}: {value_text(value)}{line_break}" for key, value in values.items()]
    text = f"---{line_break}{''.join(lines)}---{line_break}{body}"
    made = parse(text, path)
    if made.values != dict(values):
        raise DocumentError(path, "these fields cannot be written as front matter")
    return made


def value_text(value: Any, quote: str = "", *, in_list: bool = False) -> str:
    """A value on one line. quote: of the text that stood there before. Raises: DocumentError."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise DocumentError("", f"{value} is no JSON number")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value, quote, in_list)
    if isinstance(value, list | tuple) and all(not isinstance(each, dict | list | tuple) for each in value):
        return f"[{', '.join(value_text(each, in_list=True) for each in value)}]"
    return _escaped(json.dumps(value, ensure_ascii=False))


def _text(value: str, quote: str, in_list: bool) -> str:
    clean = value.isprintable()
    if quote == "'" and clean:
        return "'" + value.replace("'", "''") + "'"
    if quote != '"' and clean and _is_plain(value, in_list):
        return value
    return _escaped(json.dumps(value, ensure_ascii=False))


def _escaped(text: str) -> str:
    """JSON in which every character can be seen; JSON's own escapes are YAML's, too."""
    if text.isprintable():
        return text
    made = "".join(each if each.isprintable() else _escape(ord(each)) for each in text)
    try:
        made.encode()
    except UnicodeEncodeError:
        raise DocumentError("", "half a character cannot be written") from None
    return made


def _escape(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        raise DocumentError("", f"\\u{code:04x} alone is half a character; no text can hold it")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_plain(value: str, in_list: bool) -> bool:
    if not value or not (value[0].isalnum() or value[0] in _OPENS) or value[-1] in " :":
        return False
    if ": " in value or " #" in value or (in_list and any(sign in value for sign in ",[]{}:")):
        return False
    try:
        return isinstance(plain(value), str)
    except NoNumber:
        return False


def _same(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> bool:
    """Also in kind: 1 is no True."""
    if key not in before or key not in after:
        return key not in before and key not in after
    return before[key] == after[key] and json.dumps(before[key]) == json.dumps(after[key])


def _head(document: Document, wanted: Mapping[str, Any], changed: set[str]) -> str:
    text = document.text
    spans = _spans(document)
    pieces = []
    at = document.head_at
    for key, (start, end) in spans.items():
        pieces.append(text[at:start])
        at = end
        if key not in changed:
            pieces.append(text[start:end])
        elif key in wanted:
            pieces.append(_entry(text[start:end], key, wanted[key], document.line_break))
    pieces.append(text[at : document.head_end])
    line_break = document.line_break
    pieces += [f"{_key(key)}: {value_text(value)}{line_break}" for key, value in wanted.items() if key not in spans]
    return "".join(pieces)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key) else _escaped(json.dumps(key, ensure_ascii=False))


def _spans(document: Document) -> dict[str, tuple[int, int]]:
    """{key: (start, end)} of whole lines; blank lines and comments between two keys belong to neither."""
    text, last = document.text, document.head_end
    places = line_starts(text, document.head_at, last)
    if places is None:
        places = marked(text, document.head_at, last, document.path)[1]
    starts = sorted(places.values())
    spans = {}
    for key, start in places.items():
        if text[start - 1] != "\n":
            raise DocumentError(
                document.path, "front matter with several keys in one line cannot be edited", document.spot(key)
            )
        following = next((each for each in starts if each > start), last)
        spans[key] = (start, _trimmed(text, start, following))
    return dict(sorted(spans.items(), key=lambda each: each[1]))


def _trimmed(text: str, start: int, end: int) -> int:
    lines = text[start:end].splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#")):
        end -= len(lines.pop())
    return end


def _entry(old: str, key: str, value: Any, line_break: str) -> str:
    """The lines of one key, anew, in the manner of the old ones."""
    first = _ENTRY.match(old)
    if first is None:  # a quoted key
        return f"{_key(key)}: {value_text(value)}{line_break}"
    rest, others = first["rest"], old[first.end() :]
    items = _items(others)
    if isinstance(value, list) and value and items and (not rest or rest.startswith("#")):
        return old[: first.end()] + _listed(others, value)
    shown, comment = _divided(rest) if not others or items else ("", "")
    quote = shown[:1] if shown[:1] in {"'", '"'} else ""
    return f"{first['key']}:{first['gap'] or ' '}{value_text(value, quote)}{comment}{first['end'] or line_break}"


def _divided(rest: str) -> tuple[str, str]:
    """(value, comment with the spaces before it) of what stands behind a key."""
    found = _QUOTED.match(rest) or _FLOW.match(rest)
    if rest.startswith("#"):
        return "", " " + rest
    if found is not None:
        return found.group(), rest[found.end() :].rstrip() and rest[found.end() :]
    value, sign, comment = rest.partition(" #")
    bare = value.rstrip(" ")
    return bare, value[len(bare) :] + sign + comment if sign else ""


def _items(lines: str) -> list[tuple[Any, str]]:
    """(value, line with the comments above it) of a list with one item per line; [] for anything else."""
    found: list[tuple[Any, str]] = []
    above = ""
    for line in lines.splitlines(keepends=True):
        item = _ITEM.fullmatch(line)
        if item is not None and item["text"].strip():
            try:
                value = parse(f"---\nitem: {item['text']}\n---\n").values["item"]
            except DocumentError:
                return []
            found.append((value, above + line))
            above = ""
        elif not line.strip() or line.lstrip(" ").startswith("#"):
            above += line
        else:
            return []
    return found


def _listed(lines: str, wanted: list[Any]) -> str:
    """A list with one item per line: items that stay keep their lines, comments and all."""
    old = _items(lines)
    sample = _ITEM.fullmatch(old[-1][1].splitlines(keepends=True)[-1])
    indent, end = (sample["indent"], sample["end"]) if sample else ("  ", "\n")
    made = []
    for value in wanted:
        place = next((n for n, (known, _) in enumerate(old) if known == value and type(known) is type(value)), None)
        made.append(f"{indent}- {value_text(value)}{end}" if place is None else old.pop(place)[1])
    return "".join(made)
