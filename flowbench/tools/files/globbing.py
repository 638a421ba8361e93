"""Globbing: the entries of a tree whose paths match a pattern."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.tools.files.patterns import compiled
from flowbench.tools.files.scans import SHELF
from flowbench.tools.files.segments import Stage
from flowbench.tools.files.walking import Entry, FileType, Sieve, opened, reported, walk_in_batches, walk_in_order
from flowbench.tools.streaming import streamed

KINDS = {
    None: frozenset(FileType),
    FileType.FILE: frozenset({FileType.FILE, FileType.SYMLINK}),
    FileType.DIR: frozenset({FileType.DIR, FileType.SYMLINK}),
    FileType.SYMLINK: frozenset({FileType.SYMLINK}),
}
BATCH = 128  # matches that are handed to a reader at once
WORDS = {"file": FileType.FILE, "dir": FileType.DIR, "symlink": FileType.SYMLINK}


class GlobMatch(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """path: relative, with `/`. mtime: ms since 1970, size: bytes, of files; both only where they were asked for."""

    path: str
    file_type: FileType
    mtime: float | None = None
    size: int | None = None


class GlobResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """total_matches: how many are returned; what `max_results` has left out is not counted. root: as it was given, the
    directory that paths begin in.
    """

    matches: list[GlobMatch]
    total_matches: int
    root: str = ""

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[GlobMatch]:
        return iter(self.matches)


class Asked(msgspec.Struct, frozen=True):
    """What a glob is asked, checked."""

    root: str
    sieve: Sieve
    kind: FileType | None


def glob(
    pattern: str = "*",
    path: str | os.PathLike[str] = ".",
    *,
    file_type: FileType | int | str | None = None,
    recursive: bool = True,
    hidden: bool = False,
    max_results: int | None = None,
    gitignore: bool = True,
    cache: bool = False,
    sort_by_mtime: bool = False,
    include_node_modules: bool | None = None,
    on_match: Callable[[GlobMatch], object] | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> GlobResult:
    """Entries below the directory `path` whose paths match; abort raises Aborted, at most 128 entries later.

    pattern: `*.py` at any depth, `src/*.py`, `src/**/test_*.{py,pyi}`; wildcards never cross `/`; `\\` counts as `/`.
    file_type: only FILE, DIR or SYMLINK (1, 2, 3; "file", "dir", "symlink"); a link counts as what it leads to, and is
    told as that, unless links are asked for; links are never followed by the walk. recursive: False takes `*.py` for
    the root alone. gitignore: leave out what .gitignore, .ignore and git's own settings ignore, in and outside of
    repositories. cache: a listing of the tree that is less than a second old will do. max_results: the first so many.
    include_node_modules: by default, if the pattern names it. on_match: called with each match, once all are ordered.
    Order: bytes of the path; with sort_by_mtime the latest change first, and matches have `mtime` (ms) and `size`.
    Where a name is no UTF-8, its path has U+FFFD.
    Raises: PathMissing, NoDirectory, BadGlob, Aborted.
    Source: pi-natives 18.2, glob.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    asked = _asked(pattern, path, (file_type, recursive, hidden, gitignore, include_node_modules))
    with profile_region("glob"):
        if max_results == 0:
            matches: list[GlobMatch] = []
        elif sort_by_mtime:
            matches = sorted(_dated(asked, chain.from_iterable(_found(asked, cache, token)), token), key=_latest_first)
        elif max_results is None:
            matches = [match for batch in _found(asked, cache, token) for match in _matches(asked, batch)]
            matches.sort(key=attrgetter("path"))
        else:
            matches = list(islice(_in_order(asked, cache, token), max_results))
        if max_results is not None:
            del matches[max_results:]
    if on_match is not None:
        for match in token.iter(matches):
            on_match(match)
    return GlobResult(matches, len(matches), reported(asked.root))


