"""Walking: the entries below a directory; the one way in which the tools of this room look at a tree.

For the other tools of this room:

- `walk(root, Sieve(...), token)` yields each Entry as it is found: the fast way, and flat in memory, a directory of any
  size included. `walk_in_order(...)` yields them in byte order of their paths; it holds the listings of the
  directories that it is in. Both are generators: leave the loop early, and close them, to stop the work.
- `Sieve` says what is left out: `hidden`, `gitignore`, `node_modules`, `glob` (a `patterns.Glob`; directories in which
  nothing can match are not entered), `kinds`.
- `Entry.path` is relative with `/`, always text that JSON can hold: where a name is no UTF-8, U+FFFD stands for its
  bytes. `Entry.place` opens the file, whatever its name.
- `opened(path)` checks a root. Raises: PathMissing, NoDirectory.
- `patterns.compiled(text, recursive=...)` is a glob: `matches(path)`, or `start` to go down with. Raises: BadGlob.
- `scans.SHELF.ask(root, sieve, token, pick)` hands all entries, in order, of a scan of the last second to `pick`.

`.git` is never entered nor told; links are told as links and never followed, the root excepted; pipes, sockets and
devices are not told; what cannot be read is passed over in silence. Heartbeat: each directory, and each 128 entries
within one. Raises: Aborted.
Source: pi-natives 18.2, pi-walker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import IntEnum
from itertools import islice
from operator import itemgetter
from os import scandir
from typing import TypeAlias

import msgspec

from flowbench.cancel import CancelToken
from flowbench.tools.errors import NoDirectory, PathMissing
from flowbench.tools.files.ignoring import Rules
from flowbench.tools.files.patterns import Glob
from flowbench.tools.files.scopes import GIT, NAMES, Scopes, above, everywhere, present
from flowbench.tools.files.segments import Stage

BEAT = 128  # entries between two looks at the token
LISTED = 1024  # entries of a directory that are looked through for ignore files before any of them is judged
WAITING = 4096  # directories of one directory that wait for their turn; before more are found, these are entered


class FileType(IntEnum):
    """What an entry is. The numbers are those of pi-natives."""

    FILE = 1
    DIR = 2
    SYMLINK = 3


FILE, DIR, SYMLINK = FileType


class Entry(msgspec.Struct, gc=False):
    """path: relative, with `/`. found: as the system gives it."""

    path: str
    kind: FileType
    found: os.DirEntry[str]

    @property
    def place(self) -> str:
        """Where it is, for the system: the root as it was given, and the names as they are."""
        return self.found.path

    def stat(self) -> os.stat_result | None:
        """Of the entry itself, as it is now, links not followed; None if it is gone."""
        try:
            return os.lstat(self.found.path)
        except OSError:
            return None


class Sieve(msgspec.Struct, frozen=True):
    """What a walk tells. gitignore: ignore files hold. node_modules: they are entered. kinds: what is told."""

    hidden: bool = True
    gitignore: bool = True
    node_modules: bool = False
    glob: Glob | None = None
    kinds: frozenset[FileType] = frozenset(FileType)


class Folder(msgspec.Struct, gc=False):
    """A directory to be listed. prefix: its relative path, with `/` at its end unless it is the root."""

    place: str
    prefix: str
    scopes: Scopes | None
    stage: Stage | None
    listing: Iterator[list[os.DirEntry[str]]] | None = None  # one that is continued


Found: TypeAlias = tuple[list[Entry], list[Folder]]


def walk(root: str, sieve: Sieve, token: CancelToken) -> Iterator[Entry]:
    """Entries below `root` as they are found. Raises: Aborted."""
    for entries in walk_in_batches(root, sieve, token):
        yield from entries


def walk_in_batches(root: str, sieve: Sieve, token: CancelToken) -> Iterator[list[Entry]]:
    """The same, up to 128 of one directory at a time. Raises: Aborted."""
    look = _Look(sieve, token)
    waiting = [look.start(root)]
    try:
        while waiting:
            folder = waiting.pop()
            listing = folder.listing or look.listing(folder)
            below: list[Folder] = []
            for batch in listing:
                entries, folders = look.sift(folder, batch)
                if entries:
                    yield entries
                below += folders
                if len(below) >= WAITING:
                    folder.listing = listing
                    waiting.append(folder)
                    break
            waiting += below
    finally:
        for folder in waiting:
            if folder.listing is not None:
                folder.listing.close()  # type: ignore[attr-defined]  # a generator


def walk_in_order(root: str, sieve: Sieve, token: CancelToken) -> Iterator[Entry]:
    """Entries below `root` in byte order of their paths. Raises: Aborted."""
    look = _Look(sieve, token)
    open_: list[Iterator[Entry | Folder]] = [iter([look.start(root)])]
    while open_:
        for item in open_[-1]:
            if isinstance(item, Entry):
                yield item
            else:
                open_.append(look.sorted(item))
                break
        else:
            open_.pop()


def opened(path: str | os.PathLike[str]) -> str:
    """A directory to walk, as text. Raises: PathMissing, NoDirectory."""
    place = os.fspath(path)
    try:
        os.stat(place)
    except (OSError, ValueError) as error:
        raise PathMissing(reported(place), getattr(error, "strerror", None) or str(error)) from None
    if not os.path.isdir(place):
        raise NoDirectory(reported(place))
    return place


def reported(name: str) -> str:
    """A name, or path, that JSON can hold: U+FFFD where its bytes are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "replace")
    return name


