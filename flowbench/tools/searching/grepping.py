"""Grep: find a pattern in a file or in all files below a directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.tools.errors import BadRegex, NotStreamed, PathMissing, SearchFailed, ToolError
from flowbench.tools.files.patterns import compiled
from flowbench.tools.files.walking import reported
from flowbench.tools.searching import pages, plans, ripgrep
from flowbench.tools.searching.hits import Ask, Collected, FileHits, GrepMatch, GrepResult, Hearer, Mode, Unable, Unfit
from flowbench.tools.searching.in_process import InProcess
from flowbench.tools.searching.kinds import kind_of
from flowbench.tools.searching.ladder import Rung, rungs

MODES: dict[str, Mode] = {
    "content": "content",
    "count": "count",
    "files_with_matches": "files_with_matches",
    "filesWithMatches": "files_with_matches",
}
BATCH = 1024  # matches that are handed over at a time

R = TypeVar("R")


def grep(
    pattern: str,
    path: str | os.PathLike[str],
    *,
    glob: str | None = None,
    type: str | None = None,
    ignore_case: bool = False,
    multiline: bool = False,
    hidden: bool = True,
    gitignore: bool = True,
    recursive: bool = True,
    max_count: int | None = None,
    offset: int = 0,
    context: int = 0,
    context_before: int | None = None,
    context_after: int | None = None,
    max_columns: int | None = None,
    max_count_per_file: int | None = None,
    mode: str = "content",
    on_match: Callable[[GrepMatch], object] | None = None,
    on_matches: Callable[[Sequence[GrepMatch]], object] | None = None,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> GrepResult:
    """Abort raises Aborted: whatever searches is ended with it. Find `pattern`, line by line.

    pattern: a regular expression, linear in time, Unicode; one with look-around or back-references runs in a process
    that can be killed; text that is none is found literally. path: a directory; or one file, which `glob` does not
    leave out. What a link in a directory leads to is not searched, `.git` is not entered, nor is `node_modules` unless
    `glob` names it.
    glob: `*.py` at any depth, `src/**`, `{a,b}`. type: py, ts, rust, ..., or an extension. multiline: a match may span
    lines. gitignore: ignore files hold, in a repository and outside. max_count, offset: a page of all matches, or of
    files in the mode files_with_matches. context: lines before and after; context_before and context_after win.
    max_columns: bytes of a line; the part around its match is shown. mode: content | count | files_with_matches.
    on_match: called with each match of the result, at the end, unless `path` is a file. on_matches: called with up to
    1024 matches at a time, unordered, while the search goes on; the result holds none then.
    Raises: Aborted, PathMissing, BadGlob, BadRegex, NotStreamed, SearchFailed.
    Source: pi-natives 18.2, grep; here a search of one file can be aborted, too, and large files are searched whole.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    if on_matches is not None and (max_count is not None or offset):
        raise NotStreamed
    if mode not in MODES:
        raise ToolError(f"mode is content, count or files_with_matches, not {mode!r}")
    if context_before is not None or context_after is not None:
        before, after = context_before or 0, context_after or 0
    else:
        before = after = context
    root = os.path.abspath(path)
    kind = _mode(root, reported(os.fspath(path)))
    ask = Ask(
        pattern, root, stat.S_ISREG(kind), None if glob is None else compiled(glob),
        None if type is None else kind_of(type), ignore_case, multiline, hidden, gitignore, recursive,
        max(before, 0), max(after, 0), max_columns, max_count_per_file, MODES[mode],
    )  # fmt: skip
    is_left_out = ask.is_file and ask.kind is not None and not ask.kind.accepts(root)
    if is_left_out or not (ask.is_file or stat.S_ISDIR(kind)):
        return GrepResult((), 0, 0, 0)
    if on_matches is not None:
        return _streamed(ask, on_matches, token)
    files, searched = _gathered(ask, None if offset else max_count, token)
    result = pages.page(ask, files, searched, max_count, offset)
    if not ask.is_file:
        result = msgspec.structs.replace(result, root=reported(os.fspath(path)))
    if on_match is not None and not ask.is_file:
        for match in token.iter(result.matches):
            on_match(match)
    return result


def _mode(root: str, shown: str) -> int:
    try:
        return os.stat(root).st_mode
    except (OSError, ValueError) as error:
        raise PathMissing(shown, getattr(error, "strerror", None) or str(error)) from None


def _gathered(ask: Ask, max_count: int | None, token: CancelToken) -> tuple[list[FileHits], int]:
    """(files in order, how many were searched); with `max_count`, as many as it takes."""
    if max_count is not None and ask.mode == "content":
        room = max(max_count, 1)
        return searched_by_any(ask, lambda engine, rung: plans.first_page(engine, ask, rung, room, token))

    def all_of_them(engine: plans.Engine, rung: Rung) -> tuple[list[FileHits], int]:
        found = Collected()
        searched = plans.everything(engine, ask, rung, found, token)
        return pages.in_order(found.files), searched

    return searched_by_any(ask, all_of_them)


def _streamed(ask: Ask, on_matches: Callable[[Sequence[GrepMatch]], object], token: CancelToken) -> GrepResult:
    hearer = _Batches(ask, on_matches, token)
    searched = searched_by_any(ask, lambda engine, rung: plans.everything(engine, ask, rung, hearer, token))
    hearer.pause()
    return GrepResult((), hearer.total, hearer.with_matches, searched, skipped_oversized=hearer.cut)


@profile_region("grep")
def searched_by_any(ask: Ask, search: Callable[[plans.Engine, Rung], R]) -> R:
    """What `search` returns with the first engine that can run, and the first reading of the pattern that it takes.

    Raises: BadRegex, SearchFailed, Aborted.
    """
    for engine in _engines():
        try:
            for rung in rungs(ask.pattern):
                try:
                    return search(engine, rung)
                except Unfit as error:
                    said = str(error)
            raise BadRegex(ask.pattern, said)
        except Unable as error:
            why = str(error)
    raise SearchFailed(why)


class _Batches(Hearer):
    """Hands matches on, at most BATCH at a time. A file that was told is not told again by the next engine."""

    def __init__(self, ask: Ask, on_matches: Callable[[Sequence[GrepMatch]], object], token: CancelToken) -> None:
        self.total = self.with_matches = self.cut = 0
        self._ask, self._on_matches, self._token = ask, on_matches, token
        self._told: set[bytes] = set()
        self._held: list[GrepMatch] = []

    def file(self, hits: FileHits) -> None:
        if hits.place in self._told:
            return
        self._told.add(hits.place)
        self.cut += hits.is_cut
        self.with_matches += hits.count > 0
        self.total += (hits.count > 0) if self._ask.mode == "files_with_matches" else hits.count
        self._held += pages.entries(self._ask, hits)
        while len(self._held) >= BATCH:
            self._hand_over()

    def pause(self) -> None:
        while self._held:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._held = self._held[:BATCH], self._held[BATCH:]
        self._token.heartbeat()
        self._on_matches(batch)


def _engines() -> Iterator[plans.Engine]:
    for program in ripgrep.programs():
        yield ripgrep.Ripgrep(program)
    yield InProcess()
