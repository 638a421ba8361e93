"""JSON text to plain data: the quick reader of the standard library, and a precise scanner when it stumbles."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import msgspec

from flowbench.blueprint.builder import DEPTH, Builder, Mark, refuse
from flowbench.scalars import NoNumber, real, whole

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*|[0-9+.-][0-9A-Za-z+._-]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NO_NUMBERS = ("NaN", "Infinity")
_LITERALS = {"true": True, "false": False, "null": None}


def read_json(text: str, marks: dict[str, Mark] | None = None) -> Any:
    """The data of a JSON text. Raises: UnreadableText.

    marks: filled if given, which takes much longer.
    """
    if marks is not None:
        return _Scanner(text, marks).run()
    try:
        data = _decoder.decode(text)
        if _is_clean(text, data):
            return data
    except (ValueError, RecursionError, UnicodeEncodeError):
        pass  # the scanner finds it again, and knows where
    return _Scanner(text, None).run()


def _is_clean(text: str, data: Any) -> bool:
    """False when the quick reader may have let something pass: deep nesting, half characters."""
    level, depth = [data] if type(data) in (dict, list) else [], 0
    while level:
        depth += 1
        if depth > DEPTH:
            return False
        members = (member for each in level for member in (each.values() if type(each) is dict else each))
        level = [member for member in members if type(member) in (dict, list)]
    if _HALF.search(text):
        msgspec.json.encode(data)  # UnicodeEncodeError for a lone surrogate
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made


def _constant(word: str) -> NoReturn:
    raise ValueError(word)


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=whole, parse_float=real, parse_constant=_constant)


class _Scanner:
    """One pass over the text. Every refusal stops it."""

    def __init__(self, text: str, marks: dict[str, Mark] | None) -> None:
        self.text = text
        self.at = 0
        self.fresh = False  # a bracket has just been opened: no comma comes before the first member
        self.builder = Builder(text, marks)

    def run(self) -> Any:
        self._space()
        self._value()
        while not self.builder.complete:
            self._member()
        self._space()
        if self.at < len(self.text):
            raise self._unexpected("the JSON value ends before this")
        return self.builder.data

    def _member(self) -> None:
        """After a value or an opening bracket, inside a list or an object: one more member, or the end."""
        end, what = ("}", "object") if self.builder.inside is dict else ("]", "list")
        first = self.fresh
        self._space()
        here = self.text[self.at : self.at + 1]
        if here == end:
            self.at += 1
            self.fresh = False
            self.builder.close()
            return
        if not first:
            if here != ",":
                raise self._unexpected(f'expected "," or "{end}" in this {what}')
            comma = self.at
            self.at += 1
            self._space()
            if self.text[self.at : self.at + 1] == end:
                raise refuse(self.text, comma, f'no comma before "{end}" in JSON')
        if what == "object":
            self._key()
        self._value()

    def _key(self) -> None:
        start = self.at
        if self.text[start : start + 1] != '"':
            raise self._unexpected("expected a key in double quotes")
        self.builder.key(self._string(), start)
        self._space()
        if self.text[self.at : self.at + 1] != ":":
            raise self._unexpected('expected ":" after the key')
        self.at += 1
        self._space()

    def _value(self) -> None:
        start = self.at
        here = self.text[start : start + 1]
        self.fresh = here in ("[", "{")
        if self.fresh:
            self.at += 1
            self.builder.open([] if here == "[" else {}, start)
        elif here == '"':
            self.builder.scalar(self._string(), start)
        else:
            self.builder.scalar(self._literal(), start)

    def _literal(self) -> Any:
        start = self.at
        found = _WORD.match(self.text, start)
        if not found:
            raise self._unexpected("expected a value")
        word = found.group()
        self.at = found.end()
        if word in _LITERALS:
            return _LITERALS[word]
        number = _NUMBER.fullmatch(word)
        if not number:
            shown = word if len(word) <= 20 else word[:20] + "…"
            hint = "; strings need double quotes" if word[0].isalpha() and word not in _NO_NUMBERS else ""
            raise refuse(self.text, start, f"{shown} is no JSON value{hint}")
        try:
            return whole(word) if number.group(2, 3) == (None, None) else real(word)
        except NoNumber as error:
            raise refuse(self.text, start, str(error)) from None

    def _string(self) -> str:
        start = self.at
        self.at += 1
        parts: list[str] = []
        while True:
            run = _PLAIN.match(self.text, self.at)
            assert run is not None, "the pattern matches the empty text"
            parts.append(run.group())
            self.at = run.end()
            here = self.text[self.at : self.at + 1]
            if here == '"':
                self.at += 1
                return "".join(parts)
            if here == "\\":
                parts.append(self._escape())
            elif here in ("", "\n", "\r"):
                raise refuse(self.text, start, "this string does not end on its line")
            else:
                raise refuse(self.text, self.at, f"a raw control character; write it as \\u{ord(here):04x}")

    def _escape(self) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _ESCAPED and letter:
            self.at += 2
            return _ESCAPED[letter]
        if letter != "u":
            raise refuse(self.text, self.at, f'no such escape: "\\{letter}"')
        code = self._hex(self.at)
        second = self._hex(self.at + 6) if self.text.startswith("\\u", self.at + 6) and code >> 10 == 0x36 else 0
        if second >> 10 == 0x37:
            self.at += 12
            return chr(0x10000 + ((code & 0x3FF) << 10) + (second & 0x3FF))
        if 0xD800 <= code < 0xE000:
            raise refuse(self.text, self.at, f"\\u{code:04x} alone is half a character; no text can hold it")
        self.at += 6
        return chr(code)

    def _hex(self, at: int) -> int:
        digits = self.text[at + 2 : at + 6]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            raise refuse(self.text, at, "\\u needs four hexadecimal digits")
        return int(digits, 16)

    def _space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None, "the pattern matches the empty text"
        self.at = found.end()

    def _unexpected(self, message: str) -> Exception:
        here = self.text[self.at : self.at + 1]
        met = "the text ends here" if not here else f"found {here!r}"
        return refuse(self.text, self.at, f"{message}; {met}")