class _Look:
    """One walk's way of looking at directories."""

    def __init__(self, sieve: Sieve, token: CancelToken) -> None:
        self._sieve = sieve
        self._token = token
        self._everywhere: Rules | None = everywhere() if sieve.gitignore else None
        self._files = FILE in sieve.kinds
        self._folders = DIR in sieve.kinds
        self._links = SYMLINK in sieve.kinds

    def start(self, root: str) -> Folder:
        glob = self._sieve.glob
        scopes = above(os.path.realpath(root), self._everywhere) if self._sieve.gitignore else None
        return Folder(root, "", scopes, None if glob is None else glob.start)

    def listing(self, folder: Folder) -> Iterator[list[os.DirEntry[str]]]:
        """Up to 128 entries at a time. The first time, it completes the folder's scopes."""
        beat = self._token.heartbeat
        beat()
        try:
            found = scandir(folder.place)
        except (OSError, ValueError):
            return
        with found:
            first: list[list[os.DirEntry[str]]] = []
            batch = _next(found)
            while batch:
                is_last = len(batch) < BEAT
                if folder.scopes is None:
                    yield batch
                else:
                    first.append(batch)
                    if is_last or len(first) * BEAT > LISTED:
                        break
                if is_last:
                    return
                beat()
                batch = _next(found)
            if first:
                self._complete(folder, first, is_whole=not batch or len(batch) < BEAT)
                yield from first
                while len(batch) == BEAT:
                    beat()
                    batch = _next(found)
                    if batch:
                        yield batch

    def _complete(self, folder: Folder, listed: list[list[os.DirEntry[str]]], *, is_whole: bool) -> None:
        """Add the folder's own ignore files. listed: of it; whole, or its beginning."""
        names = NAMES & {entry.name for batch in listed for entry in batch} if is_whole else present(folder.place)
        if names and folder.scopes is not None:
            folder.scopes = folder.scopes.with_files_of(folder.place, names, self._everywhere)

    def sift(self, folder: Folder, batch: list[os.DirEntry[str]]) -> Found:
        """What of a batch is told, and what is entered."""
        sieve, prefix, stage, scopes = self._sieve, folder.prefix, folder.stage, folder.scopes
        files, folders_too, links = self._files, self._folders, self._links
        hidden, no_file, no_folder = sieve.hidden, None, None
        if scopes is not None:
            no_file, no_folder = scopes.ignores_file, scopes.ignores_folder
        accepts = None if stage is None else stage.files.accepts
        entries: list[Entry] = []
        folders: list[Folder] = []
        for found in batch:
            name = shown = found.name
            if found.is_file(follow_symlinks=False):
                kind, is_told = FILE, files
            elif found.is_dir(follow_symlinks=False):
                if name == "node_modules" and not sieve.node_modules:
                    continue
                kind, is_told = DIR, folders_too
            elif found.is_symlink():
                kind, is_told = SYMLINK, links
            else:
                continue
            if not name.isascii():
                shown = reported(name)
            if is_told and accepts is not None:
                is_told = accepts(shown)
            if not is_told and kind is not DIR:
                continue
            if name[0] == "." and (not hidden or name == GIT):
                continue
            ignores = no_folder if kind is DIR else no_file
            if ignores is not None and ignores(name):
                continue
            path = prefix + shown
            if is_told:
                entries.append(Entry(path, kind, found))
            if kind is DIR:
                below = None if stage is None else stage.enter(shown)
                if stage is None or below is not None:
                    inner = None if scopes is None else scopes.below(name)
                    folders.append(Folder(found.path, f"{path}/", inner, below))
        return entries, folders

    def sorted(self, folder: Folder) -> Iterator[Entry | Folder]:
        """A directory's entries, and each directory where its content belongs: `a`, `a.txt`, `a/b`."""
        items: list[tuple[str, Entry | Folder]] = []
        for batch in self.listing(folder):
            entries, folders = self.sift(folder, batch)
            items += [(entry.path, entry) for entry in entries]
            items += [(below.prefix, below) for below in folders]
        items.sort(key=itemgetter(0))
        return (item for _, item in items)


def _next(found: Iterator[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    try:
        return list(islice(found, BEAT))
    except OSError:  # it was taken away while it was listed
        return []
