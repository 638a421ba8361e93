"""Reading: the id of the key that a terminal has sent, `ctrl+a`, `shift+tab`, `pageUp`.

Source: pi-natives keys.rs, `parseKey`.
"""

from __future__ import annotations

from flowbench.tools.keys.kitty import (
    ALT,
    CODES,
    CTRL,
    KEYPAD_DIGITS,
    KEYPAD_ENTER,
    KEYPAD_NAVIGATION,
    KEYPAD_OPERATORS,
    LOCKS,
    RELEASE,
    SHIFT,
    SUPER,
    Event,
    read,
    read_other_keys,
    takes_base,
)
from flowbench.tools.keys.legacy import ESC, LEGACY, text_of

_NAMES = {code: name for name, code in CODES.items()}
_NAMES |= {code: _NAMES[key] for code, key in KEYPAD_NAVIGATION.items()} | {KEYPAD_ENTER: "enter"}
_MODIFIERS = ((SHIFT, "shift+"), (CTRL, "ctrl+"), (ALT, "alt+"), (SUPER, "super+"))
_SINGLE = {"\x1b": "escape", "\t": "tab", "\r": "enter", "\n": "enter", "\0": "ctrl+space", " ": "space"}
_SINGLE |= {"\x7f": "backspace", "\b": "backspace"}
_ALWAYS_ALT = {"\x7f": "backspace", "\b": "backspace", "\r": "enter", "\n": "enter", "\t": "tab"}
_LEGACY_ALT = {" ": "space", "B": "left", "F": "right"}  # keys of the cursor, where the protocol is not on
_FIXED = {f"{ESC}[Z": "shift+tab", f"{ESC}OM": "enter"}


def parse_key(data: str | bytes, *, kitty_active: bool = False) -> str | None:
    """The id of the key; None for what is none that is known, and for a key that is let go. Never raises; no abort.

    Modifiers stand in the order shift, ctrl, alt, super; the legacy ESC and a capital is `alt+shift+a`. Ctrl with H, I,
    J, M or [ reads as the named key that sends the same in a legacy terminal. kitty_active: the terminal speaks Kitty's
    protocol, so that ESC B is no cursor key.
    """
    return _read(text_of(data), kitty_active)


def _read(data: str, kitty_active: bool) -> str | None:
    if len(data) == 1:
        return _single(data)
    if not data.startswith(ESC):
        return None
    if len(data) == 2 and (key := _with_alt(data[1], kitty_active)) is not None:
        return key
    if (key := LEGACY.get(data)) is not None:
        return key
    if (other := read_other_keys(data)) is not None:
        name = key_name(other[0])
        return None if name is None else _prefix(other[1]) + name
    if (event := read(data)) is not None:
        return None if event.type == RELEASE else _of_event(event)
    if data[:2] == ESC + ESC and data[2:3] in ("[", "O"):  # Option as Meta: ESC before the sequence of the key
        inner = _read(data[1:], True)
        if inner is not None:
            return f"alt+{inner}"
    return _FIXED.get(data)


def key_name(codepoint: int) -> str | None:
    """The name of a key by its code point; None for one without a name."""
    return chr(codepoint) if 33 <= codepoint <= 126 else _NAMES.get(codepoint)


def _single(letter: str) -> str | None:
    code = ord(letter)
    if letter in _SINGLE:
        return _SINGLE[letter]
    if code <= 26:
        return f"ctrl+{chr(code + 96)}"
    return f"ctrl+{chr(code + 64)}" if code < 32 else letter if code < 127 else None


def _with_alt(letter: str, kitty_active: bool) -> str | None:
    """ESC and one character."""
    code = ord(letter)
    if (key := _ALWAYS_ALT.get(letter) or (None if kitty_active else _LEGACY_ALT.get(letter))) is not None:
        return f"alt+{key}"
    if 1 <= code <= 26:
        return f"ctrl+alt+{chr(code + 96)}"
    if "A" <= letter <= "Z":
        return f"alt+shift+{letter.lower()}"
    return f"alt+{letter}" if 33 <= code <= 126 and letter != "[" else None  # ESC [ begins a sequence


def _of_event(event: Event) -> str | None:
    modifier = event.modifier & ~LOCKS
    if modifier & ~(SHIFT | CTRL | ALT | SUPER):
        return None
    typed = (event.typed, KEYPAD_DIGITS.get(event.codepoint)) if not modifier else ()
    for codepoint in typed:
        if codepoint is not None and (name := key_name(codepoint)) is not None:
            return name
    codepoint = KEYPAD_OPERATORS.get(event.codepoint, event.codepoint)
    if codepoint == event.codepoint and event.base is not None and takes_base(codepoint, modifier):
        codepoint = event.base
    told = key_name(codepoint)
    return None if told is None else _prefix(modifier) + told


def _prefix(modifier: int) -> str:
    return "".join(word for bit, word in _MODIFIERS if modifier & bit)
