"""Paths: text to keys, in both dialects; readers and writers made once per text.

A write never changes a dict that anybody else can see. A scope *owns* the dicts it has copied since its last freeze;
those are changed in place, all others are copied first. To freeze is to clear `scope.own`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NoReturn, Protocol

from flowbench.flow.errors import InvalidPath, PathNotFound, TypeMismatch
from flowbench.flow.values import debug

SEED = "0.1.1"
ROOTS = ("$", "ctx")
Keys = tuple[str, ...]
Write = tuple[str, Keys | None, Any]  # address, keys (None: the whole ctx was restored), value


class Written(Protocol):
    """What a writer needs of a scope. own: id -> dict to change in place. log: None unless writes are kept."""

    ctx: Any
    own: dict[int, dict[str, Any]]
    at: str
    log: list[Write] | None


Reader = Callable[[Any], Any]
Writer = Callable[[Any, Any], None]  # (Written, value)


def parse(text: str, compat: str | None = None) -> Keys:
    """Keys to read. Raises: InvalidPath."""
    if compat != SEED:
        root, *keys = text.split(".")
        if root in ROOTS and all(keys) and "[" not in text:  # nearly all: `$.a.b`
            return tuple(keys)
        return _parse_later(text)
    if not text.startswith("$"):
        raise InvalidPath(f"path must start with $ or $.: {text}")
    rest = text[2:] if text.startswith("$.") else text[1:]
    return tuple(rest.split(".")) if rest else ()


def is_path(text: str) -> bool:
    """Can be read as a path, `$.a` or `ctx.a`."""
    try:
        _parse_later(text)
    except InvalidPath:
        return False
    return True


def under(text: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{text}.{key}" if key.isidentifier() else f'{text}["{key}"]'


def _parse_later(text: str) -> Keys:
    root = "$" if text.startswith("$") else "ctx" if text.startswith("ctx") else ""
    if not root:
        _refuse(text, "path must start with '$' or 'ctx' followed by '.', '[', or end-of-string")
    keys: list[str] = []
    at = len(root)
    while at < len(text):
        if text[at] == ".":
            end = at + 1
            while end < len(text) and text[end] not in ".[":
                end += 1
            if end == at + 1:
                if at == len(root) and end == len(text):
                    _refuse(text, "trailing '.' with no segment after it")
                _refuse(text, "empty path segment (leading, trailing, or consecutive '.')")
            keys.append(text[at + 1 : end])
        elif text[at] == "[":
            if text[at + 1 : at + 2] != '"':
                _refuse(text, "expected '\"' after '['")
            end = text.find('"]', at + 2)
            if end < 0:
                _refuse(text, "no '\"]' after '[\"'")
            if end == at + 2:
                _refuse(text, "empty bracket segment")
            keys.append(text[at + 2 : end])
            end += 2
        else:
            _refuse(text, f"expected '.', '[', or end-of-string right after '{text[:at]}'")
        at = end
    return tuple(keys)


def _refuse(text: str, why: str) -> NoReturn:
    raise InvalidPath(f"invalid path syntax '{text}': {why}")


def reader(text: str, compat: str | None = None) -> Reader:
    """A function of the ctx. It raises PathNotFound, or InvalidPath if `text` is malformed."""
    try:
        keys = parse(text, compat)
    except InvalidPath as error:  # 0.1.1: a bad path is harmless until it is evaluated
        return _always(error.message)
    if not keys:
        return _whole
    if len(keys) == 1:
        (key,) = keys

        def read_one(ctx: Any) -> Any:
            try:
                return ctx[key]
            except (KeyError, TypeError):  # TypeError: not an object
                raise PathNotFound(text) from None

        return read_one

    def read(ctx: Any) -> Any:
        try:
            for key in keys:
                ctx = ctx[key]
        except (KeyError, TypeError):
            raise PathNotFound(text) from None
        return ctx

    return read


def _whole(ctx: Any) -> Any:
    return ctx


def _always(message: str) -> Reader:
    def fail(ctx: Any) -> NoReturn:
        raise InvalidPath(message)

    return fail


def writer(text: str, compat: str | None = None) -> Writer:
    """A function (scope, value) that writes `value` into scope.ctx. It raises TypeMismatch, InvalidPath."""
    try:
        keys = parse(text, compat)
    except InvalidPath as error:
        return _spoiler(error.message) if compat == SEED else refuser(error.message)
    if compat == SEED:
        return key_writer(tuple(key for key in keys if key), text, _replacement)
    return key_writer(keys, text, _refusal)


def refuser(message: str) -> Writer:
    """A write target that is only found unusable when it is written."""

    def refuse(scope: Written, value: Any) -> NoReturn:
        raise InvalidPath(message)

    return refuse


def _spoiler(message: str) -> Writer:
    """0.1.1 leaves null behind when the text of a target is malformed: the old value was already taken out."""

    def spoil(scope: Written, value: Any) -> NoReturn:
        scope.own.clear()
        scope.ctx = None
        raise InvalidPath(message)

    return spoil


def force(scope: Written, keys: Keys, value: Any) -> None:
    """Write from outside the flow: scalars in the way become objects."""
    key_writer(keys, "", _replacement)(scope, value)


def _replacement(value: Any, text: str, segment: str) -> dict[str, Any]:
    return {}


def _refusal(value: Any, text: str, segment: str) -> dict[str, Any]:
    if value is None:
        return {}
    why = f"existing value at this position is not an object ({debug(value)})"
    raise TypeMismatch("path.write", f"cannot write path '{text}' at segment '{segment}': {why}")


def key_writer(keys: Keys, text: str, parent: Callable[[Any, str, str], dict[str, Any]]) -> Writer:
    """parent(value, text, segment): the object to put where a value that is no object is in the way of `segment`."""
    if not keys:
        return _write_root
    if len(keys) == 1:
        (leaf,) = keys

        def write_one(scope: Written, value: Any) -> None:
            node, own = scope.ctx, scope.own
            if id(node) not in own:
                node = scope.ctx = node.copy() if node.__class__ is dict else parent(node, text, leaf)
                own[id(node)] = node  # the reference keeps the id from being used again
            node[leaf] = value
            if scope.log is not None:
                scope.log.append((scope.at, keys, value))

        return write_one

    first, last = keys[0], keys[-1]
    inner = tuple(pairwise(keys))

    def mine(value: Any, segment: str, own: dict[int, dict[str, Any]]) -> dict[str, Any]:
        copy = value.copy() if value.__class__ is dict else parent(value, text, segment)
        own[id(copy)] = copy
        return copy

    def write(scope: Written, value: Any) -> None:
        node, own = scope.ctx, scope.own
        if id(node) not in own:
            node = scope.ctx = mine(node, first, own)
        for key, segment in inner:
            child = node.get(key)
            if id(child) not in own:
                child = node[key] = mine(child, segment, own)
            node = child
        node[last] = value
        if scope.log is not None:
            scope.log.append((scope.at, keys, value))

    return write


def _write_root(scope: Written, value: Any) -> None:
    if scope.log is not None:
        scope.log.append((scope.at, (), value))
    scope.own.clear()
    scope.ctx = value
