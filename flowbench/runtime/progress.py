"""Progress: how far a run is, counted as its records come in."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowbench import flow
from flowbench.engine import StepRecord

Count = tuple[int, int, int, int]
"""done, failed, cancelled, running"""


@dataclass(frozen=True)
class Progress:
    """state: of the run. running: (address, agent, unix seconds) of bodies that wait. by_shape: node of the drawing ->
    Count. expected: node -> visits known to come, for bodies of fan-outs that have begun. joined: fan-outs whose
    branches have all been seen to end. failed_at: node of the error that ended the run, "" if none did.
    """

    state: str
    done: int
    failed: int
    cancelled: int
    running: tuple[tuple[str, str, float], ...]
    by_shape: Mapping[str, Count]
    expected: Mapping[str, int]
    joined: tuple[str, ...]
    failed_at: str = ""

    def status(self) -> dict[str, str]:
        """Node of the drawing -> running | failed | mixed | cancelled | done. A node that has not begun is missing."""
        found = {f"{shape}.join": "done" for shape in self.joined}
        if self.by_shape or self.state == "done":
            found["start"] = "done"
        if self.state == "done":
            found["end"] = "done"
        for shape, (done, failed, cancelled, waiting) in self.by_shape.items():
            more = self.state == "running" and done + failed + cancelled < self.expected.get(shape, 0)
            running = waiting or more  # quick bodies never wait, but the next of them will come
            found[shape] = (
                "running" if running
                else "mixed" if failed and done
                else "failed" if failed
                else "cancelled" if cancelled and not (done and self.state == "done")  # else they lost a race
                else "done"
            )  # fmt: skip
            for outer in _around(shape):
                if found.get(outer) != "running":
                    found[outer] = "running" if running else "done"
        if self.failed_at:
            found[self.failed_at] = "failed"
        return found

    def counts(self) -> dict[str, str]:
        """Node -> `37/40`, or `37` where no total is known; only for nodes with more than one visit."""
        texts = {}
        for shape, (done, failed, cancelled, running) in self.by_shape.items():
            ended, total = done + failed + cancelled, self.expected.get(shape, 0)
            if total > 1:
                texts[shape] = f"{ended}/{max(total, ended)}"
            elif ended + running > 1:
                texts[shape] = str(ended)
        return texts


class Counter:
    """Folds records into Progress; each record is looked at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a panel and a person may look at once
        self._seen = 0
        self._ended: dict[str, list[int]] = {}

    def look(
        self,
        state: str,
        steps: Sequence[StepRecord],
        running: Mapping[str, tuple[str, float]],
        fanned: Mapping[str, int],
    ) -> Progress:
        """fanned: address of each fan-out that has begun -> its items."""
        column = {"done": 0, "failed": 1, "cancelled": 2}
        with self._lock:
            fresh = steps[self._seen :]
            self._seen += len(fresh)
            for step in fresh:
                self._ended.setdefault(flow.shape(step.address), [0, 0, 0])[column[step.status]] += 1
            by_shape: dict[str, Count] = {shape: (a, b, c, 0) for shape, (a, b, c) in self._ended.items()}
        now = dict(running)
        totals = [sum(each[place] for each in by_shape.values()) for place in range(3)]
        for address in now:
            shape = flow.shape(address)
            done, failed, cancelled, waiting = by_shape.get(shape, (0, 0, 0, 0))
            by_shape[shape] = (done, failed, cancelled, waiting + 1)
        items = _items(dict(fanned))
        return Progress(
            state, totals[0], totals[1], totals[2],
            tuple((address, agent, since) for address, (agent, since) in now.items()),
            by_shape, _expected(by_shape, items), _joined(by_shape, items, state),
        )  # fmt: skip


def _items(fanned: Mapping[str, int]) -> dict[str, int]:
    """Branches of each fan-out of the flow, over all its visits."""
    items: dict[str, int] = {}
    for address, count in fanned.items():
        shape = flow.shape(address)
        items[shape] = items.get(shape, 0) + count
    return items


def _joined(by_shape: Mapping[str, Count], items: Mapping[str, int], state: str) -> tuple[str, ...]:
    """Fan-outs with nothing running below and a step that every branch has ended; all, in a run that is done.

    Branches that the end of the run has cut off joined nothing, while those that lost a race did.
    """
    found = []
    for fan, count in items.items():
        below = {shape: each for shape, each in by_shape.items() if shape.startswith(f"{fan}.f")}
        ended = max((sum(each[:3]) for each in below.values()), default=0)
        if state == "done" or (ended >= count and not any(each[3] for each in below.values())):
            is_cut = state not in ("done", "running") and any(each[1] or each[2] for each in below.values())
            if not is_cut or _goes_on(by_shape, below):
                found.append(fan)
    return tuple(found)


def _goes_on(by_shape: Mapping[str, Count], below: Mapping[str, Count]) -> bool:
    """Did a step outside end after one of these? Shapes stand in the order in which their first step ended."""
    order = list(by_shape)
    return bool(below) and any(shape not in below for shape in order[order.index(next(iter(below))) :])


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


def _around(shape: str) -> list[str]:
    """Nodes that contain this one: every shorter prefix."""
    segments = shape.split(".")
    return [".".join(segments[:end]) for end in range(1, len(segments))]
