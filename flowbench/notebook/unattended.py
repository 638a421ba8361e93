"""Unattended: what a kernel does by itself when nobody watches: keep the facts of its runs and end them in time.

Our headless kernels load this as an extension before the first cell, so it holds for a notebook that only says
`import flowbench` too; `%load_ext flowbench` brings it to other kernels. What it needs of the house is loaded when a
run is launched: a notebook that launches none pays nothing.
"""

from __future__ import annotations

import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flowbench.notebook.deadline import LIMIT
from flowbench.runtime import launched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flowbench.notebook.ledger import Ledger
    from flowbench.runtime import Run

AT_THE_END = "end of notebook"


class Unattended:
    """One per shell. shown: the runs that the magics have shown. stays: also when %reload_ext takes the magics out."""

    def __init__(self, shell: Any, *, stays: bool) -> None:
        self.shown: Callable[[], Iterable[Run]] = tuple
        self.stays = stays
        self._shell = shell
        self._ledger: Ledger | None = None  # until a run is launched
        self._live: weakref.WeakSet[Run] = weakref.WeakSet()
        self._timer: threading.Timer | None = None
        self._passed = ""

    def enter(self) -> None:
        """Hear of the shell's cells from now on."""
        self._shell.events.register("pre_run_cell", self.begin_cell)
        self._shell.events.register("post_run_cell", self.end_cell)
        self.begin_cell()  # the cell that loads us has begun already

    def leave(self) -> None:
        """Hear of nothing any more."""
        self._shell.events.unregister("pre_run_cell", self.begin_cell)
        self._shell.events.unregister("post_run_cell", self.end_cell)
        self._forget_limit()

    def begin_cell(self, _: Any = None) -> None:
        """Read the limit that the client has sent along with the cell, and watch it."""
        self._forget_limit()
        limit = _limit(self._shell)
        if limit is not None:
            until, by = limit
            self._timer = threading.Timer(max(until - time.monotonic(), 0.0), self._pass, [by])
            self._timer.daemon = True
            self._timer.start()

    def end_cell(self, _: Any = None) -> None:
        """The limit was the cell's; what its runs have come to is told now."""
        self._forget_limit()
        if self._ledger is not None:
            with _undisturbed():
                self._ledger.tell(self.shown())

    def launched(self, run: Run) -> None:
        """Called in the thread that launched it."""
        from flowbench.notebook.ledger import Ledger

        self._live.add(run)
        if self._passed:
            _abort(run, "timeout", self._passed)
        with _one_at_a_time:
            self._ledger = self._ledger or Ledger()
        self._ledger.launched(run)

    def live(self) -> list[Run]:
        """Runs that have not ended, the oldest first."""
        return sorted((run for run in self._live if not run.has_ended), key=lambda run: run.started)

    def _pass(self, by: str) -> None:
        self._passed = by
        for run in self.live():
            _abort(run, "timeout", by)

    def _forget_limit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._passed = None, ""


_here: Unattended | None = None
_one_at_a_time = threading.Lock()


def install(shell: Any, *, stays: bool = False) -> Unattended:
    """Once per shell; again, the one that is there."""
    global _here
    if _here is None:
        _here = Unattended(shell, stays=stays)
        launched.append(_here.launched)
        _here.enter()
    return _here


def uninstall() -> None:
    """Take out what `install` put in, unless it stays."""
    global _here
    if _here is None or _here.stays:
        return
    here, _here = _here, None
    launched.remove(here.launched)
    here.leave()


def load_ipython_extension(shell: Any) -> None:
    """What `--ext flowbench.notebook.unattended` calls."""
    install(shell, stays=True)


def settle(reason: str = "", by: str = "") -> None:
    """Return when no run goes on, so that the notebook's end cuts none of them short.

    reason, by: why all are aborted first, as `Timeout`, `cell limit`; without, they are waited for. A paused run is
    aborted either way: nobody is left who could step it.
    """
    runs = [] if _here is None else _here.live()
    for run in runs:
        if reason:
            _abort(run, reason, by)
        elif run.state == "paused":
            _abort(run, "user", AT_THE_END)
    for run in runs:
        run.wait()
        cause = run.cause
        if cause is not None and cause.by == "interrupt":  # a SIGINT meanwhile was meant for all of them
            for other in runs:
                other.abort(cause.reason, by=cause.by)


def _abort(run: Run, reason: str, by: str) -> None:
    from flowbench.cancel import AbortReason

    run.abort(AbortReason[reason.upper()], by=by)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No interrupt meanwhile: the client sends one at the limit, and what was found out would be lost."""
    if threading.current_thread() is not threading.main_thread():  # a kernel may run cells elsewhere
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _limit(shell: Any) -> tuple[float, str] | None:
    # The whole request with its metadata; a terminal has none, and other clients send no limit.
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    limit = request.get("metadata", {}).get(LIMIT) if isinstance(request, dict) else None
    return None if not isinstance(limit, dict) else (float(limit["until"]), str(limit["by"]))
