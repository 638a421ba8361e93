"""Recent: the runs and debuggers that `%fb` can name. Holds no run alive; a live one is held by its engine."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any

from flowbench.notebook.errors import UsageError, did_you_mean
from flowbench.runtime import Debugger, PastRun, Run, RunError, recall

KEPT = 50


class Recent:
    """The last KEPT runs of this shell, the newest first, and those that its variables hold."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._runs: deque[weakref.ref[Run]] = deque(maxlen=KEPT)
        self._launched: weakref.WeakSet[Run] = weakref.WeakSet()
        self.debugger: Debugger | None = None

    def add(self, run: Run) -> None:
        """Remember a run as the newest."""
        self._runs.append(weakref.ref(run))

    def heard(self, run: Run) -> None:
        """Hears of all launches: what a cell has launched in Python may be live although nothing here holds it."""
        if threading.current_thread() is threading.main_thread():  # elsewhere a step launches, whose run stops it
            self._launched.add(run)

    def added(self) -> list[Run]:
        """Those of `add` that are still there."""
        return [run for reference in reversed(self._runs) if (run := reference()) is not None]

    def runs(self) -> list[Run]:
        """All that are known, the newest first."""
        held = [value for value in self._variables.values() if isinstance(value, Run)]
        known = {run.id: run for run in [*held, *self.added()]}
        return sorted(known.values(), key=lambda run: run.started, reverse=True)

    def find(self, part: str) -> Run:
        """The run in the variable `part`, or the only one whose id contains it. Raises: UsageError."""
        if isinstance(held := self._variables.get(part), Run):
            return held
        found = [run for run in self.runs() if part in run.id]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"`{part}` could be any of {', '.join(run.id for run in found[:5])}")
        raise UsageError(f"no run `{part}` in this kernel{did_you_mean(part, (run.id for run in self.runs()))}")

    def look_up(self, part: str) -> Run | PastRun:
        """As `find`, and also a run that is only recorded, or a recalled one in a variable. Raises: UsageError."""
        if isinstance(held := self._variables.get(part), (Run, PastRun)):
            return held
        try:
            return self.find(part)
        except UsageError as unknown:
            try:
                return recall(part)
            except RunError:
                raise unknown from None

    def is_run(self, part: str) -> bool:
        """Whether `look_up` knows it."""
        try:
            self.look_up(part)
        except UsageError:
            return False
        return True

    def live(self) -> Run | None:
        """The newest run that has not ended."""
        known = {*self.runs(), *self._launched}
        return max((run for run in known if not run.has_ended), key=lambda run: run.started, default=None)

    def latest(self) -> Run:
        """The newest run. Raises: UsageError."""
        runs = self.runs()
        if not runs:
            raise UsageError("there is no run in this kernel yet; start one with `%fb run NAME`")
        return runs[0]

    def latest_ctx(self) -> Any:
        """Of the newest run; at the step where it pauses, if it does. Raises: UsageError."""
        latest, debugger = self.latest(), self.debugger
        return debugger.ctx if debugger is not None and debugger.run is latest else latest.ctx

    def known_ctx(self) -> Any:
        """The same, or {} where there is no run."""
        return self.latest_ctx() if self.runs() else {}
