"""Segments: patterns of paths taken name by name, so that a walk knows in each directory what can still match below.

A path pattern is a tuple of segments; a segment is what one name must look like, DEEP is any number of names. Globs and
ignore files are both read into this form. Matching takes time linear in the path, whatever the pattern: patterns are
walked through all at once, and the expression of a single name gives nothing back once it has taken it (`(?>...)`), so
that it costs at most its own length times that of the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

FEW = 16  # suffixes that are tried one by one; more of them are looked up by their length
STAGES = 1000  # kept of one set of patterns; hostile patterns have 2**n of them


class Wild(Enum):
    """What stands for something else, in a segment or between them."""

    ONE = "?"
    MANY = "*"
    DEEP = "**"


class Set(NamedTuple):
    """One character out of ranges, both ends included; or, negated, any other one."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False


Segment: TypeAlias = tuple[str | Wild | Set, ...]
"""Literal text, ONE, MANY and sets, in this order."""

DEEP: Final = (Wild.DEEP,)
"""Any number of names, none included; at the end of a pattern at least one."""

Pattern: TypeAlias = tuple[Segment, ...]


class Choice:
    """Which of some segments fits a name. ranked: (rank, segment); ranks are >= 0, higher ones go before."""

    __slots__ = ("_any", "_exact", "_fast", "_lengths", "_slow", "_suffix_ranks", "accepts")

    def __init__(self, ranked: Iterable[tuple[int, Segment]]) -> None:
        self._any = -1
        self._exact: dict[str, int] = {}
        self._suffix_ranks: dict[str, int] = {}
        others: dict[str, int] = {}
        for rank, segment in ranked:
            if segment in (DEEP, (Wild.MANY,)):
                self._any = max(self._any, rank)
                continue
            match segment:
                case (str() as text,):
                    known, key = self._exact, text
                case (Wild.MANY, str() as text):
                    known, key = self._suffix_ranks, text
                case _:
                    known, key = others, expression(segment)
            known[key] = max(known.get(key, -1), rank)
        self._lengths = {len(suffix) for suffix in self._suffix_ranks}
        self._fast = re.compile("|".join(others), re.DOTALL).fullmatch if others else None
        self._slow = sorted(((rank, source) for source, rank in others.items()), reverse=True)
        self.accepts: Callable[[str], bool] = self._accepting()

    def best(self, name: str) -> int:
        """The highest rank of a segment that fits; -1 if none does."""
        rank = max(self._exact.get(name, -1), self._any)
        for length in self._lengths:
            rank = max(rank, self._suffix_ranks.get(name[-length:], -1))
        if self._fast is not None and self._fast(name):
            rank = max(rank, next(known for known, source in self._slow if re.fullmatch(source, name, re.DOTALL)))
        return rank

    def _accepting(self) -> Callable[[str], bool]:
        """`best(name) >= 0`, without what this choice does not need: it is asked for every name of a walk."""
        if self._any >= 0:
            return _always
        suffixes, exact, fast = tuple(self._suffix_ranks), self._exact, self._fast
        if len(suffixes) > FEW:
            return lambda name: self.best(name) >= 0
        if fast is not None:
            return lambda name: name in exact or name.endswith(suffixes) or fast(name) is not None
        if suffixes and not exact:
            return lambda name: name.endswith(suffixes)
        if not suffixes:
            return exact.__contains__
        return lambda name: name in exact or name.endswith(suffixes)


