"""Follow a run to its end: a progress line for a person, signals for its token."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowbench.cli.asking import is_asking
from flowbench.cli.exits import Exit
from flowbench.cli.words import seconds, short
from flowbench.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from flowbench.runtime import Run

TICK = 0.1  # seconds between two states of the progress line
BY = {signal.SIGINT: "interrupt", signal.SIGTERM: "SIGTERM"}  # the first is what a Ctrl-C says anywhere
SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


@dataclass
class Heard:
    """The first signal this process got, and the run it is for (None: not launched yet)."""

    number: signal.Signals | None = None
    run: Run | None = None

    @property
    def exit(self) -> Exit | None:
        return None if self.number is None else SIGNALS[self.number]

    def abort(self) -> bool:
        """Pass the signal on to the run itself, so that what it records says who asked; True if it is the first cause.

        Safe in a signal handler.
        """
        from flowbench.cancel import AbortReason

        if self.number is None or self.run is None:
            return False
        return self.run.token.abort(AbortReason.SIGNAL, by=BY[self.number])


@contextmanager
def signals() -> Iterator[Heard]:
    """SIGINT and SIGTERM abort the run that is followed (reason Signal); a second one ends this process at once.

    The journal is safe against the second one too: that is what it is for.
    """
    heard = Heard()

    def answer(number: int, frame: FrameType | None) -> None:
        if heard.number is not None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        heard.number = signal.Signals(number)
        heard.abort()

    # A shell's `&` starts us with SIGINT ignored: then it stays so, as for every other program.
    free = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, answer) for number in free}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow(run: Run, heard: Heard) -> None:
    """Return when the run has ended, whatever its outcome."""
    heard.run = run
    heard.abort()  # a signal that came while it was being launched
    if not _person_watches():
        run.wait()
        return
    try:
        while not run.wait(TICK):
            if not is_asking():
                _draw(progress_line(run))
    finally:
        _draw("")


def progress_line(run: Run) -> str:
    """`12 steps · 1 failed · parse x4 · 3.1 s`"""
    now = run.progress()
    parts = [count(now.ended, "step")]
    if now.failed:
        parts.append(f"{now.failed} failed")
    parts += [f"{agent} x{many}" for agent, many in Counter(agent for _, agent, _ in now.running).most_common(3)]
    parts.append(seconds(run.seconds))
    return " · ".join(parts)


def _person_watches() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _draw(text: str) -> None:
    columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
    sys.stderr.write("\r\x1b[2K" + short(text, columns - 1))
    sys.stderr.flush()
