"""Legacy: the sequences that terminals send for keys without a letter, from before there was a protocol for keys.

Source: pi-natives keys.rs, LEGACY_SEQUENCES.
"""

from __future__ import annotations

_ARROWS = dict(zip("ABCD", ("up", "down", "right", "left"), strict=True))
_TILDE = {1: "home", 7: "home", 4: "end", 8: "end", 2: "insert", 3: "delete", 5: "pageUp", 6: "pageDown"}
_FUNCTIONS = (11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24)  # numbers of f1 to f12
ESC = "\x1b"


def _sequences() -> dict[str, str]:
    table: dict[str, str] = {}
    for letter, key in {**_ARROWS, "H": "home", "F": "end", "E": "clear"}.items():
        table[f"{ESC}[{letter}"] = table[f"{ESC}O{letter}"] = key
    for letter, key in {**_ARROWS, "E": "clear"}.items():  # rxvt
        table[f"{ESC}[{letter.lower()}"] = f"shift+{key}"
        table[f"{ESC}O{letter.lower()}"] = f"ctrl+{key}"
    for number, key in _TILDE.items():
        table[f"{ESC}[{number}~"] = key
        if number not in (1, 4):
            table[f"{ESC}[{number}$"] = f"shift+{key}"
            table[f"{ESC}[{number}^"] = f"ctrl+{key}"
    table[f"{ESC}[[5~"], table[f"{ESC}[[6~"] = "pageUp", "pageDown"
    for index, number in enumerate(_FUNCTIONS):
        table[f"{ESC}[{number}~"] = f"f{index + 1}"
    for index, letter in enumerate("PQRS"):
        table[f"{ESC}O{letter}"] = f"f{index + 1}"
    for index, letter in enumerate("ABCDE"):  # the console of Linux
        table[f"{ESC}[[{letter}"] = f"f{index + 1}"
    return table


LEGACY = _sequences()
"""{what is sent: the key's id}"""


def text_of(data: str | bytes) -> str:
    """What a terminal sent, one character per byte if it is bytes."""
    return data if isinstance(data, str) else bytes(data).decode("latin-1")


def matches_legacy_sequence(data: str | bytes, key_name: str) -> bool:
    """Whether `data` is a legacy sequence of exactly this key, e.g. `up`, `shift+home`. Never raises; no abort."""
    return LEGACY.get(text_of(data)) == key_name
