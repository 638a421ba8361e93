"""Phrase: an expression as a person would write it, `$.size > 400`, cut where a drawing has no more room."""

from __future__ import annotations

import json
from typing import Any

ROOM = 60  # characters
NAMES_ROOM = 30  # beside them a box has to say where the output goes
_INFIX = {
    "or": (1, " or "),
    "and": (2, " and "),
    "eq": (4, " == "),
    "ne": (4, " != "),
    "lt": (4, " < "),
    "lte": (4, " <= "),
    "gt": (4, " > "),
    "gte": (4, " >= "),
    "in": (4, " in "),
    "add": (5, " + "),
    "sub": (5, " - "),
    "mul": (6, " * "),
    "div": (6, " / "),
    "mod": (6, " % "),
}
_NOT = 3
_EMPTY = {"and": "true", "or": "false"}  # what they are when nothing stands between


def reading(expression: Any) -> str:
    """What a step reads: "" for nothing; `a, b` for parameters by name that are read where their names say.

    `a, b: $.total` where they are read elsewhere, and the names alone where that would have no room.
    """
    if expression == {"op": "lit", "value": None}:
        return ""
    pairs = _fields(expression)
    if not pairs:
        return phrase(expression)
    told = ", ".join(name if _is_named(value, name) else f"{name}: {phrase(value)}" for name, value in pairs)
    if len(told) > NAMES_ROOM:
        told = ", ".join(name for name, _ in pairs)
    return told if len(told) <= NAMES_ROOM else told[: NAMES_ROOM - 1] + "…"


def _fields(expression: Any) -> list[tuple[str, Any]]:
    """Name and expression of each part of an object that is put together."""
    if expression["op"] != "call_extern" or expression["ref"] != "object" or len(expression["args"]) % 2:
        return []
    keys, values = expression["args"][::2], expression["args"][1::2]
    if not all(key["op"] == "lit" and isinstance(key["value"], str) for key in keys):
        return []
    return [(key["value"], value) for key, value in zip(keys, values, strict=True)]


def _is_named(value: Any, name: str) -> bool:
    return bool(value == {"op": "path", "at": f"$.{name}"})


class _Literal:
    """A JSON value that is shown as it is."""

    def __init__(self, value: Any) -> None:
        self.value = value


def phrase(expression: Any, room: int = ROOM) -> str:
    """The text of an expression in its written form (`{"op": ...}`), or of a bare path; at most `room` characters."""
    said: list[str] = []
    length = 0
    work: list[Any] = [(expression, 0)]
    while work and length <= room:
        part = work.pop()
        if isinstance(part, tuple):
            work += reversed(_operation(part[0], part[1], room))
        elif isinstance(part, _Literal):
            work += reversed(_literal(part.value, room))
        else:
            said.append(part)
            length += len(part)
    text = "".join(said)
    return text if length <= room else text[: room - 1] + "…"


def _operation(expression: Any, outer: int, room: int) -> list[Any]:
    """Parts in reading order. outer: how tightly the surroundings bind; looser operations get parentheses."""
    if not isinstance(expression, dict):
        return [str(expression)[: room + 1]]
    op = expression["op"]
    if op == "path":
        return [expression["at"][: room + 1]]
    if op == "lit":
        return [_Literal(expression["value"])]
    if op == "not":
        inner = ["not ", (expression["arg"], _NOT)]
        return ["(", *inner, ")"] if outer > _NOT else inner
    if op in _INFIX:
        return _infix(expression, op, outer, room)
    if op == "call_extern" and expression["ref"] == "array":
        return ["[", *_between([(each, 0) for each in expression["args"][:room]], ", "), "]"]
    if op == "call_extern" and expression["ref"] == "object" and len(expression["args"]) % 2 == 0:
        return _object(expression["args"][: 2 * room])
    operands = expression["args"] if "args" in expression else [expression["arg"]]
    name = str(expression.get("ref", op))[: room + 1]
    return [name, "(", *_between([(each, 0) for each in operands[:room]], ", "), ")"]


def _object(args: list[Any]) -> list[Any]:
    """`{"a": $.a, "b": 3}`: what the standard extern makes. args: key, value, key, value, ..."""
    pairs: list[list[Any]] = [[(key, 0), ": ", (value, 0)] for key, value in zip(args[::2], args[1::2], strict=True)]
    return ["{", *[part for pair in _between(pairs, [", "]) for part in pair], "}"]


def _infix(expression: dict[str, Any], op: str, outer: int, room: int) -> list[Any]:
    binding, symbol = _INFIX[op]
    if op in _EMPTY:
        operands = expression["args"][:room]
        if len(operands) < 2:
            return [(operands[0], outer)] if operands else [_EMPTY[op]]
        inner = _between([(each, binding + 1) for each in operands], symbol)
    else:
        left, right = ("needle", "haystack") if op == "in" else ("lhs", "rhs")
        chains = binding > 4  # a - b - c needs no parentheses, a < b < c is no comparison that we have
        inner = [(expression[left], binding if chains else binding + 1), symbol, (expression[right], binding + 1)]
    return ["(", *inner, ")"] if outer > binding else inner


def _literal(value: Any, room: int) -> list[Any]:
    if isinstance(value, dict):
        pairs = [[f"{_quoted(key, room)}: ", _Literal(each)] for key, each in list(value.items())[:room]]
        return ["{", *[part for pair in _between(pairs, [", "]) for part in pair], "}"]
    if isinstance(value, list):
        return ["[", *_between([_Literal(each) for each in value[:room]], ", "), "]"]
    return [_quoted(value, room) if isinstance(value, str) else json.dumps(value)]


def _quoted(text: str, room: int) -> str:
    return json.dumps(text[: room + 1], ensure_ascii=False)


def _between(parts: list[Any], separator: Any) -> list[Any]:
    joined: list[Any] = []
    for part in parts:
        joined += [separator, part] if joined else [part]
    return joined
