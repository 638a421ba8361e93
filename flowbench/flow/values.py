"""JSON values: equality, truth, debug text, and the two borders: take over an output, hand over an input."""

from __future__ import annotations

import marshal
import math
import unicodedata
import zlib
from collections.abc import Callable
from itertools import accumulate
from types import NoneType
from typing import Any

import msgspec

from flowbench.flow.errors import NotJson

ATOMS: frozenset[type[Any]] = frozenset({str, int, bool, NoneType, float})
CONTAINERS: frozenset[type[Any]] = frozenset({dict, list})
NUMBERS: frozenset[type[Any]] = frozenset({int, float})
PLAIN = ATOMS | CONTAINERS
I64_MIN, U64_MAX = -(2**63), 2**64 - 1
MAX_DEPTH = 500  # of values; encoders and decoders manage nearly twice that, less the stack of their caller

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_PEELED = 20  # levels
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(_STEPS)))
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}

_EXTENDING = (  # Grapheme_Extend outside the categories Mn and Me, in hexadecimal; source: rustc 1.95
    "9be 9d7 b3e b57 bbe bd7 cc0 cc2 cc7-cc8 cca-ccb cd5-cd6 d3e d57 dcf ddf 1715 1734 1b35 1b3b 1b3d "
    "1b43-1b44 1baa 1bf2-1bf3 302e-302f a953 a9c0 ff9e-ff9f 111c0 11235 1133e 1134d 11357 114b0 114bd "
    "115af 116b6 11930 1193d 16ff0-16ff1 1d165-1d166 1d16d-1d172 "
)
_EXTENDS = frozenset(
    chr(code)
    for first, _, last in (span.partition("-") for span in _EXTENDING.split())
    for code in range(int(first, 16), int(last or first, 16) + 1)
)


def take(value: Any) -> tuple[Any, bytes]:
    """Take over a body's output: (fresh value that the body cannot reach, its JSON text).

    Encode, decode, compare: comparing is what refuses NaN (encoded as null), tuples, sets, dates and integer keys
    (silently converted by encoders), at C speed. Packing refuses integers outside 64 bits.
    Raises: NotJson naming the place.
    """
    kind = value.__class__
    try:
        text = encode(value)
        if kind is str or kind is bool or kind is NoneType or (kind is int and I64_MIN <= value <= U64_MAX):
            return value, text
        fresh = decode(text)
        if fresh == value and not _is_too_deep(value, text):
            if fresh.__class__ is not float:
                _pack(fresh)
            return fresh, text
    except Exception as error:  # whatever an encoder or a foreign `__eq__` raises: it is no JSON value
        raise NotJson(_where(value) or str(error) or "cannot be written as JSON") from None
    raise NotJson(_where(value) or "the value changes when it is written as JSON")


def take_value(value: Any) -> Any:
    """`take` for runs that keep no text: atoms cost almost nothing. Raises: NotJson."""
    kind = value.__class__
    if kind is int and I64_MIN <= value <= U64_MAX:
        return value
    if kind is bool or kind is NoneType or (kind is str and value.isascii()):
        return value
    if kind is float and value - value == 0.0:
        return value
    return take(value)[0]


def hand(value: Any) -> tuple[Any, bytes]:
    """Hand a ctx value to a body: (copy it may change, JSON text whose checksum identifies the input)."""
    text = encode(value)
    return (value if value.__class__ in ATOMS else decode(text)), text


def hand_copy(value: Any) -> Any:
    """`hand` without the text, for values known to be JSON."""
    return value if value.__class__ in ATOMS else _unpack(_pack(value))


def duplicate(value: Any) -> Any:
    """A copy for people to keep, in which what is one object stays one; of a value that nobody changes meanwhile.

    Branches of a fan-out share their ctx: written out, that of 10,000 items is 10,000 times the list of them. Of all
    encoders marshal alone is quick and writes an object once.
    """
    if value.__class__ in ATOMS:
        return value
    try:
        return marshal.loads(marshal.dumps(value))  # noqa: S302 - what was written a moment ago
    except ValueError:  # nested deeper than marshal goes: no output is, but a loop can wrap a value in itself
        return _duplicate_deep(value)


def _duplicate_deep(value: Any) -> Any:
    made: dict[int, Any] = {}

    def twin(child: Any) -> Any:
        found = made.get(id(child))
        if found is None:
            found = made[id(child)] = child.copy()
            todo.append(found)
        return found

    todo: list[Any] = []
    top = twin(value)
    while todo:
        new = todo.pop()
        for key, child in new.items() if new.__class__ is dict else enumerate(new):
            if child.__class__ not in ATOMS:
                new[key] = twin(child)
    return top


def checksum(text: bytes) -> int:
    """CRC-32 of a value's JSON text: how a record knows its input again."""
    return zlib.crc32(text)


