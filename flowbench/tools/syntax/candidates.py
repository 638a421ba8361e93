"""Candidates: the files of a path that are parsed, in order of their paths, each with its language."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

from flowbench.cancel import CancelToken
from flowbench.tools.errors import NotSearchable, PathMissing, UnsupportedLanguage
from flowbench.tools.files.patterns import Glob, compiled
from flowbench.tools.files.scans import SHELF
from flowbench.tools.files.walking import Entry, FileType, Sieve, reported, walk_in_order
from flowbench.tools.syntax.languages import language, language_of


class Candidate(NamedTuple):
    """path: as results show it. place: for the system. error: why `language` is none, in words."""

    path: str
    place: str
    language: str
    error: str = ""


class Candidates(NamedTuple):
    """root: the directory in which all of them are, without links in its path."""

    root: str
    files: list[Candidate]

    @property
    def languages(self) -> list[str]:
        """Of them, sorted."""
        return sorted({each.language for each in self.files if not each.error})


def candidates(path: str | os.PathLike[str], glob: str | None, lang: str | None, token: CancelToken) -> Candidates:
    """The file itself, or those below the directory: hidden ones too, without what ignore files name.

    A listing of the tree that is less than a second old will do, unless the glob says how deep to look.
    glob: without `/` it stands for files of the directory alone. lang: of all of them; by default each is what its name
    says, and others are no candidates.
    Raises: PathMissing, NotSearchable, BadGlob, Aborted.
    """
    given = os.fspath(path)
    try:
        place = os.path.realpath(given)
        mode = os.stat(place).st_mode
    except (OSError, ValueError) as error:
        raise PathMissing(reported(given), getattr(error, "strerror", None) or str(error)) from None
    if stat.S_ISREG(mode):
        folder, name = os.path.split(place)
        return Candidates(folder, _spoken([(reported(name), place, name)], lang))
    if not stat.S_ISDIR(mode):
        raise NotSearchable(reported(given))
    wanted = None if glob is None or not glob.strip() else compiled(glob, recursive=False)
    sieve = Sieve(glob=wanted, node_modules=wanted is not None and wanted.names_node_modules)
    if wanted is None or "**" in wanted.text:
        return Candidates(place, SHELF.ask(place, sieve, token, lambda found: _picked(found, wanted, lang, token)))
    return Candidates(place, _picked(walk_in_order(place, sieve, token), None, lang, token))


def _picked(entries: Iterable[Entry], glob: Glob | None, lang: str | None, token: CancelToken) -> list[Candidate]:
    fits = [
        (entry.path, entry.place, entry.found.name)
        for entry in token.iter(entries)
        if entry.kind is FileType.FILE and (glob is None or glob.matches(entry.path))
    ]
    return _spoken(fits, lang)


def _spoken(files: Iterable[tuple[str, str, str]], lang: str | None) -> list[Candidate]:
    """files: (path, place, name)."""
    if lang is None or not lang.strip():
        known = ((path, place, language_of(name)) for path, place, name in files)
        return [Candidate(path, place, spoken) for path, place, spoken in known if spoken is not None]
    try:
        spoken = language(lang)
    except UnsupportedLanguage as error:
        return [Candidate(path, place, "", str(error)) for path, place, _ in files]
    return [Candidate(path, place, spoken) for path, place, _ in files]
