"""Visits: what is known of each node of a drawing from the steps that have ended: how many, and the last one whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowbench import flow
from flowbench.engine import StepRecord
from flowbench.notebook.view import cut, json_text
from flowbench.runtime import Progress

LIVE_LENGTH = 4_000  # characters of one value in the panel
ERROR_LENGTH = 2_000
NAMED = 3  # bodies that run at the node now


@dataclass
class Seen:
    """Of one step of the flow. seconds: of all visits together. wrong: the last one that failed."""

    last: StepRecord
    visits: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    seconds: float = 0.0
    wrong: StepRecord | None = None


class Visits:
    """Folds records as they come; each record is looked at once."""

    def __init__(self, steps: Sequence[StepRecord]) -> None:
        """steps: may grow."""
        self._steps = steps
        self._looked_at = 0
        self._seen: dict[str, Seen] = {}

    def seen(self) -> dict[str, Seen]:
        """Node -> Seen, in the order the nodes were first reached."""
        fresh = self._steps[self._looked_at :]
        self._looked_at += len(fresh)
        for step in fresh:
            shape = flow.shape(step.address)
            at = self._seen.get(shape)
            if at is None:
                at = self._seen[shape] = Seen(step)
            at.last = step
            at.visits += 1
            at.seconds += step.seconds
            at.done += step.status == "done"
            at.cancelled += step.status == "cancelled"
            at.skipped += step.status == "skipped"
            if step.status == "failed":
                at.failed += 1
                at.wrong = step
        return self._seen


def look(node: str, visits: Visits, now: Progress, length: int = LIVE_LENGTH) -> dict[str, Any]:
    """{"node", "agent", "address", "status", "visits", "done", "failed", "cancelled", "skipped", "started", "seconds",
    "total", "recorded", "input", "output", "parts", "error", "wrong", "running": [[address, since]], "more": int,
    "below": int}

    input, output, parts: JSON text, at most `length` characters. started, since: unix seconds. total: seconds of all
    visits.
    wrong: address of the error, where that visit is not the last one. more: bodies that run beside those named.
    below: steps that have ended inside a node that is no step itself.
    """
    seen = visits.seen()
    running = [[address, since] for address, _, since in now.running if flow.shape(address) == node]
    more = max(len(running) - NAMED, 0)
    told = {"node": node, "visits": 0, "running": running[:NAMED], "more": more, "below": 0}
    at = seen.get(node)
    if at is None:
        ended = sum(other.visits for shape, other in list(seen.items()) if shape.startswith(f"{node}."))
        agents = [agent for address, agent, _ in now.running if flow.shape(address) == node]
        return {**told, "agent": agents[0] if agents else "", "below": ended}
    step, wrong = at.last, at.wrong
    return {
        **told,
        "agent": step.agent,
        "address": step.address,
        "status": step.status,
        "visits": at.visits,
        "done": at.done,
        "failed": at.failed,
        "cancelled": at.cancelled,
        "skipped": at.skipped,
        "started": step.started,
        "seconds": step.seconds,
        "total": at.seconds,
        "recorded": step.recorded,
        "input": json_text(step.input, length),
        "output": json_text(step.output, length) if step.status == "done" else "",
        "parts": json_text(step.parts, length) if step.parts else "",
        "error": cut((wrong.error or "") if wrong else step.error or "", ERROR_LENGTH),
        "wrong": wrong.address if wrong is not None and wrong is not step else "",
    }
