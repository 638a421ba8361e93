"""Digest: one word for what a function does, the same after every restart, another one when its code changes.

It covers the code, nested functions, defaults and the values and functions that a closure holds. It does not cover
global functions that the code calls, nor the version of Python: another version compiles to other bytes.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import struct
from collections.abc import Callable
from types import CodeType, FunctionType, MethodType
from typing import Any

DEEPEST = 50  # containers and closures inside each other; what lies deeper counts by its type only
LONGEST = 10_000  # a longer container in a closure counts by its length only

_FLAGS = 0x3FF  # starred parameters, generator, coroutine; the bits above tell of `from __future__` in the whole file


def digest(fn: Callable[..., Any]) -> str:
    """SHA-256 in hex. No memory address, file name or line number enters it."""
    return hashlib.sha256(_told(fn, ())).hexdigest()


def _told(value: Any, above: tuple[int, ...]) -> bytes:
    """Bytes that say what a value is, each kind under a name of its own. above: ids of what contains it."""
    if id(value) in above or len(above) > DEEPEST:
        return _item("again", b"")
    if isinstance(value, (tuple, list, set, frozenset, dict)) and len(value) > LONGEST:
        return _item("long", f"{type(value).__name__} {len(value)}".encode())
    inside = (*above, id(value))
    if value is None or value is Ellipsis or isinstance(value, (bool, int, str, complex)):
        return _item(type(value).__name__, repr(value).encode("utf-8", "surrogatepass"))
    if isinstance(value, float):
        return _item("float", struct.pack(">d", value))
    if isinstance(value, bytes):
        return _item("bytes", value)
    if isinstance(value, (tuple, list)):
        return _item(type(value).__name__, *(_told(each, inside) for each in value))
    if isinstance(value, (set, frozenset)):  # their order changes with every process
        return _item("set", *sorted(_told(each, inside) for each in value))
    if isinstance(value, dict):
        return _item("dict", *(_told(each, inside) for pair in value.items() for each in pair))
    if isinstance(value, CodeType):
        return _code(value, inside)
    if isinstance(value, FunctionType):
        return _function(value, inside)
    if isinstance(value, MethodType):
        return _told(value.__func__, inside)
    if isinstance(value, functools.partial):
        return _item("partial", *(_told(each, inside) for each in (value.func, value.args, value.keywords)))
    return _named(value, inside)


def _code(code: CodeType, above: tuple[int, ...]) -> bytes:
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _FLAGS)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    parts = (counts, names, code.co_code, code.co_exceptiontable, code.co_consts)
    return _item("code", *(_told(part, above) for part in parts))


def _function(fn: FunctionType, above: tuple[int, ...]) -> bytes:
    held = []
    for cell in fn.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # a cell that is not filled yet
            held.append(None)
    parts = (fn.__code__, fn.__defaults__, fn.__kwdefaults__, held)
    return _item("function", *(_told(part, above) for part in parts))


def _named(value: Any, above: tuple[int, ...]) -> bytes:
    """Something whose text may hold an address: by what its call does, else by the name of its type."""
    kind = value if isinstance(value, type) else type(value)
    inner = getattr(value, "__wrapped__", None) or getattr(kind, "__call__", None)  # noqa: B004 - the code, not a test
    if isinstance(inner, FunctionType) and not isinstance(value, type):
        return _item("callable", _told(inner, above))
    named = value if inspect.isbuiltin(value) else kind
    return _item("named", f"{named.__module__}.{named.__qualname__}".encode())


def _item(kind: str, *parts: bytes) -> bytes:
    """Nested items cannot be mistaken for each other: each part says its length."""
    head = f"{kind}:{len(parts)}:".encode()
    return head + b"".join(b"%d:" % len(part) + part for part in parts)
