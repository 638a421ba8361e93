"""The messages of `rg --json`, line by line, made into what each file holds.

A line of any length passes through here in bounded memory: of one that is too long only its beginning and its number
are kept.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from flowbench.tools.files.walking import reported
from flowbench.tools.searching import shown
from flowbench.tools.searching.hits import LARGE, Ask, ContextLine, FileHits, GrepMatch

HEAD = 7 * LARGE  # bytes that are kept of a message that is too long; JSON writes one byte as six at worst
LONGEST = 8 * LARGE  # bytes of a message that is kept whole
LONGEST_LINE = 256 << 20  # bytes of a line that are looked at again
TAIL = 4096  # bytes that are kept of what follows its text
LONG = 1 << 14  # bytes of a message that is looked through before it is decoded
FIRST_SPAN = re.compile(rb'"\},"start":\d+,"end":\d+')
BEHIND_TEXT = re.compile(rb'"\},"line_number":(\d+|null)')  # cannot stand in a JSON string, where quotes are escaped


T = TypeVar("T")


class _Text(msgspec.Struct, gc=False):
    text: str | None = None
    coded: str | None = msgspec.field(default=None, name="bytes")

    def decoded(self) -> str:
        return self.text if self.text is not None else self.raw().decode("utf-8", "replace")

    def raw(self) -> bytes:
        return base64.b64decode(self.coded) if self.coded is not None else (self.text or "").encode()


class _Span(msgspec.Struct, gc=False):
    start: int
    end: int


class _Begin(msgspec.Struct, gc=False):
    path: _Text


class _Line(msgspec.Struct, gc=False):
    lines: _Text
    line_number: int | None = None
    absolute_offset: int = 0
    submatches: list[_Span] = []
    is_cut: bool = False  # ours, see _shortened


class _End(msgspec.Struct, gc=False):
    binary_offset: int | None = None


class _Stats(msgspec.Struct, gc=False):
    searches: int


class _Summary(msgspec.Struct, gc=False):
    stats: _Stats


class _Message(msgspec.Struct, Generic[T], gc=False):
    data: T


_decode_begin = msgspec.json.Decoder(_Message[_Begin]).decode
_decode_line = msgspec.json.Decoder(_Message[_Line]).decode
_decode_end = msgspec.json.Decoder(_Message[_End]).decode
_decode_summary = msgspec.json.Decoder(_Message[_Summary]).decode


class Messages:
    """Takes what rg writes, and tells of each file once all of it is known.

    searched: files; None until rg has ended well. odd: (hits, first NUL byte) of files with a NUL in or before a
    match; they are not told.
    """

    def __init__(
        self,
        ask: Ask,
        heard: Callable[[FileHits], object],
        locate: Callable[[bytes], tuple[int, int] | None],
        *,
        is_explicit: bool,
    ) -> None:
        """locate: finds the match in a line where rg does not say it.

        is_explicit: rg was given the files, and goes on behind a NUL byte then.
        """
        self.searched: int | None = None
        self.odd: list[tuple[FileHits, int]] = []
        self._ask, self._heard, self._locate = ask, heard, locate
        self._folder = os.fsencode(os.path.dirname(ask.root) if ask.is_file else ask.root)
        self._is_content = ask.mode == "content"
        self._leaves = not is_explicit and ask.stops_at_nul
        # The NUL byte is known at the end of a file only.
        self._waits = is_explicit and ask.stops_at_nul and not ask.multiline
        self._waiting: list[tuple[bool, _Line]] = []  # (is a match, line)
        self._rest = bytearray()
        self._head: bytes | None = None  # of a message that is too long; what follows is in _rest
        self._begin(b"")

    def take(self, chunk: bytes) -> None:
        """The next bytes. Raises: msgspec.DecodeError, for what rg does not write."""
        if self._rest or self._head is not None:
            end = chunk.find(b"\n")
            if end < 0:
                self._keep(chunk)
                return
            self._keep(chunk[:end])
            line, self._rest = bytes(self._rest), bytearray()
            head, self._head = self._head, None
            self._message(line if head is None else _shortened(head, line))
            chunk = chunk[end + 1 :]
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._message(line)
        self._rest += rest

    def _keep(self, part: bytes) -> None:
        self._rest += part
        if self._head is None and len(self._rest) > LONGEST:
            self._head = bytes(self._rest[:HEAD])
            del self._rest[:HEAD]
        if self._head is not None and len(self._rest) > TAIL:
            found = BEHIND_TEXT.search(self._rest)
            if found is None:
                del self._rest[: -TAIL // 2]
            else:
                del self._rest[found.start() + TAIL :]
                del self._rest[: found.start()]

    def _message(self, line: bytes) -> None:
        if len(line) > LONG:
            line = _first_only(line)
        kind = line[9:13]
        if kind == b"matc":
            if self._is_content or self._waits or self._ask.multiline:
                self._line(_decode_line(line).data, is_match=True)
            else:
                self._file.count += 1
        elif kind == b"cont":
            self._line(_decode_line(line).data, is_match=False)
        elif kind == b"begi":
            self._begin(_decode_begin(line).data.path.raw())
        elif kind == b'end"':
            self._end(_decode_end(line).data.binary_offset)
        elif line.startswith(b'{"data"'):  # the summary alone begins so
            self.searched = _decode_summary(line).data.stats.searches

    def _begin(self, place: bytes) -> None:
        place = place.removeprefix(b"./")
        path = self._ask.root if self._ask.is_file else os.fsdecode(place)
        self._file = FileHits(reported(path), place)
        self._last = -1  # number of the last line of the last match
        self._reach = 0  # bytes of the file up to the end of the last match
        self._before: list[ContextLine] = []
        self._context: list[ContextLine] = []  # behind the last match
        self._waiting = []

    def _line(self, data: _Line, *, is_match: bool) -> None:
        if self._waits:
            self._waiting.append((is_match, data))
        elif is_match:
            self._match(data)
        else:
            self._near(data)

    def _match(self, data: _Line) -> None:
        if self._ask.per_file is not None and self._file.count >= self._ask.per_file:
            if self._is_content and self._ask.multiline:
                self._near_block(data)
            elif self._is_content:
                self._near(data)  # behind the last match that is wanted rg calls it now a match, now context
            return
        self._settle()
        self._file.count += 1
        if data.is_cut and self._ask.max_columns is not None and not self._ask.multiline:
            self._complete(data)
        text = data.lines.decoded()
        if self._ask.multiline:
            self._reach = data.absolute_offset + len(data.lines.raw())
        if not self._is_content:
            return
        number = data.line_number or 0
        self._last = number if not self._ask.multiline else number + max(text.count("\n") - text.endswith("\n"), 0)
        if not data.submatches and not data.is_cut:
            found = self._locate(data.lines.raw().removesuffix(b"\n"))
            data.submatches = [] if found is None else [_Span(*found)]
        self._file.matches.append(_shown(self._file.path, data, text, self._before, self._ask.max_columns))
        self._before = []

    def _near(self, data: _Line) -> None:
        """A line of context belongs to the match before it as far as that one's reaches, else to the one behind it."""
        number = data.line_number or 0
        if self._ask.multiline:
            self._reach = data.absolute_offset + len(data.lines.raw())
        near = ContextLine(number, shown.head(shown.plain(data.lines.decoded()), self._ask.max_columns)[0])
        is_behind = self._last >= 0 and number - self._last <= self._ask.after
        (self._context if is_behind else self._before).append(near)

    def _complete(self, data: _Line) -> None:
        """Read a line again of which the middle is missing, so that the part around its match can be shown."""
        head = data.lines.raw()[:LONG]
        try:
            with open(os.path.join(self._folder, self._file.place), "rb") as file:
                file.seek(data.absolute_offset)
                line = file.readline(LONGEST_LINE)
            if line.startswith(head):  # else it is in another encoding, or has changed
                data.lines, data.is_cut = _Text(line.decode()), False
        except (OSError, UnicodeDecodeError):
            return

    def _near_block(self, data: _Line) -> None:
        """Lines of a match that is not wanted any more, as context of the last one."""
        offset = data.absolute_offset
        lines = data.lines.raw().removesuffix(b"\n").split(b"\n")
        for at, line in enumerate(lines[: self._ask.after]):
            coded = base64.b64encode(line + b"\n").decode()
            self._near(_Line(_Text(coded=coded), (data.line_number or 0) + at, offset))
            offset += len(line) + 1

    def _settle(self) -> None:
        """The last match has got all its context."""
        if self._context:
            last = self._file.matches[-1]
            self._file.matches[-1] = msgspec.structs.replace(last, context_after=tuple(self._context))
            self._context = []

    def _end(self, nul: int | None) -> None:
        for is_match, data in self._waiting:
            if nul is not None and data.absolute_offset >= nul:
                break
            if is_match:
                self._match(data)
            else:
                self._near(data)
        self._settle()
        file = self._file
        if nul is not None and self._leaves:
            self.odd.append((file, nul))
            return
        if not file.count:
            return
        place = os.path.join(self._folder, file.place)
        try:
            file.is_large = os.stat(place).st_size > LARGE
            nul = _nul_before(place, self._reach) if self._ask.multiline and self._ask.stops_at_nul else None
        except OSError:  # it is gone meanwhile
            nul = None
        if nul is None:
            self._heard(file)
        else:
            self.odd.append((file, nul))


