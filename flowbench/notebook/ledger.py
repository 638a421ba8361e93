"""Ledger: in a headless notebook every run leaves a line and its facts, also one that no output shows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from flowbench.notebook import still
from flowbench.notebook.kernels import LEDGER
from flowbench.notebook.record import MIME
from flowbench.runtime import Run


class Ledger:
    """Hears of each run as it is launched; at the end of a cell it tells of those that the magics have not shown.

    shown: the runs that have outputs of their own in the cell that began them.
    """

    def __init__(self, shown: Callable[[], Iterable[Run]] = tuple) -> None:
        self.shown = shown
        self._runs: list[tuple[Run, bool]] = []  # and whether an earlier cell has said something of it

    def launched(self, run: Run) -> None:
        """Called in the thread that launched it."""
        self._runs.append((run, False))
        place = os.environ.get(LEDGER)
        if place:  # the way to the client that does not end when the kernel is killed in this very cell
            with suppress(OSError), open(place, "a", encoding="utf-8") as file:
                file.write(json.dumps(still.facts(run)) + "\n")

    def tell(self) -> None:
        """Called after a cell, whether it failed or not. A run that goes on is told of again when it has ended."""
        runs, self._runs = self._runs, []
        shown = {run.id for run in self.shown()}
        for run, is_known in runs:
            has_ended = run.has_ended
            if is_known and has_ended:
                # In the cell of now: what is sent to the display of an earlier cell is lost on a headless client.
                _put(still.of_run(run))
            elif not is_known and run.id not in shown:
                _put({"text/plain": run.summary(), MIME: still.facts(run)})
            if not has_ended:
                self._runs.append((run, True))


def _put(bundle: dict[str, Any]) -> None:
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]
