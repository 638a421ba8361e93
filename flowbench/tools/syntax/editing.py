"""Editing: code that has the shape of a pattern becomes what a template makes of it, in files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.tools.errors import AstError, NotWritten, OverlappingReplacements
from flowbench.tools.files.scans import invalidate_fs_scan_cache
from flowbench.tools.files.walking import reported
from flowbench.tools.syntax.candidates import Candidate, Candidates, candidates
from flowbench.tools.syntax.languages import language
from flowbench.tools.syntax.looking import Seen, look
from flowbench.tools.syntax.patching import Edit, edited, in_order, patch
from flowbench.tools.syntax.queries import Query, Strictness, checked, said_of
from flowbench.tools.syntax.replacing import replacement
from flowbench.tools.syntax.spans import Bytes
from flowbench.tools.syntax.writing import write_over

UNBOUNDED = 1 << 62  # replacements, or files


class AstChange(msgspec.Struct, frozen=True):
    """One replacement. Bytes from 0, of the file as it was; lines and columns from 1, in characters; ends exclusive.

    deleted_length: bytes.
    """

    path: str
    before: str
    after: str
    byte_start: int
    byte_end: int
    deleted_length: int
    start_line: int
    start_column: int
    end_line: int
    end_column: int


class AstFileChange(msgspec.Struct, frozen=True):
    """count: replacements in this file. patch: what changes, as a unified diff."""

    path: str
    count: int
    patch: str


class AstEditResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """applied: this was no dry run. files_searched: all candidates. limit_reached: there is more to replace.

    parse_errors: files, or patterns, that were passed over, and why. skipped_oversized: files of more than 4 MiB, among
    them. overlapping: replacements that want a piece which another one has; applied, all of it would be refused.
    root: the directory that paths begin in.
    """

    changes: list[AstChange]
    file_changes: list[AstFileChange]
    total_replacements: int
    files_touched: int
    files_searched: int
    applied: bool
    limit_reached: bool
    parse_errors: list[str] = []
    skipped_oversized: int = 0
    overlapping: int = 0
    root: str = ""

    def diff(self) -> str:
        """All changes as one unified diff, as `git apply` takes it in `root`; '' if nothing changes."""
        return "".join(each.patch for each in self.file_changes)


def ast_edit(
    rewrites: Mapping[str, str],
    path: str | os.PathLike[str] = ".",
    *,
    lang: str | None = None,
    glob: str | None = None,
    selector: str | None = None,
    strictness: Strictness = "smart",
    dry_run: bool = True,
    max_replacements: int | None = None,
    max_files: int | None = None,
    fail_on_parse_error: bool = False,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> AstEditResult:
    """Rewrite code by its shape; abort raises Aborted, and may leave the first files written and others not.

    rewrites: {pattern: template}; in a template `$NAME` is what the pattern's `$NAME` has matched. All patterns look at
    the file as it was; equal replacements are one. path, lang, glob, selector, strictness: as `ast_grep`.
    dry_run: only tell; `result.diff()` shows it. Otherwise nothing is written before everything is found, then each
    file in one step, heartbeat before each; a file that somebody has changed meanwhile is not written.
    max_replacements, max_files: at least 1. fail_on_parse_error: refuse files that cannot be read or are no code as a
    whole, which are otherwise passed over, and patterns that no language here can read.
    Outside the replacements each byte stays as it was, line ends, BOM and mode too. timeout_ms: milliseconds.
    Raises: AstError, OverlappingReplacements, NotWritten, PathMissing, NotSearchable, BadGlob, Aborted.
    Source: pi-natives 18.2, astEdit.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    query = Query(_checked(rewrites), (selector or "").strip(), checked(strictness), captures=True)
    with profile_region("ast_edit"):
        where = candidates(path, glob, lang, token)
        if lang is not None and lang.strip():
            language(lang)
        elif not where.files:
            raise AstError("ast_edit found no supported source files for the given path/glob")
        work = _Work(query, tuple(rewrites.values()), fail_on_parse_error, dry_run)
        work.compile(where)
        is_limited = work.find(where, _most(max_replacements), _most(max_files), token)
        if not dry_run:
            work.write(where.root, token)
    return AstEditResult(
        work.changes,
        work.files,
        len(work.changes),
        len(work.files),
        len(where.files),
        applied=not dry_run,
        limit_reached=is_limited,
        parse_errors=work.errors,
        skipped_oversized=work.oversized,
        overlapping=work.overlapping,
        root=reported(where.root),
    )


class Staged(NamedTuple):
    """A file that is to be written."""

    file: Candidate
    before: bytes
    after: bytes


