"""Plans: which files are searched, in which portions, and when enough is found; the same for every engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from flowbench.cancel import CancelToken
from flowbench.tools.files.walking import FILE, Entry, Sieve, walk, walk_in_order
from flowbench.tools.searching import pages
from flowbench.tools.searching.hits import LARGE, Ask, Collected, FileHits, Hearer
from flowbench.tools.searching.ladder import Rung

WINDOWS = (16, 64, 256)  # files that are searched at a time while a page fills; the first hits come after the first
REST = 2048  # files at a time behind those
ALL = 8192  # where there are no pages


class Engine(Protocol):
    """Who searches. All raise Unfit for a pattern that they cannot read, Unable where they cannot run, and Aborted."""

    def takes_tree(self, ask: Ask) -> bool:
        """It can walk for itself, and is quicker so."""

    def tree(self, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
        """Search below a directory; returns how many files were searched."""

    def files(self, ask: Ask, rung: Rung, places: list[bytes], hearer: Hearer, token: CancelToken) -> int:
        """Search those files. places: from the root, or absolute."""


def everything(engine: Engine, ask: Ask, rung: Rung, hearer: Hearer, token: CancelToken) -> int:
    """Tell of all hits, in any order; returns how many files were searched."""
    if ask.is_file:
        return engine.files(ask, rung, [os.fsencode(os.path.basename(ask.root))], hearer, token)
    if engine.takes_tree(ask):
        return engine.tree(ask, rung, hearer, token)
    searched = 0
    entries = candidates(ask, token, is_ordered=False)
    while window := [_place(ask, entry) for entry in islice(entries, ALL)]:
        searched += engine.files(ask, rung, window, hearer, token)
    return searched


def first_page(engine: Engine, ask: Ask, rung: Rung, room: int, token: CancelToken) -> tuple[list[FileHits], int]:
    """The files in order up to the one with which there are `room` matches, and how many were searched up to there."""
    if ask.is_file:
        found = Collected()
        return found.files, everything(engine, ask, rung, found, token)
    entries = candidates(ask, token, is_ordered=True)
    kept: list[FileHits] = []
    large: list[Entry] = []
    searched = 0
    for size in _sizes():
        window = list(islice(entries, size))
        normal = [entry for entry in window if not _is_large(entry)]
        large += [entry for entry in window if _is_large(entry)]
        if not window:
            normal, large = large[:size], large[size:]
            if not normal:
                break
        if size == REST and searched and engine.takes_tree(ask):
            return _rest(engine, ask, rung, room, token)
        found = Collected()
        engine.files(ask, rung, [_place(ask, entry) for entry in normal], found, token)
        kept += pages.in_order(found.files)
        last = _filling(kept, room)
        if last is not None:
            paths = [entry.path for entry in normal]
            return kept[: last + 1], searched + paths.index(kept[last].path) + 1
        searched += len(normal)
    return kept, searched


def candidates(ask: Ask, token: CancelToken, *, is_ordered: bool) -> Iterator[Entry]:
    """The files below the root that are to be searched."""
    modules = ask.glob is not None and ask.glob.names_node_modules
    sieve = Sieve(ask.hidden, ask.gitignore, modules, ask.glob, frozenset({FILE}))
    for entry in (walk_in_order if is_ordered else walk)(ask.root, sieve, token):
        if (ask.kind is None or ask.kind.accepts(entry.path)) and (ask.recursive or "/" not in entry.path):
            yield entry


def _sizes() -> Iterator[int]:
    yield from WINDOWS
    while True:
        yield REST


def _rest(engine: Engine, ask: Ask, rung: Rung, room: int, token: CancelToken) -> tuple[list[FileHits], int]:
    """There is little to find: the whole tree at once is quicker than one portion after the other."""
    found = Collected()
    searched = engine.tree(ask, rung, found, token)
    kept = pages.in_order(found.files)
    last = _filling(kept, room)
    if last is None:
        return kept, searched
    end = kept[last]
    normal = large = 0
    for entry in candidates(ask, token, is_ordered=True):
        if not end.is_large and entry.path == end.path:
            return kept[: last + 1], normal + 1
        if _is_large(entry):
            large += entry.path.encode() <= end.path.encode()
        else:
            normal += 1
    return kept[: last + 1], normal + (large if end.is_large else 0)


def _filling(files: list[FileHits], room: int) -> int | None:
    """The file with which there are so many matches."""
    total = 0
    for at, file in enumerate(files):
        total += file.count
        if total >= room:
            return at
    return None


def _is_large(entry: Entry) -> bool:
    known = entry.stat()
    return known is not None and known.st_size > LARGE


def _place(ask: Ask, entry: Entry) -> bytes:
    return os.fsencode(entry.place[len(ask.root) :].lstrip("/"))
