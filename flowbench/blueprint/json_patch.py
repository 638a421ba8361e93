"""JSON Patch: the six operations of RFC 6902 on plain data, with JSON Pointer (RFC 6901).

Ours, because the usual library lets `test` pass for true and 1, and tells no place of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowbench.blueprint.errors import BadPatch
from flowbench.blueprint.words import did_you_mean, one_of, what
from flowbench.flow import compact, hand
from flowbench.flow.values import equal

OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
MOST = 10_000  # operations of one patch
LARGEST = 64 << 20  # bytes of what a patch makes; each copy may double it

_INDEX = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def apply_patch(data: Any, ops: Any, place: str = "$.ops") -> Any:
    """What the operations make of plain data, which itself is not changed. All of them hold, or none.

    place: of the list, for errors. Raises: BadPatch naming the operation.
    """
    if not isinstance(ops, Sequence) or isinstance(ops, str | bytes):
        raise BadPatch(place, f"operations are a list, not {what(ops)}")
    if len(ops) > MOST:
        raise BadPatch(place, f"{len(ops)} operations, at most {MOST} are taken")
    made = hand(data)[0]
    for at, op in enumerate(ops):
        made = _applied(made, op, f"{place}[{at}]")
    return made


def _applied(data: Any, op: Any, place: str) -> Any:
    if not isinstance(op, Mapping):
        raise BadPatch(place, f"an operation is an object with op and path, not {what(op)}")
    name = op.get("op")
    if not isinstance(name, str) or name not in OPERATIONS:
        guess = did_you_mean(name, OPERATIONS) if isinstance(name, str) else ""
        raise BadPatch(f"{place}.op", f"expected {one_of(OPERATIONS)}, not {what(name)}{guess}")
    path = _tokens(op, "path", place)
    if name in ("add", "replace", "test"):
        if "value" not in op:
            raise BadPatch(place, f"{name} needs a value")
        value = hand(op["value"])[0]
    if name == "add":
        return _add(data, path, value, place)
    if name == "remove":
        return _take(data, path, place)[0]
    if name == "replace":
        return _replace(data, path, value, place)
    if name == "test":
        if not equal(found := _find(data, path, place), value):
            raise BadPatch(place, f"test failed: {_pointer(path)} is {_json(found)}, not {_json(value)}")
        return data
    source = _tokens(op, "from", place)
    if name == "move":
        if path[: len(source)] == source and path != source:
            raise BadPatch(place, f"{_pointer(source)} cannot move into itself")
        rest, moved = _take(data, source, place)
        return _add(rest, path, moved, place)
    copy, text = hand(_find(data, source, place))
    if len(text) > LARGEST or len(hand(data)[1]) + len(text) > LARGEST:
        raise BadPatch(place, f"this copy would make more than {LARGEST >> 20} MB")
    return _add(data, path, copy, place)


def _tokens(op: Mapping[str, Any], field: str, place: str) -> list[str]:
    """The keys of a pointer: `/a~1b/0` -> ["a/b", "0"]."""
    if field not in op:
        raise BadPatch(place, f"{op['op']} needs {field}")
    text = op[field]
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise BadPatch(f"{place}.{field}", f'a pointer is "" or begins with /, unlike {what(text)}')
    if re.search(r"~(?![01])", text):
        raise BadPatch(f"{place}.{field}", f"~ is written ~0 in a pointer, and / is ~1: {what(text)}")
    return [each.replace("~1", "/").replace("~0", "~") for each in text.split("/")[1:]]


def _find(data: Any, path: list[str], place: str) -> Any:
    here = data
    for depth in range(len(path)):
        here = here[_key(here, path, depth, place)]
    return here


def _add(data: Any, path: list[str], value: Any, place: str) -> Any:
    if not path:
        return value
    holder = _find(data, path[:-1], place)
    if isinstance(holder, list):
        at = len(holder) if path[-1] == "-" else _key(holder, path, len(path) - 1, place, room=1)
        holder.insert(at, value)
    elif isinstance(holder, dict):
        holder[path[-1]] = value
    else:
        raise BadPatch(place, f"{_pointer(path[:-1])} is {what(holder)} and holds nothing")
    return data


def _replace(data: Any, path: list[str], value: Any, place: str) -> Any:
    if not path:
        return value
    holder = _find(data, path[:-1], place)
    holder[_key(holder, path, len(path) - 1, place)] = value
    return data


def _take(data: Any, path: list[str], place: str) -> tuple[Any, Any]:
    """(what is left, what was taken out)."""
    if not path:
        return None, data
    holder = _find(data, path[:-1], place)
    key = _key(holder, path, len(path) - 1, place)
    return data, holder.pop(key)


def _key(holder: Any, path: list[str], depth: int, place: str, room: int = 0) -> Any:
    """The key, or the index as a number, of something that is there. room: how far behind the end an index may be."""
    key, above = path[depth], _pointer(path[:depth])
    if isinstance(holder, dict):
        if key not in holder:
            raise BadPatch(place, f"{above} has no key {_quoted(key)}{did_you_mean(key, holder)}")
        return key
    if not isinstance(holder, list):
        raise BadPatch(place, f"{above} is {what(holder)} and holds nothing")
    if not _INDEX.fullmatch(key):
        raise BadPatch(place, f"{above} is a list; {_quoted(key)} is no index of it")
    if int(key) >= len(holder) + room:
        raise BadPatch(place, f"{above} has {len(holder)} elements; there is none at {key}")
    return int(key)


def _json(value: Any) -> str:
    text = compact(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _quoted(key: str) -> str:
    return f'"{key if len(key) <= 40 else key[:40] + "…"}"'


def _pointer(path: list[str]) -> str:
    text = "".join(f"/{each.replace('~', '~0').replace('/', '~1')}" for each in path)
    return (text if len(text) <= 80 else text[:80] + "…") or "the whole document"
