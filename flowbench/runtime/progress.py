"""Progress: how far a run is, counted as its records come in."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flowbench import flow
from flowbench.engine import StepRecord

LIVE = ("running", "paused")
ENDED = ("done", "failed", "cancelled", "skipped")
_COLUMN = {status: place for place, status in enumerate(ENDED)}


class Count(NamedTuple):
    """Steps of one node of the drawing."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    running: int = 0
    skipped: int = 0

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled + self.skipped


NONE = Count()


def step_count(ended: Iterable[str]) -> int:
    """What "12 steps" means wherever it is said: steps that have ended, done, failed, cancelled or skipped, each turn
    and branch by itself; of one that was tried again after a resume, only the last attempt.

    ended: the address of each outcome.
    """
    return len(set(ended))


@dataclass(frozen=True)
class Progress:
    """state: of the run. running: (address, agent, unix seconds) of bodies that wait. by_shape: node of the drawing ->
    Count, of steps. expected: node -> visits known to come, for bodies of fan-outs that have begun. visits: of all
    nodes of the flow.
    """

    state: str
    done: int
    failed: int
    cancelled: int
    running: tuple[tuple[str, str, float], ...]
    by_shape: Mapping[str, Count]
    expected: Mapping[str, int]
    visits: Sequence[flow.Visit] = ()
    skipped: int = 0

    @property
    def ended(self) -> int:
        """`step_count` of a run that goes on."""
        return self.done + self.failed + self.cancelled + self.skipped

    def status(self) -> dict[str, str]:
        """Node of the drawing -> running | failed | mixed | cancelled | skipped | done. A node that has not begun is
        missing.

        A node with others inside runs until these have ended. "mixed": some visits failed, or a try has caught an
        error.
        """
        found = {}
        if self.by_shape or self.state == "done":
            found["start"] = "done"
        if self.state == "done":
            found["end"] = "done"
        is_live = self.state in LIVE
        lives: list[bool] = []
        for visit in self.visits:
            count = self.by_shape.get(visit.shape, NONE)
            cancelled = count.cancelled
            left = visit.entered - visit.ended - visit.failed - cancelled
            lives.append(left > 0 and (is_live if visit.outer < 0 else lives[visit.outer]))
            status = "running" if lives[-1] else self._status(visit, cancelled)
            if status == "done" and count.skipped and not count.done:
                status = "skipped"
            if not status or visit.kind == "seq":
                continue
            found[visit.shape] = status
            if visit.kind == "fanout" and (visit.ended or visit.failed):
                found[f"{visit.shape}.join"] = status
        return found

    def _status(self, visit: flow.Visit, cancelled: int) -> str:
        """Of a node with nothing under way; "" for one that has not begun."""
        if (visit.failed or visit.caught) and visit.ended:
            return "mixed"
        if visit.failed:
            return "failed"
        is_cut_off = cancelled if visit.kind == "step" else visit.entered > visit.ended
        if is_cut_off and not (visit.ended and self.state in ("done", *LIVE)):  # else they lost a race
            return "cancelled"
        return "done" if visit.ended or is_cut_off else ""

    def counts(self) -> dict[str, str]:
        """Node -> `37/40`, or `37` where no total is known, of steps with more than one visit; `2 caught` of a try."""
        texts = {}
        for shape, count in self.by_shape.items():
            ended, total = count.ended, self.expected.get(shape, 0)
            if total > 1:
                texts[shape] = f"{ended}/{max(total, ended)}"
            elif ended + count.running > 1:
                texts[shape] = str(ended)
        for visit in self.visits:
            if visit.caught:
                texts[visit.shape] = "caught" if visit.caught == 1 else f"{visit.caught} caught"
        return texts


class Counter:
    """Folds records into Progress; each record is looked at once."""

    def __init__(self, root: flow.Node) -> None:
        self._root = root
        self._visited: flow.Visited | None = None  # laid out for those who look
        self._lock = threading.Lock()  # a panel and a person may look at once
        self._seen = 0
        self._ended: dict[str, list[int]] = {}

    def look(
        self,
        state: str,
        steps: Sequence[StepRecord],
        running: Mapping[str, tuple[str, float]],
        fanned: Mapping[str, int],
        evaluation: flow.Evaluation | None,
    ) -> Progress:
        """fanned: address of each fan-out that has begun -> its items."""
        with self._lock:
            fresh = steps[self._seen :]
            self._seen += len(fresh)
            for step in fresh:
                self._ended.setdefault(flow.shape(step.address), [0, 0, 0, 0])[_COLUMN[step.status]] += 1
            self._visited = self._visited or flow.Visited(self._root)
            by_shape: dict[str, Count] = {
                shape: Count(done, failed, cancelled, 0, skipped)
                for shape, (done, failed, cancelled, skipped) in self._ended.items()
            }
        now = dict(running)
        totals = Count(*(sum(column) for column in zip(*by_shape.values(), strict=True)))
        for address in now:
            shape = flow.shape(address)
            known = by_shape.get(shape, NONE)
            by_shape[shape] = known._replace(running=known.running + 1)
        through = {at: count.done + count.skipped for at, count in by_shape.items()}
        visits = [] if evaluation is None else self._visited.tell(evaluation, through)
        return Progress(
            state, totals.done, totals.failed, totals.cancelled,
            tuple((address, agent, since) for address, (agent, since) in now.items()),
            by_shape, _expected(by_shape, _items(dict(fanned))), visits, totals.skipped,
        )  # fmt: skip


def _items(fanned: Mapping[str, int]) -> dict[str, int]:
    """Branches of each fan-out of the flow, over all its visits."""
    items: dict[str, int] = {}
    for address, count in fanned.items():
        shape = flow.shape(address)
        items[shape] = items.get(shape, 0) + count
    return items


def _expected(by_shape: Mapping[str, Count], fans: Mapping[str, int]) -> dict[str, int]:
    """Visits of each step that its innermost fan-out promises."""
    items = {f"{fan}.f": count for fan, count in fans.items()}
    found = {}
    for shape in by_shape:
        inner = max((f for f in items if shape == f or shape.startswith(f + ".")), key=len, default=None)
        if inner is not None and ".i" not in shape[len(inner) :] and not _is_optional(shape[len(inner) :]):
            found[shape] = items[inner]
    return found


def _is_optional(below: str) -> bool:
    """Inside a branch or a catch: nobody knows how many visits will come."""
    return any(segment in ("t", "e", "c") for segment in below.split("."))
