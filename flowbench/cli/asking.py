"""Asking: a command's person is whoever sits at its terminal, or a policy."""

from __future__ import annotations

from typing import Any


def people(answers: str | None) -> dict[str, Any]:
    """Options of a launch. answers: a file with a policy, as it was given."""
    from flowbench.runtime import Terminal, attendants

    if not any(isinstance(each, Terminal) for each in attendants):
        attendants.append(Terminal())
    return {"operator": "people", "answers": answers}


def is_asking() -> bool:
    """The terminal holds a question just now."""
    from flowbench.runtime import Terminal, attendants

    return any(isinstance(each, Terminal) and each.asks for each in attendants)
