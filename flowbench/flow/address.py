"""Addresses: where in the program, and in which turn of it, something happened.

    address = segment *("." segment)          3.t.i4.0.f17.1
    segment = index                           child of a seq (the root is always read as a seq)
            | "t" | "e"                       then / else of a branch
            | "b" | "c"                       body / catch of a try
            | "i" index                       turn of a loop, from 0
            | "f" index                       branch of a fan-out, from 0

Loop and fan-out bodies that are no seq add no segment. `key` sorts in program order, branches of a fan-out by item;
plain text does not (`i10` < `i2`).
"""

from __future__ import annotations

LETTERS = {"t": 0, "e": 0, "b": 0, "c": 1}


def key(address: str) -> tuple[int, ...]:
    """Sorts addresses in program order."""
    if not address:
        return ()
    return tuple(LETTERS[s] if s in LETTERS else int(s.lstrip("if")) for s in address.split("."))


def shape(address: str) -> str:
    """Without the numbers of turns and branches: `2.f17.0` -> `2.f.0`, the id of the node in a drawing."""
    return ".".join(s[0] if s[:1] in ("i", "f") else s for s in address.split("."))


def scope_of(address: str) -> str:
    """Address of the innermost fan-out branch around `address`; "" is the root scope."""
    segments = address.split(".")
    for end in range(len(segments), 0, -1):
        if segments[end - 1][:1] == "f":
            return ".".join(segments[:end])
    return ""


def depends_on(later: str, earlier: str) -> bool:
    """True if `later` may see what `earlier` does: it is not before it, and not beside it in a fan-out.

    One inside the other counts as dependent: a join depends on its branches, a branch on its fan-out's items.
    """
    for a, b in zip(later.split("."), earlier.split("."), strict=False):
        if a != b:
            return a[:1] != "f" and key(a) > key(b)
    return True
