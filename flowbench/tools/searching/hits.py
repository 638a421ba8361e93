"""Hits: what a search is asked and what it finds; plain data between the engines, the pages and the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from flowbench.tools.files.patterns import Glob
from flowbench.tools.searching.kinds import Kind

Mode = Literal["content", "count", "files_with_matches"]

LARGE = 4 << 20  # bytes; a file above it comes after all others, and a line above it is shown cut


class ContextLine(msgspec.Struct, frozen=True, gc=False):
    """A line near a match. line_number: from 1. line: without its end."""

    line_number: int
    line: str


class GrepMatch(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """path: relative with `/`, or absolute when one file is searched. line_number: from 1; only in mode content.

    line: without trailing whitespace, U+FFFD for bytes that are no UTF-8; with multiline the whole block of lines.
    column, length: of the first match in the line, in characters, from 1. truncated: the line was longer than it is
    shown.
    match_count: matches in the file; mode count only.
    """

    path: str
    line_number: int = 0
    line: str = ""
    context_before: tuple[ContextLine, ...] = ()
    context_after: tuple[ContextLine, ...] = ()
    column: int = 0
    truncated: bool = False
    match_count: int = 0
    length: int = 0


class GrepResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """matches: in byte order of their paths, large files (over 4 MiB) after all others. limit_reached: of max_count.

    total_matches, files_with_matches, files_searched: of all that was visited; a page of mode content without offset
    visits no file behind its last one. skipped_oversized: files of which something was too long to be searched (a line
    of more than 256 MiB); all others are searched whole, whatever their size. root: as it was given, the directory that
    paths begin in.
    """

    matches: tuple[GrepMatch, ...]
    total_matches: int
    files_with_matches: int
    files_searched: int
    limit_reached: bool = False
    skipped_oversized: int = 0
    root: str = ""

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[GrepMatch]:
        return iter(self.matches)


class SearchResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """matches: in a text; their path is empty. error: why there was no search; it is never raised."""

    matches: tuple[GrepMatch, ...]
    match_count: int
    limit_reached: bool = False
    error: str = ""

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[GrepMatch]:
        return iter(self.matches)


class Ask(msgspec.Struct, frozen=True):
    """One search, its options made plain. root: a directory, or the one file that `is_file` says it is."""

    pattern: str
    root: str
    is_file: bool = False
    glob: Glob | None = None
    kind: Kind | None = None
    ignore_case: bool = False
    multiline: bool = False
    hidden: bool = True
    gitignore: bool = True
    recursive: bool = True
    before: int = 0
    after: int = 0
    max_columns: int | None = None
    max_per_file: int | None = None
    mode: Mode = "content"

    @property
    def per_file(self) -> int | None:
        """Matches after which a file needs no further look."""
        return 1 if self.mode == "files_with_matches" else self.max_per_file if self.mode == "content" else None

    @property
    def stops_at_nul(self) -> bool:
        return self.mode != "files_with_matches"


class FileHits(msgspec.Struct):
    """What one file holds. path: as it is reported. place: where it is for the system, from the root or absolute.

    matches: in order; only in mode content. count: of them, in any mode. is_large: over 4 MiB. is_cut: something in it
    was too long to be searched.
    """

    path: str
    place: bytes
    matches: list[GrepMatch] = msgspec.field(default_factory=list)
    count: int = 0
    is_large: bool = False
    is_cut: bool = False


class Hearer(Protocol):
    """Hears what is found while a search goes on; it may wait, and what is searched waits with it."""

    def file(self, hits: FileHits) -> object:
        """All of one file."""

    def pause(self) -> object:
        """Nothing more is known for the moment."""


class Collected:
    """A hearer that keeps everything."""

    def __init__(self) -> None:
        self.files: list[FileHits] = []

    def file(self, hits: FileHits) -> None:
        self.files.append(hits)

    def pause(self) -> None:
        return


class Unfit(Exception):
    """This engine cannot read the pattern, so the next rung of the ladder is tried."""


class Unable(Exception):
    """This engine cannot run, or broke off; another one does the work. Its text: why."""
