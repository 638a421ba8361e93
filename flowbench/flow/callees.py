"""Callees: what flows need to know of the functions that their steps name: the ref, and which values each one takes.

The room of agents introduces its functions here; authoring asks for them by the function itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from flowbench.flow.caller import refuse
from flowbench.flow.errors import NotJson
from flowbench.flow.nodes import CallExtern, Expr, Lit, Path
from flowbench.flow.terms import ctx
from flowbench.flow.values import take_value


class Callee(NamedTuple):
    """A function as a step sees it.

    takes: nothing, one value, or an object whose keys are passed by name. needs: parameters without a default that
    the input fills. keeps: those with one, name -> default.
    """

    ref: str
    takes: Literal["nothing", "value", "fields"]
    needs: tuple[str, ...]
    keeps: Mapping[str, Any]


_known: WeakKeyDictionary[Callable[..., Any], Callee] = WeakKeyDictionary()


def introduce(fn: Callable[..., Any], callee: Callee) -> None:
    """From now on steps may name the function itself; one that cannot be found again is named by its ref only."""
    try:
        _known[fn] = callee
    except TypeError:  # no weak reference, or no hash
        return


def callee_of(fn: Callable[..., Any]) -> Callee:
    """Raises: AuthoringError for a function that is no agent."""
    try:
        found = _known.get(fn)
    except TypeError:
        found = None
    if found is None:
        name = getattr(fn, "__name__", "")
        if not name or name == "<lambda>":
            raise refuse("a step calls agents, and this function has no name: make it a def with @agent above")
        raise refuse(
            f"{name} is no agent yet: put @agent above its def (flowbench.agent), or name an agent by its text"
        )
    return found


def input_of(callee: Callee, before: Expr | None, results: Mapping[str, Expr]) -> Expr:
    """What a step of this function reads, if nobody says it: the rules of `pipeline`.

    before: where the step in front of it has written. results: names of earlier steps -> where they have written.
    Raises: AuthoringError.
    """
    if callee.takes == "nothing":
        return Lit(None)
    names = callee.needs or _filled(callee, before, results)
    if not names:
        return _defaults(callee)
    sources = {name: results.get(name) or _key(callee, name) for name in names}
    free = [name for name in names if name not in results]
    if before is not None and free and before not in [results.get(name) for name in names]:
        sources[free[0]] = before
    if callee.takes == "value":
        return sources[names[0]]
    return CallExtern("object", tuple(_flat((Lit(name), source) for name, source in sources.items())))


def _filled(callee: Callee, before: Expr | None, results: Mapping[str, Expr]) -> tuple[str, ...]:
    """Which parameters of a function that needs none are filled nevertheless."""
    named = tuple(name for name in callee.keeps if name in results)
    return named or (tuple(callee.keeps)[:1] if before is not None else ())


def output_of(callee: Callee) -> Path:
    """Where a step of this function writes, if nobody says it."""
    return Path(ctx[callee.ref]._expr.at)


def _key(callee: Callee, name: str) -> Path:
    return ctx[name]._expr


def _defaults(callee: Callee) -> Expr:
    """All parameters keep their defaults: an object without keys, or the one default itself."""
    if callee.takes == "fields" and callee.keeps:
        return Lit({})
    if not callee.keeps:
        raise refuse(f"{callee.ref} takes whatever it gets, so say what it reads: step({callee.ref}, in_=...)")
    ((name, default),) = callee.keeps.items()
    try:
        return Lit(take_value(default))
    except NotJson:
        raise refuse(f"the default of {callee.ref}({name}) is no JSON value, so say step(..., in_=...)") from None


def _flat(pairs: Iterable[tuple[Expr, Expr]]) -> list[Expr]:
    return [each for pair in pairs for each in pair]
