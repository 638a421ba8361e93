"""Process errors: what became of a child, said to the person whose step it was."""

from __future__ import annotations

import errno
import os
import signal
import traceback
from collections.abc import Sequence

from flowbench.errors import FlowbenchError

_WHY = {
    errno.ENOENT: "there is no such program on PATH; check its name, or write its whole path",
    errno.EACCES: "it may not be executed; `chmod +x` it, or name the program that reads it",
    errno.E2BIG: "its arguments are too long for this system (often 128 KiB each); hand it the text on stdin",
    errno.ENOEXEC: "this system cannot run it; a script needs a first line like #!/bin/sh",
}


class ProcessError(FlowbenchError):
    """Root of this room's errors."""

    code = "process"


class NotStarted(ProcessError):
    """The system would not start the program. number: errno."""

    code = "not_started"

    def __init__(self, program: str, number: int, cwd: str | None = None) -> None:
        self.program, self.number = program, number
        if cwd is not None and not os.path.isdir(cwd):
            super().__init__(f"cannot start '{program}': its cwd '{cwd}' is no folder")
        else:
            super().__init__(f"cannot start '{program}': {_WHY.get(number) or os.strerror(number)}")


class TimedOut(ProcessError):
    """It took longer than it may, and was ended with all it had started. seconds: what it had."""

    code = "process_timed_out"

    def __init__(self, program: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"'{program}' did not end within {seconds:g} s (its timeout); it was stopped")


class TooManyProcesses(ProcessError):
    """It started more processes than it may, and all were ended."""

    code = "too_many_processes"

    def __init__(self, program: str, count: int, limit: int) -> None:
        self.count, self.limit = count, limit
        super().__init__(f"'{program}' had {count} processes, {limit} are allowed; all were stopped")


class Survivors(ProcessError):
    """Processes that cannot be ended: they belong to somebody else, or wait inside the system."""

    code = "survivors"

    def __init__(self, pids: Sequence[int]) -> None:
        self.pids = tuple(pids)
        named = ", ".join(map(str, self.pids[:5]))
        super().__init__(f"these processes cannot be ended: {named}; end them by hand (kill -9), then try again")


class Unsendable(ProcessError):
    """A function, or what it refers to, cannot be sent to another process."""

    code = "unsendable"


class BodyDied(ProcessError):
    """A function's process ended without an answer. status: exit code, or minus the signal's number."""

    code = "body_died"

    def __init__(self, function: str, status: int | None) -> None:
        self.status = status
        super().__init__(f"the process of {function} {ended(status)} before the function had returned")


class BodyRaised(ProcessError):
    """A function raised in its own process. The text is the exception's own; a note shows where.

    type_name: of the exception, which itself does not come back. frames: (file, line, function), the innermost last.
    """

    code = "body_raised"

    def __init__(self, type_name: str, text: str, frames: Sequence[tuple[str, int, str]]) -> None:
        super().__init__(text)
        self.type_name, self.frames = type_name, tuple(frames)
        shown = [traceback.FrameSummary(file, line, name) for file, line, name in frames]
        lines = traceback.StackSummary.from_list(shown).format()
        last = text if text.startswith(f"{type_name}: ") else f"{type_name}: {text}"
        self.add_note("".join(["In its own process:\n", *lines, last]))


def ended(status: int | None) -> str:
    """How a process ended, in words. status: exit code, or minus the signal's number; None: nobody knows."""
    if status is None:
        return "was lost, and what could be found of it was ended"
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}"