async def stream_glob(
    pattern: str = "*",
    path: str | os.PathLike[str] = ".",
    *,
    file_type: FileType | int | str | None = None,
    recursive: bool = True,
    hidden: bool = False,
    max_results: int | None = None,
    gitignore: bool = True,
    include_node_modules: bool | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> AsyncIterator[GlobMatch]:
    """What `glob` finds, in order of the paths, while it is found; abort raises Aborted.

    Leaving the loop ends the walk, which waits for a slow reader. Raises: PathMissing, NoDirectory, BadGlob, Aborted.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    asked = _asked(pattern, path, (file_type, recursive, hidden, gitignore, include_node_modules))

    def work(own: CancelToken, put: Callable[[Sequence[GlobMatch]], None]) -> None:
        matches = islice(_in_order(asked, False, own), max_results)
        while batch := list(islice(matches, BATCH)):
            put(batch)

    async for match in streamed("glob", token, work):
        yield match


def _asked(
    pattern: str, path: str | os.PathLike[str], terms: tuple[FileType | int | str | None, bool, bool, bool, bool | None]
) -> Asked:
    """Raises: BadGlob, PathMissing, NoDirectory, ValueError."""
    file_type, recursive, hidden, gitignore, node_modules = terms
    wanted, kind = compiled(pattern, recursive=recursive), _kind(file_type)
    enters = wanted.names_node_modules if node_modules is None else node_modules
    sieve = Sieve(hidden, gitignore, enters, wanted, KINDS[kind])
    return Asked(opened(path), sieve, kind)


def _kind(file_type: FileType | int | str | None) -> FileType | None:
    if file_type is None:
        return None
    try:
        return WORDS[file_type] if isinstance(file_type, str) else FileType(file_type)
    except (KeyError, ValueError):
        raise ValueError(f"file_type is file, dir or symlink (1, 2, 3), not {file_type!r}") from None


def _found(asked: Asked, cache: bool, token: CancelToken) -> Iterable[list[Entry]]:
    """In batches; those of a scan are one, in order."""
    if not cache:
        return walk_in_batches(asked.root, asked.sieve, token)
    return [SHELF.ask(asked.root, asked.sieve, token, lambda entries: _picked(asked, token.iter(entries)))]


def _in_order(asked: Asked, cache: bool, token: CancelToken) -> Iterable[GlobMatch]:
    if cache:
        return _matches(asked, chain.from_iterable(_found(asked, cache, token)))
    return _matches(asked, walk_in_order(asked.root, asked.sieve, token))


def _picked(asked: Asked, entries: Iterable[Entry]) -> list[Entry]:
    """Those of a scan that a walk of this sieve would have told."""
    assert asked.sieve.glob is not None
    folders: dict[str, Stage | None] = {"": asked.sieve.glob.start}
    picked = []
    for entry in entries:
        folder, _, name = entry.path.rpartition("/")
        stage = _stage(folders, folder)
        if stage is not None and entry.kind in asked.sieve.kinds and stage.files.accepts(name):
            picked.append(entry)
    return picked


def _stage(folders: dict[str, Stage | None], folder: str) -> Stage | None:
    """Where a glob stands in a folder; what is known of others is kept."""
    if folder not in folders:
        above, _, name = folder.rpartition("/")
        stage = _stage(folders, above)
        folders[folder] = None if stage is None else stage.enter(name)
    return folders[folder]


def _matches(asked: Asked, entries: Iterable[Entry]) -> Iterable[GlobMatch]:
    """As they are told: links by what they lead to, if that was asked for."""
    if asked.kind is None or asked.kind is FileType.SYMLINK:
        return (GlobMatch(entry.path, entry.kind) for entry in entries)
    return _resolved(asked.kind, entries)


def _resolved(kind: FileType, entries: Iterable[Entry]) -> Iterator[GlobMatch]:
    for entry in entries:
        if entry.kind is kind or _target(entry) is kind:
            yield GlobMatch(entry.path, kind)


def _dated(asked: Asked, entries: Iterable[Entry], token: CancelToken) -> Iterator[GlobMatch]:
    """Those that are still there, with time and size."""
    for entry in token.iter(entries):
        for match in _matches(asked, (entry,)):
            try:
                found = os.stat(entry.place, follow_symlinks=match.file_type is not entry.kind)
            except OSError:
                continue
            size = found.st_size if match.file_type is FileType.FILE else None
            yield GlobMatch(match.path, match.file_type, found.st_mtime_ns / 1e6, size)


def _target(entry: Entry) -> FileType | None:
    """What a link leads to; None if to nothing that is told."""
    try:
        mode = os.stat(entry.place).st_mode
    except OSError:
        return None
    return FileType.FILE if stat.S_ISREG(mode) else FileType.DIR if stat.S_ISDIR(mode) else None


def _latest_first(match: GlobMatch) -> tuple[float, str]:
    return -(match.mtime or 0.0), match.path
