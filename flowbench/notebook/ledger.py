"""Ledger: in a headless notebook every run leaves a line and its facts, also one that no output shows."""

from __future__ import annotations

from typing import Any

from flowbench.notebook import still
from flowbench.notebook.recent import Recent
from flowbench.notebook.record import MIME
from flowbench.runtime import Run


class Ledger:
    """Hears of each run as it is launched; at the end of a cell it tells of those that the magics have not shown.

    shown: the runs that have outputs of their own.
    """

    def __init__(self, shown: Recent) -> None:
        self._shown = shown
        self._runs: list[Run] = []

    def launched(self, run: Run) -> None:
        """Called in the thread that launched it."""
        self._runs.append(run)

    def tell(self, _: Any = None) -> None:
        """Called after a cell, whether it failed or not. A run that goes on is told of again when it has ended."""
        from IPython.display import display

        runs, self._runs = self._runs, []
        shown = {run.id for run in self._shown.added()}
        for run in runs:
            if run.id not in shown:
                display({"text/plain": run.summary(), MIME: still.facts(run)}, raw=True)  # type: ignore[no-untyped-call]
                if not run.has_ended:
                    self._runs.append(run)
