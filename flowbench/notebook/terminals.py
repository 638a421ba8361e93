"""Terminals: a program on a live terminal in a notebook; when it has ended, its last lines stay as plain text.

The cell does not wait. Keys, sizes and the Abort button are heard while a cell is busy, by the tap.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, Unpack

from flowbench.cancel import CancelToken, bound
from flowbench.notebook.feed import Feed
from flowbench.notebook.place import is_headless, kernel_of
from flowbench.notebook.show import WIDGET, Handle
from flowbench.notebook.tap import ABORT, TERMINAL, Tap, tap
from flowbench.notebook.view import cut
from flowbench.process import ended
from flowbench.runtime import waiting
from flowbench.tools import PtyError, PtyResult, PtySession, PtyTerms
from flowbench.tools.aio import PtySession as AwaitedPtySession

LINES = 500  # that stay in the notebook
ROWS = 24
TITLE_LENGTH = 160  # characters
NOBODY_TYPES = 0.5  # seconds between two ends of file for programs that wait for keys
END_OF_FILE = "\x04"
KEPT = 4  # panels of ended terminals, for pages that are loaded anew
ENV = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
# The other way round: it is scrolled to its end at first.
BOX = "display:flex;flex-direction:column-reverse;max-height:420px;overflow:auto;margin:4px 0"
PLAIN = "flex:none;margin:0;padding:4px 8px;white-space:pre;font-size:12px;line-height:1.3"

_kept: deque[Any] = deque()


class LiveTerminal:
    """A session in a notebook: live while it runs, then still. session: what runs in it, to write to and to kill."""

    def __init__(self, session: PtySession | AwaitedPtySession, title: str = "", columns: int = 0) -> None:
        """columns: fixed number of them; 0: as many as fit into the page."""
        self.session = session
        self._columns = columns
        self._lock = threading.Lock()
        self._title = cut(" ".join((title or session.command).split()), TITLE_LENGTH)
        self._over = threading.Event()
        self._began = time.monotonic()
        self._seconds = 0.0
        self._token = CancelToken()
        self._token.on_abort(lambda _: self.kill())
        self._panel: Any = None
        self._feed = Feed(self._send, holds=isinstance(session, PtySession))
        self._unwatch: Callable[[], None] | None = None
        self._handles: list[Handle] = []
        self._numbers: dict[str, int] = {}  # of the last message of each view: the tap and the comm bring them twice
        self._cell: int | None = None  # the one that shows it
        self._forget = session.watch(self._hear)

    def write(self, text: str) -> None:
        """As if it were typed; a carriage return is the Enter key. Nothing happens when it has ended."""
        with suppress(PtyError):
            self.session.write(text)

    def kill(self) -> None:
        """End the program and all that it has started. Nothing happens when it has ended."""
        with suppress(PtyError):
            self.session.kill()

    def wait(self, timeout: float | None = None) -> PtyResult | None:
        """How it ended; None after `timeout` seconds, or if that cannot be told. The Stop button of the notebook ends
        the program."""
        waiting.wait_for(self._over.wait, self._token, timeout)
        return self.session.last if self._over.is_set() else None

    def lines(self, limit: int = LINES) -> list[str]:
        """What it shows now, as plain text; the last `limit` lines."""
        return self.session.lines(limit)

    @property
    def is_running(self) -> bool:
        return not self._over.is_set()

    def __repr__(self) -> str:
        return f"<terminal {self._title!r}: {self._words()}>"

    def _ipython_display_(self) -> None:
        shell = _shell()
        if self._cell is None or self._cell != getattr(
            shell, "execution_count", None
        ):  # else the cell shows it already
            self.show(shell)

    def show(self, shell: Any) -> None:
        """Display it here, live if it runs and somebody can look."""
        from IPython.display import DisplayHandle

        handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self._cell = getattr(shell, "execution_count", None)
        kernel = kernel_of(shell)
        if self._over.is_set() or kernel is None or is_headless():
            handle.display(self.still(), raw=True)
        else:
            self.begin(handle, tap(kernel))

    def begin(self, handle: Handle, tapped: Tap | None) -> None:
        """Display it live, and leave its last lines there when it has ended."""
        if self._panel is None:
            self._open(tapped)
        model = {"version_major": 2, "version_minor": 0, "model_id": self._panel.model_id}
        handle.display({WIDGET: model, "text/plain": repr(self)}, raw=True)
        self._handles.append(handle)
        if self._over.is_set():  # meanwhile
            self._close()

    def still(self) -> dict[str, Any]:
        """Mime bundle: the last lines, and how it ended."""
        lines = self.lines()
        text = "\n".join(lines)
        words = self._words() if self.is_running else f"{self._words()} · {self._seconds:.1f} s"
        kept = f", the last {LINES} lines" if len(lines) >= LINES else ""
        head = f"<div><b>{escape(self._title)}</b> · {escape(words)}{kept}</div>"
        body = f'<div style="{BOX}"><pre style="{PLAIN}">{escape(text)}</pre></div>' if text else ""
        return {
            "text/html": f'<div class="flowbench mathjax_ignore">{head}{body}</div>',
            "text/plain": f"{text}\n{self!r}" if text else repr(self),
        }

    def _open(self, tapped: Tap | None) -> None:
        from flowbench.notebook.terminal_panel import TerminalPanel  # widgets load slowly

        about = {"title": self._title, "columns": self._columns, "rows": self.session.tail.rows}
        self._panel = TerminalPanel(about=about, view=self._view())
        self._panel.on_msg(lambda _panel, message, _buffers: self._on_message(message))
        if tapped is not None:
            self._unwatch = tapped.watch(self._panel.comm.comm_id, self._on_message)

    def _view(self) -> dict[str, Any]:
        return {"state": self._state(), "words": self._words(), "over": self._over.is_set()}

    def _state(self) -> str:
        result = self.session.last
        if not self._over.is_set():
            return "running"
        if result is None or result.timed_out:
            return "failed"
        return "cancelled" if result.cancelled else "failed" if result.exit_code else "done"

    def _words(self) -> str:
        result = self.session.last
        if not self._over.is_set():
            return "running"
        if result is None:
            return str(self.session.failure or "nobody knows how it ended")
        if result.timed_out:
            return "its time was over"
        return "stopped" if result.cancelled else ended(result.exit_code)

    # What the page says

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._panel is not None:
            self._panel.send(message)

    def _on_message(self, message: Mapping[str, Any]) -> None:
        if message == ABORT:
            self.kill()
        elif message.get("event") == TERMINAL and self._is_new(message):
            self._do(str(message.get("do")), message)

    def _is_new(self, message: Mapping[str, Any]) -> bool:
        view, number = str(message.get("view")), message.get("n")
        if not isinstance(number, int):
            return False
        with self._lock:
            if number <= self._numbers.get(view, 0):
                return False
            self._numbers[view] = number
            return True

    def _do(self, what: str, message: Mapping[str, Any]) -> None:
        numbers = [message.get(name) for name in ("at", "columns", "rows")]
        at, columns, rows = (each if isinstance(each, int) else 0 for each in numbers)
        if what == "library":
            self._panel.send_library()
        elif what == "greet":
            self._feed.greet()
        elif what == "leave":
            self._feed.leave()
        elif what == "drawn":
            self._feed.drawn(at)
        elif what == "keys":
            self.write(str(message.get("text", "")))
        elif what == "size" and columns and rows:
            with suppress(PtyError):
                self.session.resize(columns, rows)

    # What the session says

    def _hear(self, text: str | None) -> None:
        if text is not None:
            self._feed.put(text)
            return
        self._forget()
        self._seconds = time.monotonic() - self._began
        self._over.set()
        self._feed.close()
        if self._panel is not None:
            self._close()

    def _close(self) -> None:
        """Leave the plain text; the panel goes."""
        with self._lock:
            handles, self._handles = self._handles, []
            unwatch, self._unwatch = self._unwatch, None
        self._panel.view = self._view()
        for handle in handles:
            handle.update(self.still(), raw=True)
        if unwatch is not None:
            unwatch()
            _kept.append(self._panel)
            if len(_kept) > KEPT:
                _kept.popleft().close()


def terminal(command: str | None = None, *, shell: str | None = None, **terms: Unpack[PtyTerms]) -> LiveTerminal:
    """Run a command, or without one an interactive shell, on a live terminal in the output of this cell.
    Abort returns flags in its `session.last`; before the program runs, it raises Aborted.

    The cell does not wait; `wait()` of what this returns does. When the program has ended, its last 500 lines stay as
    plain text. In a headless notebook this waits for the end, and whoever waits for keys there reads an end of file;
    an interactive shell ends at once. cols: as many as fit, unless given; rows: 24. shell: reads the command, by
    default `sh`; or is the interactive one, by default that of the user. Other terms: see `flowbench.tools.PtySession`.
    Raises: PtyFailed.
    """
    session = PtySession()
    shell_here = _shell()
    terms = {"rows": ROWS, **terms, "env": {**ENV, **(terms.get("env") or {})}}
    terms["token"] = bound(terms.get("token"))  # of this thread's step
    program = shell or os.environ.get("SHELL") or "sh"
    shown = LiveTerminal(session, command or Path(program).name, terms.get("cols", 0))

    def run(**hooks: Any) -> None:
        if command is None:
            session.start_argv(program, **{**terms, **hooks})
        else:
            session.start(command, shell=shell or "sh", **{**terms, **hooks})

    def nobody_types(pid: int) -> None:
        threading.Thread(target=_end_input, args=(session,), daemon=True).start()
        if (told := terms.get("on_start")) is not None:
            told(pid)

    if kernel_of(shell_here) is None:
        run(on_start=nobody_types, on_chunk=sys.stdout.write)
        return shown
    if is_headless():
        run(on_start=nobody_types)
    else:
        _start_aside(run, terms.get("on_start"))
    shown.show(shell_here)
    return shown


def show_session(session: PtySession | AwaitedPtySession) -> None:
    """Display a session: what runs in it, live; or what its last program has left."""
    if session.command:
        LiveTerminal(session).show(_shell())
    else:
        print("<PtySession, nothing has run in it>")


def _start_aside(run: Callable[..., None], told: Callable[[int], object] | None) -> None:
    """Return when the program runs. Raises: what kept it from that."""
    begun: Future[int] = Future()

    def work() -> None:
        try:
            run(on_start=begun.set_result)
        except BaseException as error:  # told to the cell, or later by the session itself
            if not begun.done():
                begun.set_exception(error)

    threading.Thread(target=work, name="flowbench-terminal", daemon=True).start()
    pid = begun.result()
    if told is not None:
        told(pid)


def _end_input(session: PtySession) -> None:
    """Nobody types: whoever waits for keys reads an end of file."""
    with suppress(PtyError):
        while session.is_running:
            session.write(END_OF_FILE)
            time.sleep(NOBODY_TYPES)


def _shell() -> Any:
    from IPython.core.getipython import get_ipython

    return get_ipython()