def compact(value: Any) -> str:
    """Compact JSON with sorted keys."""
    return _encode_sorted(value).decode()


def _is_too_deep(value: Any, text: bytes) -> bool:
    """Nested so deep that a decoder with less stack left than we have now would fail on it.

    Counts brackets in the text, which is quick, and looks at the value only where that may be too many.
    """
    if len(text) <= MAX_DEPTH:
        return False
    brackets, levels = text.translate(None, _NO_BRACKETS), 0
    if len(brackets) <= 2 * MAX_DEPTH:
        return False
    while brackets and levels < _PEELED:  # most values are shallow, and nothing is left of them then
        brackets, levels = brackets.replace(b"[]", b"").replace(b"{}", b""), levels + 2
    deepest = levels + max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)
    return deepest > MAX_DEPTH and _where(value) is not None  # brackets inside strings were counted, too


def _where(value: Any) -> str | None:
    """First place that is no JSON value, in words; None if all is well. Walks with a list, to see any depth."""
    todo: list[tuple[Any, str, int]] = [(value, "$", 0)]
    while todo:
        item, place, depth = todo.pop()
        kind = type(item)
        if depth > MAX_DEPTH:
            return f"{place[:60]}…: nested deeper than {MAX_DEPTH}"
        if wrong := _wrong_atom(item):
            return f"{place}: {wrong}"
        if kind is dict:
            if odd := [key for key in item if type(key) is not str]:
                return f"{place}: key {odd[0]!r} is no string"
            if any(_wrong_text(key) for key in item):
                return f"{place}: a key with a lone surrogate"
            todo += [(child, f"{place}.{key}", depth + 1) for key, child in reversed(item.items())]
        elif kind is list:
            todo += [(child, f"{place}[{n}]", depth + 1) for n, child in reversed(list(enumerate(item)))]
    return None


def _wrong_atom(value: Any) -> str | None:
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return f"{value!r} is no JSON number"
    if kind is int and not I64_MIN <= value <= U64_MAX:
        return "integer outside 64 bits"
    if kind is str and _wrong_text(value):
        return "lone surrogate"
    return None if kind in PLAIN else f"{kind.__name__} is no JSON value"


def _wrong_text(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text) if not text.isascii() else False


def truthy(value: Any) -> bool:
    """Only null and false are not."""
    return value is not None and value is not False


def is_number(value: Any) -> bool:
    """True and False are no numbers."""
    return value.__class__ in NUMBERS


def strictly_equal(a: Any, b: Any) -> bool:
    """0.1.1: integer 5 and float 5.0 differ; true and 1 differ."""
    return _alike(a, b, _same_kind_and_value)


def equal(a: Any, b: Any) -> bool:
    """Later versions: numbers compare as float64, deeply; true and 1 still differ."""
    return _alike(a, b, _same_number_or_value)


def _same_kind_and_value(a: Any, b: Any) -> bool:
    return a.__class__ is b.__class__ and bool(a == b)


def _same_number_or_value(a: Any, b: Any) -> bool:
    if is_number(a) and is_number(b):
        return float(a) == float(b)
    return _same_kind_and_value(a, b)


def _alike(a: Any, b: Any, same: Callable[[Any, Any], bool]) -> bool:
    """Arrays element by element, objects key by key, all else by `same`. A list of pairs, so depth does not matter."""
    if a.__class__ not in CONTAINERS:
        return same(a, b)
    todo = [(a, b)]
    while todo:
        a, b = todo.pop()
        if a.__class__ is list and b.__class__ is list:
            if len(a) != len(b):
                return False
            todo += zip(a, b, strict=True)
        elif a.__class__ is dict and b.__class__ is dict:
            if a.keys() != b.keys():
                return False
            todo += [(value, b[key]) for key, value in a.items()]
        elif not same(a, b):
            return False
    return True


def debug(value: Any) -> str:
    """Operand text of type errors, in the notation of the language: `Object {"a": Array [Number(1)]}`."""
    kind = type(value)
    if value is None:
        return "Null"
    if kind is bool:
        return f"Bool({str(value).lower()})"
    if kind is str:
        return f"String({_quoted(value)})"
    if kind is list:
        return "Array [" + ", ".join([debug(item) for item in value]) + "]"
    if kind is dict:
        return "Object {" + ", ".join([f"{_quoted(key)}: {debug(value[key])}" for key in sorted(value)]) + "}"
    return f"Number({encode(value).decode()})"


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if (short := _ESCAPES.get(char)) is not None:
        return short
    if char.isprintable() and unicodedata.category(char) not in ("Mn", "Me") and char not in _EXTENDS:
        return char
    return f"\\u{{{ord(char):x}}}"
