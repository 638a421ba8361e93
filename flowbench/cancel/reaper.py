"""Reaper: what still runs when its caller has left is forced after its grace, and again until it ends."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from flowbench.cancel.job import Job, Orphan

AGAIN_SECONDS = 0.1  # after the first forcing; doubled each time, for a body that swallows what it is sent
SELDOM_SECONDS = 5.0  # at most between two forcings


class Reaper:
    """One daemon thread, which lives only while there is something to force."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._due: dict[Job[Any, Any], float] = {}  # monotonic seconds of the next forcing
        self._forced: dict[Job[Any, Any], float] = {}  # seconds until the one after; only jobs that were forced
        self._works = False

    def take(self, job: Job[Any, Any], grace: float) -> None:
        """Force `job` in `grace` seconds unless it has ended by then."""
        with self._change:
            due = time.monotonic() + grace
            is_first = due < min(self._due.values(), default=math.inf)
            self._due[job] = due
            if self._works:
                if is_first:  # else it wakes in time anyway, and would only get in the way of who aborts
                    self._change.notify()
            else:
                self._works = True
                threading.Thread(target=self._work, name="flowbench-reaper", daemon=True).start()

    def orphans(self) -> list[Orphan]:
        """What was forced at least once, was given time to end, and runs on."""
        with self._change:
            stubborn = [job for job, pause in self._forced.items() if pause > AGAIN_SECONDS]
        return [job.orphan(is_forced=True) for job in stubborn if job.runs]

    def left(self, owner: object) -> list[Orphan]:
        """What was left by this owner's calls and runs on, forced or not."""
        with self._change:
            left = [job for job in self._due if job.owner == owner]
            forced = set(self._forced)
        return [job.orphan(is_forced=job in forced) for job in left if job.runs]

    def runs_any(self) -> bool:
        """Something that was left has not ended yet."""
        with self._change:
            left = list(self._due)
        return any(job.runs for job in left)

    def _work(self) -> None:
        with self._change:
            while self._due:
                now = time.monotonic()
                for job in [job for job, due in self._due.items() if due <= now]:
                    self._force(job, now)
                if self._due:
                    self._change.wait(max(min(self._due.values()) - time.monotonic(), 0.0))
            self._works = False

    def _force(self, job: Job[Any, Any], now: float) -> None:
        if not job.force():
            del self._due[job]
            self._forced.pop(job, None)
            return
        pause = self._forced.get(job)
        pause = AGAIN_SECONDS if pause is None else min(pause * 2, SELDOM_SECONDS)
        self._forced[job] = pause
        self._due[job] = now + pause
