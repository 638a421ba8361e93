"""Finding: entries of a tree by a few letters of their names, the best first, as a person or a prompt asks for them."""

from __future__ import annotations

import heapq
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from flowbench.cancel import CancelToken, bound, profile_region
from flowbench.tools.files.scans import SHELF
from flowbench.tools.files.walking import BEAT, Entry, FileType, Sieve, opened, reported, walk_in_batches

EQUAL, BEGINS, HOLDS, PATH_HOLDS, NAME_LIKE, PATH_LIKE, FOLDER = 120, 100, 80, 60, 50, 30, 10
CLOSE, GAP = 40, 5  # of letters in a row; less for each jump between them
SIFTED = 32  # letters of a query by which most paths are told apart
DROPPED = "/\\._-"  # and white space: what does not count where letters are compared


class FuzzyMatch(msgspec.Struct, frozen=True, gc=False):
    """path: relative, with `/`, and at its end if it is a directory. score: higher is better."""

    path: str
    is_directory: bool
    score: int


class FuzzyResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """total_matches: all that match, also those that `max_results` has left out. root: as it was given, the directory
    that paths begin in.
    """

    matches: list[FuzzyMatch]
    total_matches: int
    root: str = ""

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[FuzzyMatch]:
        return iter(self.matches)


def fuzzy_find(
    query: str,
    path: str | os.PathLike[str] = ".",
    *,
    hidden: bool = False,
    gitignore: bool = True,
    cache: bool = False,
    max_results: int = 100,
    token: CancelToken | None = None,
    timeout_ms: float | None = None,
) -> FuzzyResult:
    """The best entries for a few letters, case ignored; abort raises Aborted, at most 128 entries later.

    Scores: name equal 120, begins with the query 100, holds it 80, has its letters in order 50 + 40 less 5 for each
    jump. A query with `/` looks at the whole path, too: holds it 60, letters in order 30 + 40 less 5 for each jump.
    Directories have 10 more. White space and `/ \\ . _ -` do not count among letters; a query of nothing else finds
    nothing, an empty one finds everything. Order: score, then the less deep, then bytes of the path.
    hidden, gitignore, cache: as of `glob`. Links are left out, `node_modules` and `.git` are not entered.
    Raises: PathMissing, NoDirectory, Aborted.
    Source: pi-natives 18.2, fuzzyFind.
    """
    token = bound(token, None if timeout_ms is None else timeout_ms / 1000)
    token.heartbeat()
    root = opened(path)
    score, likely = scorer(query), _likely(query)
    if max_results <= 0 or score is None:
        return FuzzyResult([], 0, reported(root))
    sieve = Sieve(hidden=hidden, gitignore=gitignore, kinds=frozenset({FileType.FILE, FileType.DIR}))
    with profile_region("fuzzy_find"):
        if cache:
            found = SHELF.ask(root, sieve, token, lambda kept: _best(likely(_batches(kept)), score, max_results, token))
        else:
            found = _best(likely(walk_in_batches(root, sieve, token)), score, max_results, token)
    return msgspec.structs.replace(found[0] if found else FuzzyResult([], 0), root=reported(root))


Score = Callable[[str], int]
"""relative path -> points, 0 for no match; those that a directory has more are not in it."""


def scorer(query: str) -> Score | None:
    """How well a path fits; None for a query that fits nothing."""
    wanted = query.strip().lower()
    letters = normalised(wanted)
    if not wanted:
        return lambda _: 1
    if not letters:
        return None

    def score(path: str) -> int:
        name = path[path.rfind("/") + 1 :].lower()
        if not may_fit(path.lower() if looks_at_path else name):
            return 0
        if wanted in name:
            return EQUAL if name == wanted else BEGINS if name.startswith(wanted) else HOLDS
        if looks_at_path and wanted in path.lower():
            return PATH_HOLDS
        if like := closeness(letters, name):
            return NAME_LIKE + like
        if looks_at_path and (like := _path_closeness(letters, path)):
            return PATH_LIKE + like
        return 0

    looks_at_path, may_fit = "/" in wanted, _having(letters[:SIFTED])
    return score


def _having(letters: str) -> Callable[[str], object]:
    """True of texts that have these letters in this order. Nothing in it goes back, so it takes linear time."""
    codes = [f"\\U{ord(letter):08x}" for letter in letters]
    return re.compile("".join(f"[^{code}]*+{code}" for code in codes)).match


def _likely(query: str) -> Callable[[Iterable[Sequence[Entry]]], Iterable[Sequence[Entry]]]:
    """Leaves out of batches what will have no points, by their names alone and faster than the scorer would."""
    letters = normalised(query)
    if not letters or "/" in query or "\ufffd" in query:  # that one stands for bytes that names have as they are
        return lambda batches: batches
    fits = _having(letters[:SIFTED])
    return lambda batches: ([entry for entry in batch if fits(entry.found.name.lower())] for batch in batches)


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[at : at + BEAT] for at in range(0, len(entries), BEAT))


def _best(batches: Iterable[Sequence[Entry]], score: Score, most: int, token: CancelToken) -> list[FuzzyResult]:
    """One result, or none where nothing matches; no more than `most` are held at a time."""
    total = 0

    def scored() -> Iterator[tuple[int, int, str]]:
        nonlocal total
        for batch in batches:
            token.heartbeat()
            for entry in batch:
                if points := score(entry.path):
                    path, kind = entry.path, entry.kind
                    if kind is FileType.SYMLINK:
                        continue
                    total += 1
                    is_directory = kind is FileType.DIR
                    more = FOLDER if is_directory else 0
                    yield -points - more, path.count("/"), f"{path}/" if is_directory else path

    best = heapq.nsmallest(most, scored())
    matches = [FuzzyMatch(path, path.endswith("/"), -points) for points, _, path in best]
    return [FuzzyResult(matches, total)] if matches else []


def _path_closeness(letters: str, path: str) -> int:
    return CLOSE if normalised(path) == letters else closeness(letters, path)


def normalised(text: str) -> str:
    """Its letters, in lower case."""
    return "".join(text.lower().translate(_NOTHING).split())


def closeness(letters: str, text: str) -> int:
    """40, less 5 for each jump, at least 1, if the text has these letters in this order, each taken where it comes
    first; else 0.
    """
    text = normalised(text)
    at = text.find(letters[0])
    gaps = 0
    for letter in letters[1:]:
        found = text.find(letter, at + 1) if at >= 0 else -1
        gaps += found != at + 1
        at = found
    return max(CLOSE - GAP * gaps, 1) if at >= 0 else 0


_NOTHING = {ord(character): None for character in DROPPED}