def _shown(path: str, data: _Line, text: str, before: list[ContextLine], most: int | None) -> GrepMatch:
    if most is None and len(text) < LARGE // 4 and data.submatches and text.isascii():  # what most of them are
        first = data.submatches[0]
        line, column, length = shown.plain(text), first.start + 1, first.end - first.start
        return GrepMatch(path, data.line_number or 0, line, tuple(before), (), column, length=length)
    span = data.submatches[0] if data.submatches else None
    start, end = (span.start, span.end) if span is not None else (0, 0)
    if data.lines.coded is not None:  # offsets of the file's bytes, not of the text
        raw = data.lines.raw()
        start, end = (len(raw[:at].decode("utf-8", "replace").encode()) for at in (start, end))
    line, is_cut = shown.around(shown.plain(text), most, start, end)
    column = 0 if span is None else shown.column(text, start)
    length = 0 if span is None else shown.column(text, end) - column
    is_cut = is_cut or data.is_cut
    return GrepMatch(path, data.line_number or 0, line, tuple(before), (), column, is_cut, length=length)


def _shortened(head: bytes, tail: bytes) -> bytes:
    """A message of which the middle is missing, as one that can be read. head: ends in the text of a line."""
    found = BEHIND_TEXT.search(tail)
    at = head.find(b'"lines":{"')
    if found is None or at < 0:
        return head[:13]  # which tells at least that there is a match
    is_text = head.startswith(b'text":"', at + 10)
    start = at + 10 + (7 if is_text else 8)
    value, tail = head[start:], tail[found.start() :]
    if is_text:
        value = re.sub(rb"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-f]{0,3})?\Z", rb"\1", value[-64:])
        value = (head[start:-64] + value).decode("utf-8", "ignore").encode()
    else:
        value = value[: len(value) // 4 * 4]
    span = re.search(rb'"start":(\d+),"end":(\d+)', tail)
    submatches = b"" if span is None else b'{"start":%s,"end":%s}' % span.groups()
    offset = re.search(rb'"absolute_offset":(\d+)', tail)
    return b'%s%s"},"line_number":%s,"absolute_offset":%s,"submatches":[%s],"is_cut":true}}' % (
        head[:start], value, found[1], offset[1] if offset else b"0", submatches
    )  # fmt: skip


def _first_only(line: bytes) -> bytes:
    """A long message with the first of its submatches alone: there may be one for each character of a line."""
    found = BEHIND_TEXT.search(line)
    span = None if found is None else FIRST_SPAN.search(line, found.end())
    return line if span is None else line[: span.end()] + b"}]}}"


def _nul_before(place: bytes, reach: int) -> int | None:
    """Where the first NUL byte is, if it is there; text in UTF-16 is full of them and none counts."""
    with open(place, "rb") as file:
        at = 0
        while at < reach and (block := file.read(min(1 << 20, reach - at))):
            if at == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return None
            found = block.find(b"\0")
            if found >= 0:
                return at + found
            at += len(block)
    return None
