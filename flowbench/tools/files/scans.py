"""Scans: what a walk has found, kept for a second, so that many questions about one tree list it once.

Environment, read at each question: FS_SCAN_CACHE_TTL_MS (1000; 0 keeps nothing), FS_SCAN_EMPTY_RECHECK_MS (200: a scan
of this age that answers with nothing is made anew), FS_SCAN_CACHE_MAX_ENTRIES (16 scans), FS_SCAN_CACHE_MAX_BYTES
(64 MiB, about). The oldest scans make room.
Source: pi-natives 18.2, fs_cache.rs.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from flowbench.cancel import CancelToken
from flowbench.tools.files.walking import Entry, Sieve, walk_in_order

R = TypeVar("R")

COST = 400  # bytes of an entry without its path, about


class Scan(NamedTuple):
    """entries: in byte order of their paths. made: seconds, monotonic. size: bytes, about."""

    entries: Sequence[Entry]
    made: float
    size: int


class Key(NamedTuple):
    """place: the root as it was given, which the entries' own places begin with. root: absolute, without links."""

    root: str
    place: str
    hidden: bool
    gitignore: bool
    node_modules: bool


class Shelf:
    """Kept scans, for all threads. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._scans: dict[Key, Scan] = {}  # the oldest first
        self._forgotten = 0  # how often scans were dropped: one that was under way then is not kept

    def ask(self, root: str, sieve: Sieve, token: CancelToken, pick: Callable[[Sequence[Entry]], list[R]]) -> list[R]:
        """What `pick` makes of the entries, of a kept scan if there is one; abort raises Aborted.

        root: as `opened` returns it. sieve: `hidden`, `gitignore` and `node_modules` of it count, the rest is for
        `pick` to do. An empty list of an older scan is not believed: the tree is listed again.
        """
        key = Key(os.path.realpath(root), root, sieve.hidden, sieve.gitignore, sieve.node_modules)
        kept = self._kept(key)
        picked = pick((kept or self._scan(key, token)).entries)
        if picked or kept is None or self._clock() - kept.made < _setting("FS_SCAN_EMPTY_RECHECK_MS", 200) / 1000:
            return picked
        return pick(self._scan(key, token).entries)

    def forget(self, path: str | os.PathLike[str] | None = None) -> None:
        """All scans, or those that `path` may have changed: of the directories that hold it, and of those in it."""
        place = None if path is None else os.path.join(os.path.realpath(os.path.abspath(path)), "")
        with self._lock:
            self._forgotten += 1
            for key in list(self._scans):
                root = os.path.join(key.root, "")
                if place is None or place.startswith(root) or root.startswith(place):
                    del self._scans[key]

    def _kept(self, key: Key) -> Scan | None:
        with self._lock:
            scan = self._scans.get(key)
        is_fresh = scan is not None and self._clock() - scan.made < _setting("FS_SCAN_CACHE_TTL_MS", 1000) / 1000
        return scan if is_fresh else None

    def _scan(self, key: Key, token: CancelToken) -> Scan:
        before = self._forgotten
        sieve = Sieve(hidden=key.hidden, gitignore=key.gitignore, node_modules=key.node_modules)
        entries = tuple(walk_in_order(key.place, sieve, token))
        scan = Scan(entries, self._clock(), sum(COST + 2 * len(entry.path) for entry in entries))
        self._keep(key, scan, before)
        return scan

    def _keep(self, key: Key, scan: Scan, before: int) -> None:
        most, room = _setting("FS_SCAN_CACHE_MAX_ENTRIES", 16), _setting("FS_SCAN_CACHE_MAX_BYTES", 64 << 20)
        until = scan.made - _setting("FS_SCAN_CACHE_TTL_MS", 1000) / 1000
        with self._lock:
            if self._forgotten != before:
                return
            self._scans.pop(key, None)
            self._scans[key] = scan
            size = sum(kept.size for kept in self._scans.values())
            for old in list(self._scans):
                if len(self._scans) <= most and size <= room and self._scans[old].made > until:
                    break
                size -= self._scans.pop(old).size


SHELF = Shelf()
"""The one that all tools of this process share."""


def invalidate_fs_scan_cache(path: str | os.PathLike[str] | None = None) -> None:
    """Forget what is known about trees: all of them, or those that `path` may have changed. After writes, so that the
    next question with `cache=True` sees them.
    """
    SHELF.forget(path)


def _setting(name: str, default: int) -> float:
    """A number of at least 0; what is none counts as not given."""
    try:
        value = float(os.environ.get(name, default))
    except ValueError:
        return default
    return value if value >= 0 else default
