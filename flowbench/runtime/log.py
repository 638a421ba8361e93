"""Log: what the steps of a run say while they work, line by line, bounded in memory and on disk.

A run with a folder also appends its lines to `log.jsonl` there, one JSON object per line, never synced: a log may lose
its last lines in a power cut, the journal may not.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from flowbench.runtime import store
from flowbench.runtime.errors import own_frames
from flowbench.runtime.withheld import Decide
from flowbench.words import count

FILE = "log.jsonl"
LINES = 10_000  # kept in memory
CHARACTERS = 4 * 1024 * 1024  # kept in memory
LINE_CHARACTERS = 16 * 1024  # a longer line becomes several
SHOWN = 100  # lines of a repr
FILE_BYTES = 16 * 1024 * 1024
TRACES = 100  # tracebacks per run that are told whole; a loop that fails all the time says only the last line of others

_FULL = f"{FILE} has reached {FILE_BYTES >> 20} MiB; what follows is not kept on disk"


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line, without its end. t: unix seconds, when it began. at: address of the step, "" outside of any.

    stream: "stdout" | "stderr": the step printed it; "note": flowbench or a worker says it about the step.
    """

    t: float
    at: str
    agent: str
    stream: str
    text: str


class Log:
    """The last LINES lines, at most CHARACTERS of text; older ones are dropped and counted.

    folder: where `log.jsonl` is continued; what it holds is read first. None: in memory only.
    A line is whole when its end has come, its step has ended, or it has grown to LINE_CHARACTERS. Of a line that was
    overwritten by carriage returns (a progress bar) the last state is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.hide: Callable[[str], str] = str  # takes out of a line what nobody may read
        self.decide: Decide = lambda text: (self.hide(text), "")  # the same for a line that has no end yet
        self.ended: Callable[[str | None], None] = lambda _: None  # who also tells what is said: see `end`
        self.dropped = 0  # lines that were too old to be kept
        self.begun: dict[tuple[str, str, int], Line] = {}  # (address, stream, thread) -> a line without an end
        self._kept: deque[Line] = deque()
        self._size = 0  # characters kept
        self._traces = 0
        self._lock = threading.RLock()
        self._file = None if folder is None else _File(folder / FILE)
        if folder is not None:
            for line in _read(folder / FILE):
                self._keep(line)

    # -- for those who read; from any thread

    def lines(self, at: str | None = None) -> list[Line]:
        """All that are kept, oldest first, with those that have no end yet. at: only of the step of that address."""
        with self._lock:
            begun = [msgspec.structs.replace(line, text=self.decide(line.text)[0]) for line in self.begun.values()]
            found = [*self._kept, *begun]
        return found if at is None else [line for line in found if line.at == at]

    def since(self, n: int) -> tuple[list[Line], int]:
        """Whole lines from number `n` on, and the number to ask with next time. n: 0 is the first line of the run.

        Lines that were dropped meanwhile are missing: there are fewer than the difference of the numbers.
        """
        with self._lock:
            end = self.dropped + len(self._kept)
            new = list(islice(reversed(self._kept), max(end - max(n, 0), 0)))
        return new[::-1], end

    def __str__(self) -> str:
        return "\n".join(map(_told, self.lines())) or "nothing was said"

    def __repr__(self) -> str:
        """The end of it, since a cell that ends in `run.log` asks what was said."""
        lines = self.lines()
        earlier = len(lines) - SHOWN
        told = [f"… {count(earlier, 'line')} before"] * (earlier > 0) + [_told(line) for line in lines[-SHOWN:]]
        return "\n".join(told) or "nothing was said"

    # -- for those who write; from any thread, never raises

    def say(self, at: str, agent: str, stream: str, text: str) -> None:
        """Add text as it comes: parts of lines, or many lines at once."""
        try:
            with self._lock:
                self._say(at, agent, stream, text)
        except Exception:  # what a step prints must never be why it fails
            return

    def trace(self, at: str, agent: str, error: BaseException) -> None:
        """Add why a step failed: the traceback of the body's own code."""
        self._traces += 1
        with suppress(Exception):  # an error may be unable to say itself
            text = "\n".join(own_frames(error) if self._traces <= TRACES else own_frames(error)[-1:])
            self.end(at)
            self.say(at, agent, "note", f"{text}\n")

    def end(self, at: str | None = None) -> None:
        """No more text will come from this step; None: from any."""
        with self._lock:
            over = [key for key in list(self.begun) if at is None or key[0] == at]
            whole = [self._readable(self.begun.pop(key)) for key in over]
            for line in whole:
                self._keep(line)
            self._write(whole)
        self.ended(at)

    def close(self) -> None:
        """The run has ended; what comes later is kept in memory only."""
        self.end()
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _say(self, at: str, agent: str, stream: str, text: str) -> None:
        if not text.isascii():  # half a surrogate pair cannot be written
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        now, key = time.time(), (at, stream, threading.get_ident())  # threads that print at once do not mix their lines
        before = self.begun.pop(key, None)
        if before is not None:
            now, text = before.t, before.text + text
        if "\n" not in text and "\r" not in text and len(text) <= LINE_CHARACTERS:
            self.begun[key] = Line(now, at, agent, stream, text)  # print writes each argument by itself
            return
        *ended, rest = text.split("\n")
        ended = [part for line in ended for part in _parts(self.hide(_last_state(line.rstrip("\r"))))]
        rest = _last_state(rest)
        *long, rest = _parts(self.hide(rest)) if len(rest) > LINE_CHARACTERS else [rest]
        whole = [Line(now, at, agent, stream, part) for part in (*ended, *long)]
        if rest:
            self.begun[key] = Line(now, at, agent, stream, rest)
        for line in whole:
            self._keep(line)
        self._write(whole)

    def _readable(self, begun: Line) -> Line:
        return msgspec.structs.replace(begun, text=self.hide(begun.text))

    def _keep(self, line: Line) -> None:
        self._kept.append(line)
        self._size += len(line.text)
        while len(self._kept) > LINES or self._size > CHARACTERS:
            self._size -= len(self._kept.popleft().text)
            self.dropped += 1

    def _write(self, lines: list[Line]) -> None:
        if lines and self._file is not None and not self._file.append(lines):
            self._file = None
            last = lines[-1]
            self._keep(Line(time.time(), last.at, last.agent, "note", _FULL))


