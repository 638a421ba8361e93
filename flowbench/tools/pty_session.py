"""PTY session: a program on a terminal of its own, which is written to, resized and killed while it runs."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import TypedDict, Unpack

from flowbench.cancel import Aborted, CancelToken, bound
from flowbench.errors import FlowbenchError, nearest
from flowbench.tools.errors import PtyAlreadyRunning, PtyFailed, PtyGone, PtyNotRunning
from flowbench.tools.pty_life import Asked, Life, PtyResult
from flowbench.tools.screen import LINES, Tail

COLUMNS, ROWS = 120, 40
LEAST_COLUMNS, MOST_COLUMNS = 20, 400
LEAST_ROWS, MOST_ROWS = 5, 200
SWITCHES = {"cmd": "/c", "powershell": "-Command", "pwsh": "-Command"}  # how a shell is handed a command; others: -lc

OnChunk = Callable[[str], object]
"""Called with what the program writes, as it comes: whole characters, at most 64 KiB of them. The next call comes when
this one has returned, and a slow one holds the program up; what it raises ends the session."""


class PtyTerms(TypedDict, total=False):
    """What holds for any start.

    cwd: folder, by default this process's. env: added to this process's own. cols, rows: of the terminal, 120 and 40;
    clamped to 20..400 and 5..200. on_start: called once with the process id. token: its abort ends the session, as does
    `timeout_ms`, counted from the call.
    """

    cwd: str | os.PathLike[str] | None
    env: Mapping[str, str] | None
    cols: int
    rows: int
    on_start: Callable[[int], object] | None
    token: CancelToken | None
    timeout_ms: float | None


class Controls:
    """What both faces share: one program at a time, and what can be asked of it from any thread.

    last: how the last program ended, or None and `failure`. command: its words. tail: what it wrote last.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._life: Life | None = None
        self._hearing = threading.RLock()
        self._watchers: list[Callable[[str | None], object]] = []
        self.last: PtyResult | None = None
        self.failure: BaseException | None = None
        self.command = ""
        self.tail = Tail()

    def write(self, text: str) -> None:
        """As if it were typed; a lone carriage return is the Enter key. Queued until the program has started.

        Raises: PtyNotRunning, PtyGone.
        """
        data = text.encode("utf-8", "surrogateescape")
        self._running().order(lambda terminal: terminal.write(data))

    def resize(self, cols: int, rows: int) -> None:
        """Clamped as at the start; the program hears SIGWINCH. Raises: PtyNotRunning, PtyGone."""
        cols, rows = clamped(cols, rows)
        self.tail.columns, self.tail.rows = cols, rows
        self._running().order(lambda terminal: terminal.resize(cols, rows))

    def kill(self) -> None:
        """End the program and all that it has started: TERM, and KILL at once. Raises: PtyNotRunning, PtyGone."""
        self._running().kill()

    @property
    def is_running(self) -> bool:
        return self._life is not None

    def lines(self, limit: int = LINES) -> list[str]:
        """What the terminal shows now, as plain text, scrolled-away lines included: the last `limit`."""
        return self.tail.lines(limit)

    def watch(self, hear: Callable[[str | None], object]) -> Callable[[], None]:
        """Call `hear` with what was written last and then with each text, before `on_chunk` is and in the same thread,
        which it may hold up; with None when the program has ended. Returns what ends the watch."""
        with self._hearing:
            if self.tail.text:
                hear(self.tail.text)
            self._watchers.append(hear)
        return lambda: self._watchers.remove(hear) if hear in self._watchers else None

    def _running(self) -> Life:
        life = self._life
        if life is None:
            raise PtyNotRunning
        return life

    def _begin(self, argv: Sequence[str], terms: PtyTerms) -> Life:
        for name in terms.keys() - PtyTerms.__annotations__.keys():
            near = nearest(name, PtyTerms.__annotations__)
            raise TypeError(f"a PTY session knows no {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        milliseconds, cwd = terms.get("timeout_ms"), terms.get("cwd")
        token = bound(terms.get("token"), None if milliseconds is None else milliseconds / 1000)
        columns, rows = clamped(terms.get("cols", COLUMNS), terms.get("rows", ROWS))
        env = dict(terms.get("env") or {})
        where = None if cwd is None else os.fspath(cwd)
        if not argv[0]:
            raise PtyFailed("Failed to spawn PTY command", "it begins with the name of a program, and there is none")
        if any("\0" in each for each in (*argv, where or "", *env, *env.values())):
            raise PtyFailed("Failed to spawn PTY command", "its words, cwd or env hold a NUL character")
        with self._lock:
            if self._life is not None:
                raise PtyAlreadyRunning
            self._life = life = Life(Asked(argv, where, env, columns, rows), token)
        self.command, self.last, self.failure = shlex.join(argv), None, None
        self.tail = Tail()
        self.tail.columns, self.tail.rows = columns, rows
        return life

    def _hear(self, text: str) -> str:
        with self._hearing:
            self.tail.add(text)
            for hear in tuple(self._watchers):
                hear(text)
        return text

    def _end(self, life: Life) -> PtyResult:
        """Idle again; what became of it, whose outflow has ended."""
        self._life = None
        try:
            self.last = life.ended.result()
        except BaseException as error:
            self.failure = error
            raise
        finally:
            for hear in tuple(self._watchers):
                hear(None)
        return self.last

    def _leave(self, life: Life) -> None:
        """End it and be idle at once: nobody reads it any more, and nobody waits for its end."""
        with suppress(PtyGone):
            life.kill()
        life.outflow.leave()
        self._life, self.last = None, PtyResult(cancelled=True)
        for hear in tuple(self._watchers):
            hear(None)

    def __del__(self) -> None:
        if (life := getattr(self, "_life", None)) is not None:  # nobody reads it any more
            with suppress(PtyGone):
                life.kill()


class PtySession(Controls):
    """Runs programs on a terminal, one at a time and as often as you like.

    What a program has started ends with it, daemons too.
    `write`, `resize` and `kill` are for other threads and for `on_chunk`. The same class of `flowbench.tools.aio` is
    awaited. Linux and macOS; Windows has no terminals of this kind.
    """

    def start(
        self, command: str, *, shell: str = "sh", on_chunk: OnChunk | None = None, **terms: Unpack[PtyTerms]
    ) -> PtyResult:
        """Run a command line and wait for its end. Abort returns flags; before the program runs, it raises Aborted.

        shell: reads the command, as a login shell. on_chunk and on_start are called in this thread; what they raise,
        and Ctrl-C, ends the session and is raised on. When the program has ended and a daemon holds the terminal, 2 s
        without output are waited for more. terms: see PtyTerms.
        Raises: PtyAlreadyRunning, PtyFailed, TooManyProcesses, Survivors.
        Source: pi-natives 18.2, PtySession; there an exit code of 1 stands beside `cancelled` and for every death by a
        signal, and what has left the session outlives it.
        """
        return self._through(shell_argv(shell, command), on_chunk, terms)

    def start_argv(
        self,
        application: str,
        args: Sequence[str] = (),
        *,
        on_chunk: OnChunk | None = None,
        **terms: Unpack[PtyTerms],
    ) -> PtyResult:
        """The same with a program, found on PATH, and its arguments. Abort returns flags, as with `start`."""
        return self._through([application, *args], on_chunk, terms)

    def stream(self, command: str, *, shell: str = "sh", **terms: Unpack[PtyTerms]) -> Iterator[str]:
        """What a command writes, as it comes. Abort returns flags in `last`; leaving the loop early ends the program.

        It begins when the first text is asked for. Raises: as `start`.
        """
        life = self._begin(shell_argv(shell, command), terms)
        try:
            yield from map(self._hear, _texts(life, terms))
        except BaseException:  # the loop was left
            self._abandon(life)
            raise
        self._end(life)

    def _through(self, argv: Sequence[str], on_chunk: OnChunk | None, terms: PtyTerms) -> PtyResult:
        life = self._begin(argv, terms)
        try:
            for text in map(self._hear, _texts(life, terms)):
                if on_chunk is not None:
                    on_chunk(text)
        except BaseException:  # of a callback, or Ctrl-C: the caller does not wait any more
            self._abandon(life)
            raise
        return self._end(life)

    def _abandon(self, life: Life) -> None:
        with suppress(PtyGone):
            life.kill()
        while life.outflow.take() is not None:
            pass
        with suppress(FlowbenchError, Aborted):  # there is an error already
            self._end(life)


def _texts(life: Life, terms: PtyTerms) -> Iterator[str]:
    on_start = terms.get("on_start")
    while (item := life.outflow.take()) is not None:
        if isinstance(item, str):
            yield item
        elif on_start is not None:
            on_start(item)


def clamped(columns: int, rows: int) -> tuple[int, int]:
    return min(max(columns, LEAST_COLUMNS), MOST_COLUMNS), min(max(rows, LEAST_ROWS), MOST_ROWS)


def shell_argv(shell: str, command: str) -> list[str]:
    """How this shell is handed a command: cmd /c, powershell and pwsh -Command, any other -lc."""
    name = PurePath(shell.replace("\\", "/")).name.lower().removesuffix(".exe")
    return [shell, SWITCHES.get(name, "-lc"), command]
