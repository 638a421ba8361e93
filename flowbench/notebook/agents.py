"""Agents: who can do a step here, what each takes, where it is defined and which Blueprints ask for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from flowbench import blueprint as bp
from flowbench.notebook.still import refs
from flowbench.notebook.view import cut

TAKES_LENGTH = 60  # characters of a signature
MISSING = "not defined"


class Row(NamedTuple):
    """One agent. kind: how it runs, or MISSING. takes: its signature. defined: `In[3]:2` or file:line."""

    agent: str
    kind: str
    takes: str
    defined: str
    used_by: str


def listing(
    functions: bp.Functions, blueprints: Mapping[str, bp.Blueprint], place: Callable[[str], str] = str
) -> list[Row]:
    """Registered functions, agents that Blueprints define, and those that they miss, by name.

    place: file name of code -> what a person calls it, such as `In[3]`.
    """
    users: dict[str, list[str]] = {}
    defined: dict[str, bp.AgentDef] = {}
    for name, blueprint in blueprints.items():
        for ref in dict.fromkeys(refs(blueprint)):
            users.setdefault(ref, []).append(name)
        defined |= {each.name: each for each in blueprint.agents}
    found = []
    for ref in sorted({*functions.ids(), *defined, *users}):
        used = ", ".join(users.get(ref, ()))
        if ref in functions:
            function = functions.get(ref)
            found.append(Row(ref, _kind(function), _takes(function.fn), _place(function.fn, place), used))
        elif ref in defined:
            found.append(Row(ref, str(defined[ref].kind.value), "", f"in {used or 'a Blueprint'}", used))
        else:
            found.append(Row(ref, MISSING, "", "", used))
    return found


def _kind(function: bp.PythonFunction) -> str:
    if function.isolation:
        return function.isolation
    return "async" if function.is_async else "inline" if function.inline else "thread"


def _takes(fn: Callable[..., Any]) -> str:
    try:
        return cut(str(inspect.signature(fn)), TAKES_LENGTH)
    except (TypeError, ValueError):  # a built-in that does not say
        return ""


def _place(fn: Callable[..., Any], place: Callable[[str], str]) -> str:
    inner: Any = inspect.unwrap(fn)
    while isinstance(inner, partial):
        inner = inner.func
    code = getattr(inner if inspect.isroutine(inner) else type(inner).__call__, "__code__", None)
    if code is None:
        return str(getattr(inner, "__module__", "") or "")
    return f"{place(code.co_filename)}:{code.co_firstlineno}"