class Patterns:
    """Some patterns, in the order of their ranks: that of `patterns[n]` is n. start: the stage at their root.

    for_folders: ranks of those that fit nothing but directories.
    """

    def __init__(self, patterns: Sequence[Pattern], for_folders: frozenset[int] = frozenset()) -> None:
        self.patterns = [_tidy(pattern) for pattern in patterns]
        self.for_folders = for_folders
        self._stages: dict[frozenset[tuple[int, int]], Stage] = {}
        self._fits: dict[Segment, Callable[[str], bool]] = {}
        self.start = self._stage(self._closed((rank, 0) for rank, pattern in enumerate(self.patterns) if pattern))

    def fits(self, segment: Segment) -> Callable[[str], bool]:
        """Whether a name fits it; made once for the same segment."""
        known = self._fits.get(segment)
        if known is None:
            known = self._fits[segment] = Choice([(0, segment)]).accepts
        return known

    def _closed(self, spots: Iterable[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        """With those that are reached where DEEP stands for no name at all."""
        found = set()
        for rank, at in spots:
            found.add((rank, at))
            if self.patterns[rank][at] == DEEP and at + 1 < len(self.patterns[rank]):
                found.add((rank, at + 1))
        return frozenset(found)

    def _stage(self, spots: frozenset[tuple[int, int]]) -> Stage:
        known = self._stages.get(spots)
        if known is None:
            if len(self._stages) >= STAGES:
                self._stages.clear()
            known = self._stages[spots] = Stage(self, spots)
        return known


class Stage:
    """How far a walk has come in some patterns. files, folders: which of them fit an entry of this kind, here."""

    __slots__ = ("_deep", "_exact", "_moves", "_of", "_same", "files", "folders")

    def __init__(self, of: Patterns, spots: frozenset[tuple[int, int]]) -> None:
        self._of = of
        patterns = of.patterns
        last = [(rank, patterns[rank][at]) for rank, at in spots if at + 1 == len(patterns[rank])]
        files = [(rank, segment) for rank, segment in last if rank not in of.for_folders]
        self.folders = Choice(last)
        self.files = self.folders if len(files) == len(last) else Choice(files)
        self._deep = [spot for spot in spots if patterns[spot[0]][spot[1]] == DEEP]
        moves = [(rank, at) for rank, at in spots if patterns[rank][at] != DEEP and at + 1 < len(patterns[rank])]
        self._exact: dict[str, list[tuple[int, int]]] = {}
        self._moves: list[tuple[tuple[int, int], Callable[[str], bool]]] = []
        for rank, at in moves:
            match patterns[rank][at]:
                case (str() as text,):
                    self._exact.setdefault(text, []).append((rank, at + 1))
                case segment:
                    self._moves.append(((rank, at + 1), of.fits(segment)))
        self._same: Stage | None = None

    @property
    def is_steady(self) -> bool:
        """It is the same in every directory below."""
        return not self._moves and not self._exact and self.enter("") is self

    def enter(self, name: str) -> Stage | None:
        """The stage in that directory; None if nothing below it can match."""
        taken = [spot for spot, fits in self._moves if fits(name)] + self._exact.get(name, [])
        if taken:
            return self._of._stage(self._of._closed([*self._deep, *taken]))
        if self._same is None and self._deep:
            self._same = self._of._stage(self._of._closed(self._deep))
        return self._same


def as_segment(parts: Sequence[str | Wild | Set]) -> Segment:
    """Out of single characters: literal text becomes one part, stars become one, and two stars alone are DEEP."""
    if [*parts] == [Wild.MANY, Wild.MANY]:
        return DEEP
    joined: list[str | Wild | Set] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif not (part is Wild.MANY and joined[-1:] == [Wild.MANY]):
            joined.append(part)
    return tuple(joined)


def is_cheap(segment: Segment) -> bool:
    """It is looked up, and costs next to nothing."""
    match segment:
        case (str(),) | (Wild(),) | (Wild.MANY, str()):
            return True
    return False


def expression(segment: Segment) -> str:
    """For `re`, of a whole name. A star with fixed text behind it takes the first place where that fits, for good:
    any later one would leave less for the rest.
    """
    runs: list[str] = [""]
    for part in segment:
        if part is Wild.MANY:
            runs.append("")
        else:
            runs[-1] += _one(part)
    if len(runs) == 1:
        return runs[0]
    head, *middle, tail = runs
    return head + "".join(f"(?>.*?{run})" for run in middle if run) + f".*{tail}"


def _one(part: str | Wild | Set) -> str:
    if isinstance(part, str):
        return re.escape(part)
    if isinstance(part, Wild):
        return "."
    ranges = "".join(f"{_coded(low)}-{_coded(high)}" for low, high in part.ranges if low <= high)
    if not ranges:
        return "." if part.negated else "(?!)"
    return f"[{'^' if part.negated else ''}{ranges}]"


def _coded(character: str) -> str:
    return f"\\U{ord(character):08x}"


def _tidy(pattern: Pattern) -> Pattern:
    """Without a DEEP behind another, unless it is the last: `a/**/**` is `a/**`."""
    return tuple(part for at, part in enumerate(pattern) if not (part == DEEP and pattern[at + 1 : at + 2] == (DEEP,)))


def _always(_: str) -> bool:
    return True
