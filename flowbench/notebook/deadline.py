"""Deadline: until when the present cell may run, by its own limit or that of the whole notebook."""

from __future__ import annotations

import time
from typing import NamedTuple

from flowbench.notebook.errors import CellTimedOut, NotebookError, NotebookTimedOut

LIMIT = "flowbench"  # key in the metadata of an execute request: {"until": Deadline.until, "by": Deadline.by}
CELL = "cell limit"
NOTEBOOK = "notebook limit"
HEAD_START = 2.0  # seconds before a limit in which the kernel aborts its runs, so that they say Timeout; drawing one
# for its still output may take a second. Of a short limit a tenth, but at least LEAST seconds or half of it.
LEAST = 1.0


class Limits(NamedTuple):
    """cell, notebook: seconds, None for no limit. since: when the notebook began, monotonic."""

    cell: float | None
    notebook: float | None
    since: float

    def over(self, cell: int | None) -> NotebookError | None:
        """The error if the notebook's time is up."""
        left = self.left()
        return None if left is None or left > 0 else NotebookTimedOut(cell, self.notebook or 0.0)

    def left(self) -> float | None:
        """Seconds of the notebook's time; below 0 when it is up."""
        return None if self.notebook is None else self.since + self.notebook - time.monotonic()

    def begin(self, cell: int) -> Deadline | None:
        """The deadline of a cell that begins now; None for none."""
        now, left = time.monotonic(), self.left()
        if left is not None and self.notebook is not None and (self.cell is None or left < self.cell):
            head = min(_head_start(self.notebook), left / 2)
            return Deadline(max(left, 0.0), now + left - head, NOTEBOOK, NotebookTimedOut(cell, self.notebook))
        if self.cell is None:
            return None
        return Deadline(self.cell, now + self.cell - _head_start(self.cell), CELL, CellTimedOut(cell, self.cell))


class Deadline(NamedTuple):
    """seconds: from the cell's beginning until it is interrupted. until: when its runs are aborted already, monotonic
    (the same clock in every process of a machine). by: who aborts them. late: the error when it has passed."""

    seconds: float
    until: float
    by: str
    late: NotebookError


def _head_start(limit: float) -> float:
    return min(max(limit / 10, min(LEAST, limit / 2)), HEAD_START)
