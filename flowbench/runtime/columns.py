"""Columns: which paths of a ctx make good columns of a table, and what each step found there.

Nobody wants 10,000 columns: at most `limit`, dicts are opened level by level as long as there is room, and a dict that
stays closed shows how many keys it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowbench import flow
from flowbench.runtime.changes import spelled
from flowbench.runtime.history import History, Track

LIMIT = 50
DEEPEST = 8  # levels of dicts that columns go down

Row = Mapping[str, Any]
"""Column -> value; a path that the ctx does not have is missing."""


@dataclass
class Columns:
    """paths: name of the column (`ctx.a.b`) -> keys. left_out: top-level keys that found no room.

    is_chosen: a person named them, so that dicts are shown as they are. opened: those whose keys are columns, too.
    """

    paths: dict[str, flow.Keys]
    left_out: int = 0
    is_chosen: bool = False
    opened: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """touched: first key -> the columns that a write below it may change."""
        whole = [name for name, keys in self.paths.items() if not keys]
        self.touched = {keys[0]: list(whole) for keys in self.paths.values() if keys}
        self.untouched = whole
        for name, keys in self.paths.items():
            if keys:
                self.touched[keys[0]].append(name)


def chosen(paths: Sequence[str]) -> Columns:
    """Exactly these. paths: `$.a.b` or `ctx.a.b`. Raises: flow.InvalidPath."""
    found = [flow.parse_path(path) for path in paths]
    return Columns({spelled(keys, "ctx"): keys for keys in found}, is_chosen=True)


def fitting(history: History, limit: int = LIMIT) -> Columns:
    """The paths that were ever there, at most `limit` of them, in the order in which they appeared."""
    if limit <= 0:
        return Columns({})
    root, extra, base = _Seen(), set[str](), object()
    for track in history.tracks.values():
        if track.base is not base:  # branches of one fan-out begin with one ctx
            base = track.base
            _see_root(root, base, limit, extra)
        for _, keys, value in track.log:
            if keys is None or not keys:
                _see_root(root, value, limit, extra)
            elif keys[0] in root.below or len(root.below) < limit:
                _see_write(root, keys, value, limit)
            else:
                extra.add(keys[0])
    paths = list(_opened(root, limit))
    named = {spelled(keys, "ctx"): keys for keys in paths}
    parents = {keys[:end] for keys in paths for end in range(len(keys))}
    return Columns(named, len(extra), opened=frozenset(name for name, keys in named.items() if keys in parents))


def rows(history: History, columns: Columns) -> dict[str, Row]:
    """Address of a step or fan-out -> its row: the ctx of its scope after it wrote, or as it was when it failed."""
    found: dict[str, Row] = {}
    known: tuple[Any, dict[str, Any]] | None = None
    for track in history.tracks.values():
        if known is None or known[0] is not track.base:
            known = (track.base, _read(track.base, columns, columns.paths))
        _fill(found, track, columns, known[1])
    return found


def _fill(found: dict[str, Row], track: Track, columns: Columns, first: Mapping[str, Any]) -> None:
    scope, row, done = flow.Scope(track.base), dict(first), 0
    ends = sorted((span[-1], address) for address, span in track.span.items())
    for writes, address in ends:
        for _, keys, value in track.log[done:writes]:
            if keys is None:
                scope.own.clear()
                scope.ctx = value
            else:
                flow.force(scope, keys, value)
            touched = columns.touched.get(keys[0], columns.untouched) if keys else list(columns.paths)
            for name in touched:
                row.pop(name, None)
            row |= _read(scope.ctx, columns, touched)
        if columns.is_chosen:
            scope.own.clear()  # the row may hold dicts: from now on a write copies them
        done = writes
        found[address] = dict(row)


def _read(ctx: Any, columns: Columns, names: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    row = {}
    for name in names:
        value = ctx
        for key in columns.paths[name]:
            if value.__class__ is not dict or key not in value:
                break
            value = value[key]
        else:
            if value.__class__ is dict and not columns.is_chosen:
                if name in columns.opened:
                    continue  # its keys have columns of their own
                value = f"{{{len(value):,} keys}}" if len(value) != 1 else "{1 key}"
            row[name] = value
    return row


@dataclass
class _Seen:
    """What was seen at one path. is_wide: too many keys, or too deep, to be opened. is_leaf: held something else."""

    below: dict[str, _Seen] = field(default_factory=dict)
    is_wide: bool = False
    is_leaf: bool = False


def _see_root(root: _Seen, ctx: Any, limit: int, extra: set[str]) -> None:
    if ctx.__class__ is not dict:
        root.is_leaf = True
        return
    for key, value in ctx.items():
        if key in root.below or len(root.below) < limit:
            _see(root.below.setdefault(key, _Seen()), value, limit, 1)
        else:
            extra.add(key)


def _see_write(root: _Seen, keys: flow.Keys, value: Any, limit: int) -> None:
    here = root
    for depth, key in enumerate(keys):
        if here.is_wide or depth >= DEEPEST:
            here.is_wide = True
            return
        here = here.below.setdefault(key, _Seen())
        if len(here.below) > limit:
            here.is_wide = True
    _see(here, value, limit, len(keys))


def _see(here: _Seen, value: Any, limit: int, depth: int) -> None:
    if value.__class__ is not dict or not value:
        here.is_leaf = True
        return
    if len(value) > limit or depth >= DEEPEST:
        here.is_wide = True
    if here.is_wide:
        return
    for key, inner in value.items():
        _see(here.below.setdefault(key, _Seen()), inner, limit, depth + 1)
    here.is_wide = len(here.below) > limit


def _opened(root: _Seen, limit: int) -> Iterator[flow.Keys]:
    """Paths of the columns, parents in front of their children where they were no dict at times."""
    count, opened = len(root.below) + root.is_leaf, {id(root)}
    level = list(root.below.values())
    while level:
        following: list[_Seen] = []
        for each in level:
            more = len(each.below) - (not each.is_leaf)
            if each.below and not each.is_wide and count + more <= limit:
                count += more
                opened.add(id(each))
                following += each.below.values()
        level = following

    work: list[tuple[flow.Keys, _Seen]] = [((), root)]
    while work:
        keys, here = work.pop()
        if id(here) not in opened or here.is_leaf:
            yield keys
        if id(here) in opened:
            work += [((*keys, key), below) for key, below in reversed(here.below.items())]