def read_log(run_id: str) -> Log:
    """The log of a recorded run, also of one that another process owns; run_id as `resume` takes it.

    Raises: RunNotFound.
    """
    log = Log(store.find(run_id))
    log.close()
    return log


def _told(line: Line) -> str:
    return f"{line.agent} {line.at}  {line.text}".lstrip()


class _File:
    """`log.jsonl`: made with the first line, never longer than FILE_BYTES, given up when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._size = 0
        _open.add(self)

    def append(self, lines: list[Line]) -> bool:
        """False if this is over: the file is full, or the disk is."""
        data = b"".join(_encode(line) + b"\n" for line in lines)
        try:
            if self._fd < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
                self._fd = os.open(self._path, flags, 0o600)
                self._size = os.fstat(self._fd).st_size
            if self._size + len(data) > FILE_BYTES:
                os.write(self._fd, _encode(Line(time.time(), "", "", "note", _FULL)) + b"\n")
                self.close()
                return False
            self._size += os.write(self._fd, data)
        except OSError:  # the journal says what is wrong with the disk; the log is not worth a run
            self.close()
            return False
        return True

    def close(self) -> None:
        """Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


def _read(path: Path) -> list[Line]:
    """Whole lines of the file; none if there is no file. What is no line (torn by a crash) is left out."""
    found = []
    with suppress(OSError):
        for text in path.read_bytes().splitlines():
            with suppress(msgspec.MsgspecError):
                found.append(_decode(text))
    return found


def _last_state(line: str) -> str:
    """What a terminal would show of a line with carriage returns; one at its end waits for what overwrites."""
    if "\r" not in line:
        return line
    shown = line.rstrip("\r")
    return shown[shown.rfind("\r") + 1 :] + line[len(shown) :][:1]


def _parts(line: str) -> list[str]:
    """At least one, none longer than LINE_CHARACTERS."""
    return [line[at : at + LINE_CHARACTERS] for at in range(0, max(len(line), 1), LINE_CHARACTERS)]


_open: weakref.WeakSet[_File] = weakref.WeakSet()


def _let_go_of_all() -> None:
    """A forked child is not the run: what it prints goes where its prints always went."""
    for file in list(_open):
        file.close()


os.register_at_fork(after_in_child=_let_go_of_all)
