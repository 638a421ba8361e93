"""Changes: what differs between two ctx, path by path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import msgspec

from flowbench import flow


class Missing:
    """Stands for no value at all, which is not null."""

    def __repr__(self) -> str:
        return "(not there)"


MISSING = Missing()


class Change(msgspec.Struct, frozen=True):
    """One path. before, after: its values, MISSING where the path was not there."""

    path: str
    before: Any
    after: Any

    @property
    def kind(self) -> str:
        """added | removed | changed"""
        return "added" if self.before is MISSING else "removed" if self.after is MISSING else "changed"


def changes(before: Any, after: Any, path: str = "$") -> Iterator[Change]:
    """What was added, removed or replaced, in the order of the keys; lists are compared as a whole.

    A write copies only the dicts along its path, so that everything else is the same object and costs nothing here.
    """
    if before is after:
        return
    if before.__class__ is not dict or after.__class__ is not dict:
        if _differs(before, after):
            yield Change(path, before, after)
        return
    for key in dict.fromkeys((*before, *after)):
        below = flow.under(path, key)
        if key in before and key in after:
            yield from changes(before[key], after[key], below)
        else:
            yield Change(below, before.get(key, MISSING), after.get(key, MISSING))


def changed_paths(before: Any, after: Any) -> Iterator[str]:
    """The paths of `changes`."""
    return (each.path for each in changes(before, after))


def leaves(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in a ctx that is no dict with keys; lists are leaves."""
    if value.__class__ is not dict or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves(inner, flow.under(path, key))


def spelled(keys: flow.Keys, root: str = "$") -> str:
    """Keys as a path that the language reads: `$.a["b.c"]`."""
    return reduce(flow.under, keys, root)


def _differs(before: Any, after: Any) -> bool:
    """1, 1.0 and true are three values, also inside of lists."""
    if before.__class__ is not after.__class__ or before != after:
        return True
    return before.__class__ is list and flow.encode(before) != flow.encode(after)
