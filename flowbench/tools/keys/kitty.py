"""Kitty: the keyboard protocol that tells every key, modifier and event, and xterm's modifyOtherKeys beside it.

Source: pi-natives keys.rs; sw.kovidgoyal.net/kitty/keyboard-protocol.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from flowbench.tools.keys.legacy import text_of

SHIFT, ALT, CTRL, SUPER = 1, 2, 4, 8
NUM_LOCK, LOCKS = 128, 64 + 128
RELEASE = 3

# Keys without a character, as numbers of our own below zero.
ARROWS = {"up": -1, "down": -2, "right": -3, "left": -4}
EDITING = {"delete": -10, "insert": -11, "pageUp": -12, "pageDown": -13, "home": -14, "end": -15, "clear": -16}
FUNCTIONS = {f"f{number}": -19 - number for number in range(1, 13)}
CODES = {"escape": 27, "tab": 9, "enter": 13, "space": 32, "backspace": 127, **ARROWS, **EDITING, **FUNCTIONS}

KEYPAD_ENTER = 57414
_NAVIGATION = ("insert", "end", "down", "pageDown", "left", "clear", "right", "home", "up", "pageUp", "delete")
KEYPAD_NAVIGATION = {57399 + number: CODES[key] for number, key in enumerate(_NAVIGATION)}  # keys 0 to 9, and .
KEYPAD_DIGITS = {57399 + number: ord(digit) for number, digit in enumerate("0123456789.")}
KEYPAD_OPERATORS = {57410: ord("/"), 57411: ord("*"), 57412: ord("-"), 57413: ord("+"), 57415: ord("=")}
_TILDE = {2: "insert", 3: "delete", 5: "pageUp", 6: "pageDown", 1: "home", 7: "home", 4: "end", 8: "end"}
_TILDE |= {number: f"f{index + 1}" for index, number in enumerate((11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24))}
_LETTERS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "E": "clear"}
_LETTERS |= {"P": "f1", "Q": "f2", "R": "f3", "S": "f4"}
SYMBOLS = frozenset(map(ord, "`\"-=[]\\;',./!@#$%^&*()_+|~{}:<>?"))

_N = "([0-9]{1,10})"  # no more digits than a number of 32 bits has
_CSI_U = re.compile(rf"\x1b\[{_N}(?::([0-9]{{0,10}})(?::{_N})?)?(?:;([0-9]{{0,10}})(?::{_N})?)?(?:;([0-9:]*))?u")
_CSI_TILDE = re.compile(rf"\x1b\[{_N}(?:;{_N})?(?::{_N})?~")
_CSI_LETTER = re.compile(rf"\x1b\[1;{_N}(?::{_N})?([ABCDEFHPQRS])")
_OTHER_KEYS = re.compile(rf"\x1b\[27;{_N};{_N}~?")
_I32, _U32 = 2**31 - 1, 2**32 - 1


class KittySequence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a key. codepoint: of its character; below zero for a key without one. shifted_key: with Shift.
    base_layout_key: of the same key on an English keyboard. modifier: sum of 1 Shift, 2 Alt, 4 Ctrl, 8 Super, and more,
    64 Caps Lock, 128 Num Lock. event_type: 1 press, 2 repeat, 3 release.
    """

    codepoint: int
    modifier: int
    shifted_key: int | None = None
    base_layout_key: int | None = None
    event_type: int | None = None


class Event(NamedTuple):
    """What a sequence says. typed: the character that it types, if it is one."""

    codepoint: int
    modifier: int
    shifted: int | None = None
    base: int | None = None
    typed: int | None = None
    type: int | None = None


def parse_kitty_sequence(data: str | bytes) -> KittySequence | None:
    """What a sequence of Kitty's protocol says; None for anything else. Never raises; no abort."""
    event = read(text_of(data))
    if event is None:
        return None
    told = event.type if event.type in (1, 2, 3) else None
    return KittySequence(event.codepoint, event.modifier, event.shifted, event.base, told)


def matches_kitty_sequence(data: str | bytes, codepoint: int, modifier: int) -> bool:
    """Whether `data` is this key with these modifiers; locks do not count. Never raises; no abort.

    A key of another layout counts as the English one in its place only with a modifier, and if it is no ASCII letter
    or symbol itself: without one it types its own character.
    """
    event = read(text_of(data))
    if event is None or event.modifier & ~LOCKS != modifier & ~LOCKS:
        return False
    return event.codepoint == codepoint or (event.base == codepoint and takes_base(event.codepoint, event.modifier))


def takes_base(codepoint: int, modifier: int) -> bool:
    """Whether the key in the same place of an English keyboard stands for it."""
    return bool(modifier & ~LOCKS) and codepoint not in SYMBOLS and not is_letter(codepoint)


def is_letter(codepoint: int) -> bool:
    """An ASCII letter."""
    return 65 <= codepoint <= 90 or 97 <= codepoint <= 122


def read(data: str) -> Event | None:
    """The event of a sequence of Kitty's protocol."""
    if len(data) < 4 or not data.startswith("\x1b["):
        return None
    event = _csi_u(data) if data[-1] == "u" else _csi_tilde(data) if data[-1] == "~" else _csi_letter(data)
    return event if event is not None and event.modifier >= 0 else None


def read_other_keys(data: str) -> tuple[int, int] | None:
    """(code point, modifier) of xterm's modifyOtherKeys."""
    found = _OTHER_KEYS.fullmatch(data)
    if found is None:
        return None
    modifier, codepoint = int(found[1]), int(found[2])
    return (codepoint, modifier - 1) if 0 < modifier <= _U32 and codepoint <= _I32 else None


def _csi_u(data: str) -> Event | None:
    found = _CSI_U.fullmatch(data)
    if found is None:
        return None
    codepoint, shifted, base, modifier, kind, text = found.groups()
    numbers = [word for word in (text or "").split(":") if word]
    if any(len(word) > 10 or int(word) > _U32 for word in numbers) or _over(modifier, _U32) or _over(kind, _U32):
        return None
    if _over(codepoint, _I32) or _over(shifted, _U32) or _over(base, _I32):
        return None
    typed = int(numbers[0]) if len(numbers) == 1 else 0
    return Event(
        int(codepoint),
        int(modifier or 1) - 1,
        int(shifted) if shifted and not _over(shifted, _I32) else None,
        int(base) if base else None,
        typed if 32 <= typed <= 0x10FFFF and not 0xD800 <= typed <= 0xDFFF else None,
        int(kind) if kind else None,
    )


def _csi_tilde(data: str) -> Event | None:
    found = _CSI_TILDE.fullmatch(data)
    if found is None or (key := _TILDE.get(int(found[1]))) is None:
        return None
    return _without_character(key, found[2] or "1", found[3])


def _csi_letter(data: str) -> Event | None:
    found = _CSI_LETTER.fullmatch(data)
    return None if found is None else _without_character(_LETTERS[found[3]], found[1], found[2])


def _without_character(key: str, modifier: str, kind: str | None) -> Event | None:
    if _over(modifier, _U32) or _over(kind, _U32):
        return None
    return Event(CODES[key], int(modifier) - 1, type=int(kind) if kind else None)


def _over(digits: str | None, most: int) -> bool:
    return bool(digits) and int(digits or 0) > most
