"""Matching: whether what a terminal has sent is the key that a program waits for.

Source: pi-natives keys.rs, `matchesKey`.
"""

from __future__ import annotations

from typing import NamedTuple

from flowbench.tools.keys.kitty import (
    ALT,
    ARROWS,
    CODES,
    CTRL,
    EDITING,
    FUNCTIONS,
    KEYPAD_DIGITS,
    KEYPAD_ENTER,
    KEYPAD_NAVIGATION,
    KEYPAD_OPERATORS,
    LOCKS,
    NUM_LOCK,
    RELEASE,
    SHIFT,
    SUPER,
    Event,
    read,
    read_other_keys,
    takes_base,
)
from flowbench.tools.keys.legacy import ESC, LEGACY, text_of

_MODIFIERS = {"shift": SHIFT, "alt": ALT, "ctrl": CTRL, "super": SUPER}
_ALIASES = {"plus": "+", "esc": "escape", "return": "enter"}
_NAMES = {name.lower(): name for name in CODES}
_NAMED_BYTES = "\b\t\n\r\x1b\x7f"  # what a legacy terminal sends for a named key is none with Ctrl
_CTRL_SYMBOLS = {"@": "\0", "[": "\x1b", "\\": "\x1c", "]": "\x1d", "^": "\x1e", "_": "\x1f", "-": "\x1f"}

# Beside Kitty's form of each: {(key, modifier): what is sent}.
_PLAIN = {
    ("escape", 0): (ESC,),
    ("space", 0): (" ",),
    ("space", CTRL): ("\0",),
    ("tab", 0): ("\t",),
    ("tab", SHIFT): (f"{ESC}[Z",),
    ("tab", ALT): (f"{ESC}\t",),
    ("enter", 0): ("\r", "\n", f"{ESC}OM"),
    ("enter", ALT): (f"{ESC}\r", f"{ESC}\n"),
    ("backspace", 0): ("\x7f", "\b"),
    ("backspace", ALT): (f"{ESC}\x7f", f"{ESC}\b"),
}
_UNLESS_KITTY = {("space", ALT): f"{ESC} ", ("left", ALT): f"{ESC}B", ("right", ALT): f"{ESC}F"}


class KeyId(NamedTuple):
    """A key and the modifiers that are held with it."""

    key: str
    modifier: int


def matches_key(data: str | bytes, key_id: str, *, kitty_active: bool = False) -> bool:
    """Whether `data` is the key `key_id`, with exactly its modifiers. Never raises; no abort.

    key_id: `ctrl+shift+a`, `pageUp`, `esc`, `return`, `plus`, `ctrl++`; case does not matter, nor does the order of
    modifiers. False for what is no key. kitty_active: as of `parse_key`.
    """
    wanted = _key_id(key_id)
    return wanted is not None and _matches(text_of(data), wanted, kitty_active)


def _key_id(text: str) -> KeyId | None:
    words = text.strip()
    key = None
    if words == "+" or words.endswith("++"):
        words, key = words[:-2], "+"
    modifier = 0
    for word in filter(None, (word.strip() for word in words.split("+"))):
        bit = _MODIFIERS.get(word.lower(), 0)
        modifier |= bit
        if not bit:
            key = word
    if key is None:
        return None
    key = _ALIASES.get(key.lower(), key)
    return KeyId(_NAMES.get(key.lower(), key), modifier)


def _matches(data: str, wanted: KeyId, kitty_active: bool) -> bool:
    key, modifier = wanted
    if modifier & ALT and data[:2] == ESC + ESC and data[2:3] in ("[", "O"):
        return _matches(data[1:], KeyId(key, modifier & ~ALT & ~SUPER), True)
    if data in _PLAIN.get(wanted, ()) or (not kitty_active and data == _UNLESS_KITTY.get(wanted)):
        return True
    if key in FUNCTIONS:
        return LEGACY.get(data) == key if not modifier else _is_event(data, CODES[key], modifier)
    if key in ARROWS or key in EDITING:
        prefix = {0: "", SHIFT: "shift+", CTRL: "ctrl+"}.get(modifier)
        return (prefix is not None and LEGACY.get(data) == prefix + key) or _is_event(data, CODES[key], modifier)
    if key == "escape":
        return not modifier and _is_event(data, CODES[key], 0)
    if key in CODES:
        codes = (CODES[key], KEYPAD_ENTER) if key == "enter" else (CODES[key],)
        return any(_is_encoded(data, code, modifier) for code in codes)
    if len(key) == 1 and "!" <= key <= "~":
        return _is_character(data, key.lower(), modifier)
    return False


def _is_character(data: str, key: str, modifier: int) -> bool:
    letter = "a" <= key <= "z"
    control = chr(ord(key) - 96) if letter else _CTRL_SYMBOLS.get(key, "")
    if not control or control in _NAMED_BYTES:
        control = ""
    legacy = {0: key}
    if modifier == CTRL and control:
        legacy[CTRL] = control
    if key != "[":  # ESC [ begins a sequence
        legacy[ALT] = ESC + key
    if letter:
        legacy |= {SHIFT: key.upper(), ALT | SHIFT: ESC + key.upper()}
        if control:
            legacy[CTRL | ALT] = ESC + control
    return data == legacy.get(modifier) or _is_encoded(data, ord(key), modifier)


def _is_encoded(data: str, codepoint: int, modifier: int) -> bool:
    """In Kitty's form, or with a modifier in xterm's."""
    return _is_event(data, codepoint, modifier) or (modifier != 0 and read_other_keys(data) == (codepoint, modifier))


def _is_event(data: str, codepoint: int, modifier: int) -> bool:
    event = read(data)
    if event is None or event.type == RELEASE or event.modifier & ~LOCKS != modifier:
        return False
    sent, base = _on_keypad(event)
    return sent == codepoint or (base == codepoint and takes_base(sent, modifier))


def _on_keypad(event: Event) -> tuple[int, int | None]:
    """(code point, that of the English layout) with the keys of the keypad as what they do."""
    sent, base = event.codepoint, event.base
    if event.typed is not None:
        return sent, base
    if sent in KEYPAD_OPERATORS:
        return KEYPAD_OPERATORS[sent], None
    if not event.modifier & ~LOCKS:
        if sent in KEYPAD_DIGITS:
            return KEYPAD_DIGITS[sent], None
        if not event.modifier & NUM_LOCK:
            return sent, base
    return KEYPAD_NAVIGATION.get(sent, sent), None if base is None else KEYPAD_NAVIGATION.get(base, base)
