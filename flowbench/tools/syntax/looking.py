"""Looking: every candidate is read, those that may match are parsed; a few here, many in warm processes.

Results come in the order of the files, and are the same wherever a file was parsed.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flowbench.cancel import CancelToken
from flowbench.process import BodyDied, WarmJob
from flowbench.tools.syntax import parsing
from flowbench.tools.syntax.candidates import Candidate
from flowbench.tools.syntax.parsing import CRASHED, Found, Rule, Source
from flowbench.tools.workers import POOL

LARGEST = 4 << 20  # bytes of a file
SMALL = 16_000  # characters of a source that is parsed here: 3 ms, and too short to nest as deep as crashes the parser
HERE = 128_000  # characters that one call parses here, all in all; a process starts in 50 ms
BATCH = 256_000  # characters that a process is given at a time
AHEAD = 4  # batches that are on their way: two that are worked on, and what comes next

FIND = f"{parsing.__name__}:find"
NO_TEXT = "stream did not contain valid UTF-8"
TOO_LARGE = f"larger than {LARGEST >> 20} MiB, not parsed"


class Wanted(NamedTuple):
    """What is looked for in one language. words: of each rule, what a source must have. names: of its variables."""

    rules: list[Rule]
    words: list[tuple[bytes, ...]]
    names: list[list[str]]


class Seen(NamedTuple):
    """A candidate that was looked at. source: its text, if it was parsed. problem: why it was not.

    rules: the number in `Wanted` of each rule that was looked for; `found` numbers those.
    """

    file: Candidate
    source: str = ""
    rules: tuple[int, ...] = ()
    found: Found | None = None
    problem: str = ""
    is_large: bool = False


Shelf = list[tuple[Seen, Source | None]]
"""Files in order, each with what a process is given of it, if anything."""


def look(
    files: Iterable[Candidate],
    wanted: Callable[[Candidate], Wanted | None],
    most: Callable[[], int | None],
    token: CancelToken,
) -> Iterator[Seen]:
    """Those that are parsed or could not be read, in order. wanted: None: nothing can be found in it.

    most: matches of a file that are told from now on; None: all. Heartbeat: each file, and an abort kills what parses.
    Raises: Aborted.
    """
    spent = 0
    waiting: deque[tuple[Shelf, WarmJob | None]] = deque()
    shelf: Shelf = []
    size = 0
    for file in files:
        token.heartbeat()
        if (rules := wanted(file)) is None:
            continue
        seen = _read(file, rules)
        if seen is None:
            continue
        given = None if seen.problem else _given(seen, rules)
        length = len(seen.source)
        if not waiting and not shelf and length <= SMALL and spent + length <= HERE:
            spent += length
            yield seen if given is None else seen._replace(found=parsing.find([given], most())[0])
            continue
        shelf.append((seen, given))
        size += length
        if size >= BATCH:
            waiting.append((shelf, _begin(shelf, most(), token)))
            shelf, size = [], 0
            if len(waiting) >= AHEAD:
                yield from _answers(*waiting.popleft(), most, token)
    if shelf:
        waiting.append((shelf, _begin(shelf, most(), token)))
    while waiting:
        yield from _answers(*waiting.popleft(), most, token)


def look_at(source: str, language: str, wanted: Wanted, most: int | None, token: CancelToken) -> Found:
    """The same for one text. Raises: Aborted, BodyDied."""
    given = (language, source, wanted.rules, wanted.names)
    if len(source) <= SMALL:
        return parsing.find([given], most)[0]
    source.encode()  # half of a pair is told here
    found: list[Found] = POOL.call(FIND, [given], most, token=token)
    return found[0]


def _read(file: Candidate, wanted: Wanted) -> Seen | None:
    """None: nothing of it can match."""
    if file.error:
        return Seen(file, problem=file.error)
    try:
        fd = os.open(file.place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(fd, "rb") as stream:
            if os.fstat(fd).st_size > LARGEST:
                return Seen(file, problem=TOO_LARGE, is_large=True)
            data = stream.read(LARGEST + 1)
    except OSError as error:
        return Seen(file, problem=error.strerror or str(error))
    rules = tuple(n for n, words in enumerate(wanted.words) if all(word in data for word in words))
    if not rules:
        return None
    try:
        return Seen(file, data.decode(), rules)
    except UnicodeDecodeError:
        return Seen(file, problem=NO_TEXT)


def _given(seen: Seen, wanted: Wanted) -> Source:
    rules = [wanted.rules[n] for n in seen.rules]
    return seen.file.language, seen.source, rules, [wanted.names[n] for n in seen.rules]


def _begin(shelf: Shelf, most: int | None, token: CancelToken) -> WarmJob | None:
    given = [given for _, given in shelf if given is not None]
    return POOL.begin(FIND, given, most, token=token) if given else None


def _answers(shelf: Shelf, job: WarmJob | None, most: Callable[[], int | None], token: CancelToken) -> Iterator[Seen]:
    try:
        answers = iter(() if job is None else job.result())
    except BodyDied:
        answers = (_alone(given, most(), token) for _, given in shelf if given is not None)
    for seen, given in shelf:
        yield seen if given is None else seen._replace(found=next(answers))


def _alone(given: Source, most: int | None, token: CancelToken) -> Found:
    """One source of a batch in which some source has crashed the parser."""
    try:
        found: list[Found] = POOL.call(FIND, [given], most, token=token)
    except BodyDied:
        return {"failed": CRASHED}
    return found[0]
