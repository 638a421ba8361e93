"""Words: the wording that all refusals share: what was likely meant, what is allowed, what a value is."""

from __future__ import annotations

from collections.abc import Iterable

from flowbench.flow import meant

SHOWN = 40  # characters of somebody's own text that a message repeats


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean "kind"?)` or nothing."""
    if len(word) > SHOWN:
        return ""
    found = meant(word, known)
    return f' (did you mean "{found}"?)' if found else ""


def one_of(allowed: Iterable[str]) -> str:
    """`lua, operator or python_fn`."""
    words = list(allowed)
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def what(value: object) -> str:
    """`the text "abc"`, `a list`, `null`: a JSON value in words, shortened."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'the text "{value if len(value) <= SHOWN else value[:SHOWN] + "…"}"'
    if isinstance(value, int):
        return f"the number {value}" if abs(value) < 10**SHOWN else "a very large number"
    if isinstance(value, float):
        return f"the number {value!r}"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return f"a Python {type(value).__name__}"
