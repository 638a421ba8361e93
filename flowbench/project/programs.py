"""Programs: tools of third parties, found on PATH, run with a time limit, and ended with all that they have started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from flowbench.cancel import AbortReason, CancelToken, bound
from flowbench.project.program_errors import ProgramFailed, ProgramLate, ProgramMissing

LARGEST = 64 << 20  # bytes of an output that are read whole


class Output(NamedTuple):
    """What a program has written, UTF-8, and how it ended: its exit code, or minus the number of a signal."""

    stdout: str
    stderr: str
    code: int

    @property
    def said(self) -> str:
        """The reason of a failure, in its own words."""
        return (self.stderr.strip() or self.stdout.strip() or f"exit code {self.code}")[-2000:]


def found(name: str) -> str:
    """Its absolute path. Raises: ProgramMissing."""
    path = shutil.which(name)
    if path is None:
        raise ProgramMissing(name)
    return os.path.abspath(path)


def run(
    name: str,
    arguments: Sequence[str],
    *,
    cwd: Path,
    seconds: float,
    stdin: str = "",
    token: CancelToken | None = None,
) -> Output:
    """Abort raises Aborted, and ends it: run it to its end, whatever its exit code is.

    Raises: ProgramMissing; ProgramLate after that time, when nothing of it is left; ProgramFailed, it did not start.
    """
    from flowbench.process import NotStarted, ProcessError, TimedOut, carry, spawn

    own = bound(token)
    argv = [found(name), *arguments]
    work = carry(spawn(argv, stdin=stdin.encode(errors="replace"), token=own, timeout=seconds, cwd=os.fspath(cwd)))
    try:
        ended = work.result()
    except TimedOut:
        raise ProgramLate(name, seconds) from None
    except NotStarted as error:
        raise ProgramFailed(name, str(error)) from error
    except ProcessError as error:
        raise ProgramFailed(name, str(error)) from error
    except BaseException:  # Ctrl-C: nobody waits any more
        own.abort(AbortReason.SIGNAL, "left")
        raise
    stdout = ended.stdout.whole(LARGEST)
    text = ended.stdout.text() if stdout is None else stdout.decode(errors="replace")
    return Output(text, ended.stderr.text(), -1 if ended.code is None else ended.code)


def seconds_of(variable: str, default: float) -> float:
    """The time limit that an environment variable gives. Raises: ProgramFailed for what is no number above 0."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise ProgramFailed(variable, f"{text!r} is no number of seconds")
    return seconds
