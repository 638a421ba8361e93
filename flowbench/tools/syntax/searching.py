"""Searching: code that has the shape of a pattern, in files and in texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.process import BodyDied
from flowbench.tools.errors import AstError
from flowbench.tools.files.walking import reported
from flowbench.tools.syntax.candidates import candidates
from flowbench.tools.syntax.languages import language
from flowbench.tools.syntax.looking import look, look_at
from flowbench.tools.syntax.parsing import CRASHED, Found
from flowbench.tools.syntax.queries import Query, Strictness, said_of
from flowbench.tools.syntax.spans import Bytes

LIMIT = 50  # matches that are told, unless asked otherwise


class AstMatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """path: as the search shows it, '' for a text. Bytes from 0, of UTF-8; lines and columns from 1, in characters.

    Ends are exclusive. meta_variables: {name: text}; of a run of nodes all between the first and the last.
    """

    path: str
    text: str
    byte_start: int
    byte_end: int
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    meta_variables: dict[str, str] | None = None


class AstGrepResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """matches: one page, by path and place. total_matches, files_with_matches: of all pages.

    files_searched: all candidates. limit_reached: there are more after this page. parse_errors: what could not be
    parsed, or not all of it. skipped_oversized: files of more than 4 MiB, which are among the parse_errors.
    root: the directory that paths begin in.
    """

    matches: list[AstMatch]
    total_matches: int
    files_with_matches: int
    files_searched: int
    limit_reached: bool
    parse_errors: list[str] = []
    skipped_oversized: int = 0
    root: str = ""

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[AstMatch]:
        return iter(self.matches)


class AstMatchResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """As AstGrepResult, of one text."""

    matches: list[AstMatch]
    total_matches: int
    limit_reached: bool
    parse_errors: list[str] = []

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[AstMatch]:
        return iter(self.matches)


def ast_grep(
    patterns: str | Iterable[str],
    path: str | os.PathLike[str] = ".",
    *,
    lang: str | None = None,
    glob: str | None = None,
    selector: str | None = None,
    strictness: Strictness = "smart",
    limit: int = LIMIT,
    offset: int = 0,
    include_meta: bool = False,
    context: int | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> AstGrepResult:
    """Code of the shape of any of the patterns, in a file or below a directory; abort raises Aborted.

    patterns: code with `$NAME` for one node and `$$$NAME` for a run of nodes. lang: of all files; by default each is
    what its name says, and others are not searched. glob: `*.py` are files of the directory itself, `**/*.py` all.
    Hidden files are searched; what ignore files name, and node_modules unless the glob names it, is not.
    selector: the kind of node that is meant, of the code around it. strictness: how exactly; see ast-grep.
    limit: at least 1; offset: matches to pass over first. include_meta: tell what variables have matched.
    context: has no meaning here. timeout_ms: milliseconds.

    A file that lacks a name of the pattern is not parsed, so that nothing is said of its errors. Few and small files
    are parsed here, others in warm processes: an abort is heard before each file, and kills a parser in the middle.
    Raises: AstError, PathMissing, NotSearchable, BadGlob, Aborted.
    Source: pi-natives 18.2, astGrep; it reads files of any size, and parses one after the other.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    query = Query.made(patterns, selector, strictness, captures=include_meta)
    page = Page(limit, offset)
    with profile_region("ast_grep"):
        where = candidates(path, glob, lang, token)
        errors = [(file.path, text) for file in where.files for text in query.troubles(file)]
        with_matches = oversized = 0
        for seen in look(where.files, query.wanted, page.room, token):
            errors += [(seen.file.path, text) for text in query.told(seen)]
            oversized += seen.is_large
            if seen.found is not None:
                with_matches += page.add(seen.file.path, seen.source, seen.found)
    errors.sort(key=lambda each: each[0])
    return AstGrepResult(
        page.matches,
        page.total,
        with_matches,
        len(where.files),
        page.is_limited,
        [text for _, text in errors],
        oversized,
        reported(where.root),
    )


def ast_match(
    source: str,
    patterns: str | Iterable[str],
    *,
    lang: str,
    selector: str | None = None,
    strictness: Strictness = "smart",
    limit: int = LIMIT,
    offset: int = 0,
    include_meta: bool = False,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> AstMatchResult:
    """Code of the shape of any of the patterns in a text; abort raises Aborted. Otherwise as `ast_grep`.

    Raises: AstError, Aborted.
    Source: pi-natives 18.2, astMatch.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    query = Query.made(patterns, selector, strictness, captures=include_meta)
    page = Page(limit, offset)
    if not lang or not lang.strip():
        raise AstError("`lang` is required for ast_match")
    with profile_region("ast_match"):
        spoken = language(lang)
        made = query.compiled(spoken)
        errors = [f"{text}: {each.error}" for text, each in zip(query.patterns, made, strict=True) if each.error]
        if (wanted := query.wanted_in(spoken)) is not None:
            try:
                found = look_at(source, spoken, wanted, page.room(), token)
            except BodyDied:
                found = {"failed": CRASHED}
            except UnicodeEncodeError as error:
                raise AstError(f"the source is no text: its character {error.start} is half of a pair") from None
            errors += said_of(found)
            page.add("", source, found)
    return AstMatchResult(page.matches, page.total, page.is_limited, errors)


class Page:
    """The matches from `offset` on, `limit` of them; they come in order."""

    def __init__(self, limit: int, offset: int) -> None:
        self._from = max(offset, 0)
        self._to = self._from + max(limit, 1)
        self._passed = 0
        self.matches: list[AstMatch] = []
        self.total = 0

    def room(self) -> int:
        """How many more are of interest."""
        return self._to - self._passed

    @property
    def is_limited(self) -> bool:
        return self.total > self._to

    def add(self, path: str, source: str, found: Found) -> bool:
        """True: there are any."""
        count: int = found.get("count", 0)
        self.total += count
        before = Bytes(source).before
        for _, place, captured in found.get("found", ())[: self.room()]:
            self._passed += 1
            if self._passed <= self._from:
                continue
            start, end, line, column, end_line, end_column = place
            names = {name: source[slice(*span)] if span else "" for name, span in captured.items()}
            self.matches.append(
                AstMatch(
                    path,
                    source[start:end],
                    before(start),
                    before(end),
                    line + 1,
                    column + 1,
                    end_line + 1,
                    end_column + 1,
                    names or None,
                )
            )
        return count > 0
