"""Shorthand: where a flow expects an expression, the bare text `$.a` or `ctx.a` stands for {"op": "path", ...}.

Only texts of that shape are read this way, so nothing can be meant otherwise; what is written back is the full form.
A bare `$secret:NAME` stands for {"op": "lit", "value": "$secret:NAME"}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowbench.blueprint.errors import InvalidBlueprint
from flowbench.blueprint.place import under
from flowbench.blueprint.secret_names import is_reference
from flowbench.blueprint.words import what

_Slot = tuple[Any, int | str, str, bool]  # a list or dict, the index or key in it, its place, is it an expression
_LISTS = ("children", "args")

# Per node kind: fields that hold an expression, and fields that hold nodes. `at` of `let` is a bare path already.
_NODES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "step": (("in", "out"), ()),
    "seq": ((), ("children",)),
    "branch": (("cond",), ("then", "else")),
    "fanout": (("items", "bind", "out"), ("body",)),
    "loop": (("counter", "cond"), ("body",)),
    "try": (("err_at",), ("body", "catch")),
    "assign": (("at", "value"), ()),
    "let": (("value",), ()),
}
_OPERANDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("eq", "ne", "lt", "lte", "gt", "gte", "add", "sub", "mul", "div", "mod"), ("lhs", "rhs")),
    **dict.fromkeys(("not", "exists", "len"), ("arg",)),
    **dict.fromkeys(("and", "or", "call_extern"), ("args",)),
    "in": ("needle", "haystack"),
}


def expand_paths(data: Any, place: str = "$.flow") -> Any:
    """A node in plain data with every shorthand written out; `data` stays as it is, `lit` values are not looked into.

    Only expressions are touched: a malformed node is left for the flow's own parser.
    Raises: InvalidBlueprint where an expression is neither an object nor a path.
    """
    top = [data]
    work: list[_Slot] = [(top, 0, place, False)]
    while work:
        holder, key, at, is_expression = work.pop()
        if is_expression:
            holder[key] = _expression(holder[key], at)
        elif isinstance(holder[key], dict):
            holder[key] = dict(holder[key])
        else:
            continue
        work += reversed(
            list(_slots(holder[key], at, is_expression))
        )  # reversed: the stack gives them in reading order
    return top[0]


def _slots(value: dict[str, Any], at: str, is_expression: bool) -> Iterator[_Slot]:
    """Where expressions and nodes stand inside a node or expression. Lists are copied before they are pointed into."""
    word = value.get("op" if is_expression else "kind")
    if not isinstance(word, str):
        return
    expressions, nodes = (_OPERANDS.get(word, ()), ()) if is_expression else _NODES.get(word, ((), ()))
    for name in (*expressions, *nodes):
        if name not in value or (name == "err_at" and value[name] is None):
            continue
        if name not in _LISTS:
            yield value, name, under(at, name), name in expressions
        elif isinstance(value[name], list):
            value[name] = list(value[name])
            for index in range(len(value[name])):
                yield value[name], index, under(under(at, name), index), name in expressions


def _expression(value: Any, place: str) -> dict[str, Any]:
    if isinstance(value, dict) and "op" in value:
        return dict(value)
    if isinstance(value, str) and is_reference(value):
        return {"op": "lit", "value": value}
    if isinstance(value, str) and (value.startswith(("$", "ctx.", "ctx[")) or value == "ctx"):
        return {"op": "path", "at": value}
    if isinstance(value, dict) and "$file" in value:
        raise InvalidBlueprint(place, "a $file is a value, and a value is written {op: lit, value: {$file: ...}}")
    raise InvalidBlueprint(
        place, f"{what(value)} is no expression; a path starts with $, and a value is written {{op: lit, value: ...}}"
    )