class _Work:
    """What has been found so far, and what is to be written."""

    def __init__(self, query: Query, templates: tuple[str, ...], is_strict: bool, is_dry: bool) -> None:
        self._query, self._templates, self._is_strict, self._is_dry = query, templates, is_strict, is_dry
        self._rules: dict[str, list[int]] = {}  # by language: the numbers of the patterns that it can read
        self._staged: list[Staged] = []
        self.changes: list[AstChange] = []
        self.files: list[AstFileChange] = []
        self.errors: list[str] = []
        self.oversized = self.overlapping = 0

    def compile(self, where: Candidates) -> None:
        """Raises: AstError, for a pattern that no language can read, if that is to be refused."""
        spoken = where.languages
        made = {each: self._query.compiled(each) for each in spoken}
        self._rules = {each: [n for n, pattern in enumerate(made[each]) if pattern.rule is not None] for each in spoken}
        for number, text in enumerate(self._query.patterns):
            if not spoken or any(number in rules for rules in self._rules.values()):
                continue
            for each in spoken:
                named = f"{text} ({each})" if len(spoken) > 1 and not self._is_strict else text
                self._refuse(f"{named}: {made[each][number].error}")
        nowhere = {n for n in range(len(self._templates)) if not any(n in rules for rules in self._rules.values())}
        for file in where.files:
            for number, pattern in enumerate(made.get(file.language, ())):
                if pattern.rule is None and number not in nowhere:
                    self.errors.append(f"{self._query.patterns[number]}: {file.path}: {pattern.error}")

    def find(self, where: Candidates, replacements: int, files: int, token: CancelToken) -> bool:
        """True: there is more than may be replaced. Raises: AstError, Aborted."""
        for seen in look(where.files, self._query.wanted, lambda: None, token):
            if (trouble := self._trouble(seen)) is not None:
                self.oversized += seen.is_large
                self._refuse(f"{seen.file.path}: {trouble}")
                continue
            edits, is_cut = self._edits(seen, replacements - len(self.changes))
            if edits and len(self.files) >= files:
                return True
            if edits:
                self._stage(seen, edits)
            if is_cut:
                return True
        return False

    def write(self, root: str, token: CancelToken) -> None:
        """Raises: NotWritten, Aborted."""
        written: list[str] = []
        try:
            for file, before, after in self._staged:
                token.heartbeat()
                if why := write_over(file.place, root, before, after):
                    raise NotWritten(reported(file.place), why, written)
                written.append(file.path)
        finally:
            if written:
                invalidate_fs_scan_cache(root)

    def _refuse(self, text: str) -> None:
        if self._is_strict:
            raise AstError(text)
        self.errors.append(text)

    def _trouble(self, seen: Seen) -> str | None:
        if seen.problem:
            return seen.problem
        said = said_of(seen.found or {})
        return said[0] if said else None

    def _edits(self, seen: Seen, room: int) -> tuple[list[tuple[Edit, list[int]]], bool]:
        """(edits with their places, rule by rule; True: there are more than there is room for)."""
        assert seen.found is not None
        found: dict[Edit, list[int]] = {}
        rules = self._rules[seen.file.language]
        for number, place, captured in seen.found["found"]:
            template = self._templates[rules[seen.rules[number]]]
            edit = Edit(place[0], place[1], replacement(template, seen.source, place[0], captured))
            if edit in found:
                continue
            if len(found) >= room:
                return list(found.items()), True
            found[edit] = place
        return list(found.items()), False

    def _stage(self, seen: Seen, found: list[tuple[Edit, list[int]]]) -> None:
        path, source = seen.file.path, seen.source
        edits, overlapping = in_order([edit for edit, _ in found])
        if overlapping and not self._is_dry:
            raise OverlappingReplacements(path)
        self.overlapping += overlapping
        self.files.append(AstFileChange(path, len(found), patch(path, source, edits)))
        if not self._is_dry and (after := edited(source, edits)) != source:
            self._staged.append(Staged(seen.file, source.encode(), after.encode()))
        before = Bytes(source).before
        for edit, (start, end, line, column, end_line, end_column) in found:
            first, last = before(start), before(end)
            self.changes.append(
                AstChange(
                    path,
                    source[start:end],
                    edit.text,
                    first,
                    last,
                    last - first,
                    line + 1,
                    column + 1,
                    end_line + 1,
                    end_column + 1,
                )
            )


def _checked(rewrites: Mapping[str, str]) -> tuple[str, ...]:
    if not rewrites:
        raise AstError("`rewrites` is required and must include at least one pattern->rewrite mapping")
    if not all(pattern.strip() for pattern in rewrites):
        raise AstError("`rewrites` keys must be non-empty pattern strings")
    return tuple(rewrites)


def _most(number: int | None) -> int:
    return UNBOUNDED if number is None else max(number, 1)
