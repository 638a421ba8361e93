"""Spelling: a node or an expression as the Python that makes it, `branch(ctx.size > 400, ...)`.

Evaluating the text with the names of flowbench.flow gives an equal node. What Python authoring refuses to write (a step
whose target is no path, a path in another spelling) appears as `parse({...})`, `Value(...)` or `path("...")`.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import Any

from flowbench.flow.paths import is_path, parse, under
from flowbench.flow.values import decode, encode

WIDTH = 88  # characters of a line, where an argument can begin a new one
INDENT = 4
_TOO_DEEP = "<nested too deeply to be spelled>"

_INFIX = {  # op -> (how tightly Python binds it, symbol)
    "eq": (1, "=="),
    "ne": (1, "!="),
    "lt": (1, "<"),
    "lte": (1, "<="),
    "gt": (1, ">"),
    "gte": (1, ">="),
    "or": (2, "|"),
    "and": (3, "&"),
    "add": (4, "+"),
    "sub": (4, "-"),
    "mul": (5, "*"),
    "div": (5, "/"),
    "mod": (5, "%"),
}
_PREFIX, _ATOM = 6, 7
_CALLS = {"exists": "exists", "len": "len_"}
_BOOLEAN = frozenset(("eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not", "exists", "in"))


class _Unspeakable(Exception):
    """The authoring functions refuse to build this."""


def spelled(part: Any) -> str:
    """Python text of a node or an expression, over several lines if it is long."""
    try:
        return _expression(part) if part.__struct_config__.tag_field == "op" else "\n".join(_node(part))
    except RecursionError:
        return _TOO_DEEP


def is_boolean(expr: Any) -> bool:
    """May the value be true or false? Only for a place, a function's answer, a comparison and the like."""
    op = expr.__struct_config__.tag
    if op == "lit":
        return isinstance(expr.value, bool)
    return op in _BOOLEAN or op == "path" or (op == "call_extern" and expr.ref not in ("object", "array"))


# -- nodes: lists of lines, so that a surrounding call can indent them


def _node(node: Any) -> list[str]:
    try:
        return _NODES[node.__struct_config__.tag](node)
    except _Unspeakable:
        return [f"parse({_literal(decode(encode(node)))})"]


def _call(name: str, *arguments: list[str]) -> list[str]:
    flat = ", ".join(argument[0] for argument in arguments)
    if all(len(argument) == 1 for argument in arguments) and len(name) + len(flat) + 2 <= WIDTH:
        return [f"{name}({flat})"]
    lines = [f"{name}("]
    for argument in arguments:
        lines += [" " * INDENT + line for line in argument]
        lines[-1] += ","
    return [*lines, ")"]


def _named(name: str, lines: list[str]) -> list[str]:
    return [f"{name}={lines[0]}", *lines[1:]]


def _value(expr: Any) -> list[str]:
    return [_expression(expr, bare=True)]


def _target(expr: Any) -> list[str]:
    if expr.__struct_config__.tag != "path" or not is_path(expr.at):
        raise _Unspeakable
    return [_place(expr.at)]


def _step(node: Any) -> list[str]:
    read, out = _named("in_", _value(node.input)), _named("out", _target(node.out))
    return _call("step", [_literal(node.ref)], read, out)


def _seq(node: Any) -> list[str]:
    return _call("seq", *map(_node, node.children))


def _branch(node: Any) -> list[str]:
    if not is_boolean(node.cond):
        raise _Unspeakable
    empty = node.otherwise.__struct_config__.tag == "seq" and not node.otherwise.children
    return _call("branch", [_expression(node.cond)], _node(node.then), *([] if empty else [_node(node.otherwise)]))


def _fanout(node: Any) -> list[str]:
    if node.items.__struct_config__.tag == "lit" and not isinstance(node.items.value, list):
        raise _Unspeakable
    join = [] if node.join == "all" else [_named("join", [_literal(node.join)])]
    out = _named("out", _target(node.out))
    return _call("fanout", _value(node.items), _target(node.bind), _node(node.body), *join, out)


def _loop(node: Any) -> list[str]:
    counter = _target(node.counter)
    told = [] if counter == ["ctx.turn"] else [_named("counter", counter)]
    is_true = node.cond.__struct_config__.tag == "lit" and node.cond.value is True
    cond = ["True"] if is_true else [_expression(node.cond)]
    return _call("loop", cond, _node(node.body), [f"max={node.max}"], *told)


