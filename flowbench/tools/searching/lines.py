"""Lines: search one file or text with a compiled pattern: which lines match, what stands near them, what is shown."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import msgspec

from flowbench.cancel import CancelToken
from flowbench.tools.searching import shown
from flowbench.tools.searching.hits import Ask, ContextLine, FileHits, GrepMatch, Unfit

BLOCK = 1 << 20  # bytes between two looks at the token
LONGEST = 256 << 20  # bytes of a line, or with multiline of a file, that are searched
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Pattern(Protocol):
    """What finds. by_line: it must be given one line at a time. is_for_ascii: it is wrong elsewhere.

    spans: a match may lie in several lines.
    """

    by_line: bool
    is_for_ascii: bool
    spans: bool

    def find(self, data: bytes, at: int = 0) -> tuple[int, int] | None: ...
    def may_be_in(self, data: bytes) -> bool: ...


def search_file(file: BinaryIO, pattern: Pattern, ask: Ask, hits: FileHits, token: CancelToken) -> None:
    """Fill in what the file holds. Raises: OSError, Unfit, Aborted."""
    lines = Lines(pattern, ask, hits)
    for block, is_whole in _blocks(file, ask, hits, token):
        token.heartbeat()
        if pattern.is_for_ascii and not block.isascii():
            raise Unfit("beside letters that are not ASCII")
        if not lines.take(block) or not is_whole:
            break
    lines.end()


def _blocks(file: BinaryIO, ask: Ask, hits: FileHits, token: CancelToken) -> Iterator[tuple[bytes, bool]]:
    """(lines with their ends, there may be more), up to the first NUL byte where that counts; with multiline one block.

    A line that is too long is given as far as it goes, and the file ends with it.
    """
    rest: list[bytes] = []
    size = 0
    is_first = True
    while True:
        token.heartbeat()
        block = file.read(BLOCK)
        if is_first:
            is_first = False
            if block[:2] in UTF_16:
                text = (block + file.read(LONGEST)).decode("utf-16", "replace")
                yield text.encode("utf-8", "replace"), False
                return
            block = block.removeprefix(codecs.BOM_UTF8)
            if not block:
                return
        nul = block.find(b"\0") if ask.stops_at_nul else -1
        is_last = nul >= 0 or not block
        if nul >= 0:
            block = block[:nul]
        end = -1 if ask.multiline else block.rfind(b"\n")
        if is_last:
            yield b"".join([*rest, block]), False
            return
        if end >= 0:
            yield b"".join([*rest, block[: end + 1]]), True
            rest, size = [block[end + 1 :]], len(block) - end - 1
            continue
        rest.append(block)
        size += len(block)
        if size >= LONGEST:
            hits.is_cut = True
            yield b"".join(rest), False
            return


class Lines:
    """Takes blocks of whole lines, one after the other."""

    def __init__(self, pattern: Pattern, ask: Ask, hits: FileHits) -> None:
        self._pattern, self._ask, self._hits = pattern, ask, hits
        self._number = 1  # of the first line of what comes
        self._owed = 0  # lines that the last match still gets
        self._after: list[ContextLine] = []
        self._near: list[ContextLine] = []  # the last lines that no match has got
        self._is_content = ask.mode == "content"
        self._has_context = self._is_content and bool(ask.before or ask.after)

    def take(self, block: bytes) -> bool:
        """False: there is no need for more."""
        passed = 0  # bytes of the block whose lines are told
        for start, end, at, stop in self._found(block):
            if self._is_full():
                break
            self._gap(block, passed, start)
            self._match(block, start, end, at, stop)
            passed = end
        if self._has_context or not self._is_full():
            self._gap(block, passed, len(block))
        return not self._is_full() or self._owed > 0

    def end(self) -> None:
        """The last match has got all its context."""
        self._settle()

    def _is_full(self) -> bool:
        most = self._ask.per_file
        return most is not None and self._hits.count >= most

    def _found(self, block: bytes) -> Iterator[tuple[int, int, int, int]]:
        """(where its lines begin and end, where the match begins and ends) of each match; lines that touch are one."""
        if self._pattern.spans:
            yield from _merged(block, self._pattern)
        elif self._pattern.may_be_in(block):
            yield from _by_line(block, self._pattern) if self._pattern.by_line else _each(block, self._pattern)

    def _match(self, block: bytes, start: int, end: int, at: int, stop: int) -> None:
        self._settle()
        self._hits.count += 1
        number = self._number
        self._number += block.count(b"\n", start, end)
        if not self._is_content:
            return
        line_bytes = block[start:end]
        text = line_bytes.decode("utf-8", "replace")
        where, width = at - start, stop - at
        if not line_bytes.isascii():
            where = len(block[start:at].decode("utf-8", "replace").encode())
            width = len(block[at:stop].decode("utf-8", "replace").encode())
        line, is_cut = shown.around(shown.plain(text), self._ask.max_columns, where, where + width)
        before, self._near = tuple(self._near), []
        column = shown.column(text, where)
        length = shown.column(text, where + width) - column
        self._hits.matches.append(GrepMatch(self._hits.path, number, line, before, (), column, is_cut, length=length))
        self._owed = self._ask.after

    def _gap(self, block: bytes, start: int, end: int) -> None:
        """Lines between two matches: the first ones belong to the match before them, the last ones to the next."""
        if not self._has_context:
            self._number += block.count(b"\n", start, end)
            return
        while self._owed and start < end:
            stop = _line_end(block, start, end)
            self._after.append(self._line(block, start, stop))
            self._owed -= 1
            self._number += 1
            start = stop
        lines: list[int] = []
        stop = end
        while self._ask.before and stop > start and len(lines) < self._ask.before:
            stop = block.rfind(b"\n", start, stop - 1) + 1 or start
            lines.append(stop)
        self._number += block.count(b"\n", start, stop)
        lines.reverse()
        for begin, until in zip(lines, [*lines[1:], end], strict=False):
            self._near.append(self._line(block, begin, until))
            self._number += block.count(b"\n", begin, until)
        self._near = self._near[-self._ask.before :] if self._ask.before else []

    def _line(self, block: bytes, start: int, end: int) -> ContextLine:
        text = shown.plain(block[start:end].decode("utf-8", "replace"))
        return ContextLine(self._number, shown.head(text, self._ask.max_columns)[0])

    def _settle(self) -> None:
        if self._after:
            matches = self._hits.matches
            matches[-1] = msgspec.structs.replace(matches[-1], context_after=tuple(self._after))
            self._after = []


def _each(block: bytes, pattern: Pattern) -> Iterator[tuple[int, int, int, int]]:
    at, size = 0, len(block)
    last = size if block.endswith(b"\n") else size + 1  # behind the last line there is none
    while at < size and (found := pattern.find(block, at)) is not None and found[0] < last:
        start = block.rfind(b"\n", at, found[0]) + 1 or at
        end = _line_end(block, found[0], size)
        yield start, end, *found
        at = end


def _by_line(block: bytes, pattern: Pattern) -> Iterator[tuple[int, int, int, int]]:
    at, size = 0, len(block)
    while at < size:
        end = _line_end(block, at, size)
        found = pattern.find(block[at:end].removesuffix(b"\n"))
        if found is not None:
            yield at, end, at + found[0], at + found[1]
        at = end


def _merged(block: bytes, pattern: Pattern) -> Iterator[tuple[int, int, int, int]]:
    at, size = 0, len(block)
    last: tuple[int, int, int, int] | None = None
    most = size if block.endswith(b"\n") else size + 1
    while at < size and (found := pattern.find(block, at)) is not None and found[0] < most:
        start = block.rfind(b"\n", 0, found[0]) + 1
        end = _line_end(block, max(found[1] - 1, found[0]), size)
        if last is not None and start <= last[1]:
            last = (last[0], max(end, last[1]), last[2], last[3])
        else:
            if last is not None:
                yield last
            last = (start, end, *found)
        at = max(found[1], found[0] + 1)
    if last is not None:
        yield last


def _line_end(block: bytes, at: int, size: int) -> int:
    """Behind the end of the line in which a byte lies."""
    return block.find(b"\n", at, size) + 1 or size
