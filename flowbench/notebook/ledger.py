"""Ledger: in a headless notebook every run leaves a line and its facts, also one that no output shows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flowbench.notebook.kernels import LEDGER
from flowbench.notebook.record import MIME, facts

if TYPE_CHECKING:
    from flowbench.runtime import Run


class Ledger:
    """Hears of each run as it is launched; at the end of a cell it tells of those that the magics have not shown."""

    def __init__(self) -> None:
        self._runs: list[tuple[Run, bool]] = []  # and whether an earlier cell has said something of it

    def launched(self, run: Run) -> None:
        """Called in the thread that launched it."""
        self._runs.append((run, False))
        place = os.environ.get(LEDGER)
        if place:  # the way to the client that does not end when the kernel is killed in this very cell
            with suppress(OSError), open(place, "a", encoding="utf-8") as file:
                file.write(json.dumps(facts(run)) + "\n")

    def tell(self, shown: Iterable[Run] = ()) -> None:
        """Called after a cell, whether it failed or not. A run that goes on is told of again when it has ended.

        shown: the runs that have outputs of their own in the cell that began them.
        """
        runs, self._runs = self._runs, []
        known = {run.id for run in shown}
        for run, is_known in runs:
            has_ended = run.has_ended
            if is_known and has_ended:
                # In the cell of now: what is sent to the display of an earlier cell is lost on a headless client.
                from flowbench.notebook import still  # draws, and hardly any cell needs that

                _put(still.of_run(run))
            elif not is_known and run.id not in known:
                _put({"text/plain": run.summary(), MIME: facts(run)})
            if not has_ended:
                self._runs.append((run, True))


def _put(bundle: dict[str, Any]) -> None:
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]