def _try(node: Any) -> list[str]:
    told = [] if node.err_at is None else [_named("err_at", _target(node.err_at))]
    empty = node.catch.__struct_config__.tag == "seq" and not node.catch.children
    return _call("try_", _node(node.body), *([] if empty else [_node(node.catch)]), *told)


def _assign(node: Any) -> list[str]:
    return _call("assign", _target(node.at), _value(node.value))


def _let(node: Any) -> list[str]:
    if not is_path(node.at):
        raise _Unspeakable
    return _call("let", [_place(node.at)], _value(node.value))


_NODES: dict[str, Callable[[Any], list[str]]] = {
    "step": _step,
    "seq": _seq,
    "branch": _branch,
    "fanout": _fanout,
    "loop": _loop,
    "try": _try,
    "assign": _assign,
    "let": _let,
}


# -- expressions: one line each


def _expression(expr: Any, outer: int = 0, *, bare: bool = False) -> str:
    """outer: how tightly the surroundings bind. bare: a literal, a dict or a list may stand by itself."""
    op = expr.__struct_config__.tag
    if op == "path":
        return _place(expr.at)
    if op == "lit":
        text = _literal(expr.value)
        return text if bare and not _holds_path(expr.value) else f"lit({text})"
    if op == "not":
        return _wrapped(f"~{_expression(expr.arg, _PREFIX)}", _PREFIX, outer)
    if op in ("and", "or") and (len(expr.args) < 2 or expr.args[0].__struct_config__.tag == op):
        return _data(expr)  # an operator has two sides, and joins a chain on its left
    if op in _INFIX:
        return _infix(expr, op, outer)
    if op == "in":
        return f"is_in({_expression(expr.needle, bare=True)}, {_expression(expr.haystack, bare=True)})"
    if op in _CALLS:
        return f"{_CALLS[op]}({_expression(expr.arg, bare=True)})"
    return _extern(expr, bare)


def _infix(expr: Any, op: str, outer: int) -> str:
    binding, symbol = _INFIX[op]
    if op in ("and", "or"):
        sides = [_expression(arg, binding + 1) for arg in expr.args]
        return _wrapped(f" {symbol} ".join(sides), binding, outer)
    left = _expression(expr.lhs, binding + (binding == 1))  # a < b < c would be a chain
    right = _expression(expr.rhs, binding + 1, bare=True)
    return _wrapped(f"{left} {symbol} {right}", binding, outer)


def _extern(expr: Any, bare: bool) -> str:
    args = [_expression(arg, bare=True) for arg in expr.args]
    dynamic = bare and any(arg.__struct_config__.tag != "lit" for arg in expr.args)
    if expr.ref == "array" and dynamic:
        return f"[{', '.join(args)}]"
    keys = expr.args[::2]
    texts = [key.value for key in keys if key.__struct_config__.tag == "lit" and isinstance(key.value, str)]
    whole = len(texts) == len(set(texts)) == len(keys) and len(args) % 2 == 0
    if expr.ref == "object" and dynamic and whole:
        return "{" + ", ".join(f"{_literal(key)}: {value}" for key, value in zip(texts, args[1::2], strict=True)) + "}"
    return f"call({', '.join([_literal(expr.ref), *args])})"


def _data(expr: Any) -> str:
    return f"Value(parse_expr({_literal(decode(encode(expr)))}))"


def _wrapped(text: str, binding: int, outer: int) -> str:
    return f"({text})" if binding < outer else text


def _place(text: str) -> str:
    """`ctx.a["odd key"]`, if authoring would give this very text, else `path(...)`."""
    said, made = "ctx", "$"
    if not is_path(text):
        return f"Value(Path({_literal(text)}))"
    for key in parse(text):
        made = under(made, key)
        plain = key.isascii() and key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("_")
        said += f".{key}" if plain else f"[{_literal(key)}]"
    return said if made == text else f"path({_literal(text)})"


def _literal(value: Any) -> str:
    """A JSON value in Python, texts between double quotes where that needs no escapes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text


def _holds_path(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_path, value.values()))
    if isinstance(value, list):
        return any(map(_holds_path, value))
    return isinstance(value, str) and is_path(value)
