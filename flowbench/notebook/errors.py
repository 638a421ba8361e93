"""Errors of the notebook room: a magic used wrongly, and what became of a headless notebook."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from flowbench.errors import FlowbenchError, nearest


class UsageError(FlowbenchError):
    """A magic was called in a way it does not know; the text says what would be right."""

    code = "usage"


class ToolStopped(FlowbenchError):
    """A tool that a cell has called was stopped: by an interrupt, or because its time was over."""

    code = "tool_stopped"


class NotebookError(FlowbenchError):
    """A headless notebook did not come to its end. cell: index from 0 of the cell that stopped it, if known.

    exit_code: how a command that executed it ends. outcome: one word for programs.
    """

    code = "notebook"
    exit_code = 1
    outcome = "failed"

    def __init__(self, message: str, *, cell: int | None = None) -> None:
        super().__init__(message)
        self.cell = cell


class NotebookRefused(NotebookError):
    """It cannot be executed as asked; nothing has run and nothing was written."""

    code = "notebook_refused"
    exit_code = 2
    outcome = "refused"


class CellFailed(NotebookError):
    """A cell ended with an error. ename, evalue: the error as the kernel told it.

    is_late: what failed is a run that passed its own time limit.
    """

    code = "cell_failed"

    def __init__(self, cell: int, ename: str, evalue: str, *, is_late: bool = False) -> None:
        super().__init__(f"cell {cell + 1} failed: {ename}: {evalue}".rstrip(": "), cell=cell)
        self.ename = ename
        self.evalue = evalue
        if is_late:
            self.exit_code, self.outcome = 124, "timeout"


class CellTimedOut(NotebookError):
    """A cell ran longer than it may. seconds: the limit."""

    code = "cell_timeout"
    exit_code = 124  # as timeout(1) says it
    outcome = "timeout"

    def __init__(self, cell: int, seconds: float) -> None:
        super().__init__(f"cell {cell + 1} was stopped at its limit of {seconds:g} s", cell=cell)
        self.seconds = seconds


class NotebookTimedOut(NotebookError):
    """The notebook as a whole took longer than it may. seconds: the limit."""

    code = "notebook_timeout"
    exit_code = 124
    outcome = "timeout"

    def __init__(self, cell: int | None, seconds: float) -> None:
        where = "" if cell is None else f" in cell {cell + 1}"
        super().__init__(f"the notebook was stopped{where} at its limit of {seconds:g} s", cell=cell)
        self.seconds = seconds


class KernelDied(NotebookError):
    """The kernel process ended by itself. status: its exit code, negative for a signal, None if unknown."""

    code = "kernel_died"
    exit_code = 138  # as papermill says it
    outcome = "died"

    def __init__(self, cell: int | None, status: int | None) -> None:
        where = "before the first cell" if cell is None else f"in cell {cell + 1}"
        super().__init__(f"the kernel died {where} ({_ending(status)}); cells after it did not run", cell=cell)
        self.status = status


class NotebookStopped(NotebookError):
    """This process was asked to stop by a signal; the notebook was interrupted and saved. signum: the signal."""

    code = "notebook_stopped"
    outcome = "stopped"

    def __init__(self, signum: int, *, cell: int | None = None) -> None:
        where = "" if cell is None else f" in cell {cell + 1}"
        super().__init__(f"stopped by {signal.Signals(signum).name}{where}; what had run is saved", cell=cell)
        self.signum = signum
        self.exit_code = 128 + signum


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A tail for an error text: the nearest known word, else all of them, else nothing."""
    words = sorted(known)
    if near := nearest(word, words):
        return f"; did you mean `{near}`?"
    return f"; known: {', '.join(words)}" if words else ""


def _ending(status: int | None) -> str:
    if status is None:
        return "exit code unknown"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}" if -status in set(signal.Signals) else f"signal {-status}"
    return f"exit code {status}"
