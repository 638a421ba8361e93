"""Heartbeats: how long each step of a run went without looking at its token, and how soon it ended when asked to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter, time
from typing import TYPE_CHECKING

import msgspec

from flowbench.engine import StepRecord
from flowbench.runtime.past import PastRun, recall
from flowbench.runtime.run import Run

if TYPE_CHECKING:
    import pandas as pd

LOST = "not recorded: its owner died"
RAN_ON = "not recorded: its body ran on after the step had ended"
ELSEWHERE = "not recorded yet: it runs in another process"
RUNS_ON = "its body runs on"


class CancelRow(msgspec.Struct, frozen=True):
    """One visit of one step. status, seconds: as in its record; "running" of one that goes on.

    longest_gap: seconds without a heartbeat, at most, those before the first and after the last one included; None for
    a body that never looked at its token. abort_latency: seconds from the request to stop to the end of the body, of a
    process until it is gone; None for a step that nobody stopped. note: why something is not known.
    """

    address: str
    agent: str
    attempt: int
    status: str
    seconds: float
    longest_gap: float | None = None
    abort_latency: float | None = None
    note: str = ""


class CancelReport(msgspec.Struct, frozen=True):
    """What `cancel_report` found. rows: one per step visit in the order they ended, then those that run."""

    run_id: str
    state: str
    rows: tuple[CancelRow, ...]

    @property
    def longest_gap(self) -> CancelRow | None:
        """The row with the longest time without a heartbeat; None if no step had one."""
        return max((row for row in self.rows if row.longest_gap is not None), key=_gap, default=None)

    @property
    def slowest_abort(self) -> CancelRow | None:
        """The row with the longest abort latency; None if no step was stopped."""
        return max((row for row in self.rows if row.abort_latency is not None), key=_latency, default=None)

    def frame(self) -> pd.DataFrame:
        """One row per step visit; columns are the fields of a row."""
        from flowbench.runtime.frames import cancel_frame

        return cancel_frame(self.rows)

    def __repr__(self) -> str:
        from flowbench.runtime.heartbeats_shown import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from flowbench.runtime.heartbeats_shown import as_html

        return as_html(self)


def cancel_report(run: Run | PastRun | str) -> CancelReport:
    """How soon each step of a run could have been stopped, and was; of a run that goes on, as of now.

    An abort is heard at the next heartbeat, so the longest gap is what it may have to wait for a function that looks at
    its token or calls tools. Heartbeats are counted for bodies that take a `token` or call something that asks for
    theirs, in threads, on the loop and in processes of their own, and for Lua scripts.
    run: also the id of a recorded one, or @last. Of that the journal tells; steps whose body ran on after them have no
    latency there. Raises: RunNotFound, JournalDamaged.
    """
    if isinstance(run, str):
        run = recall(run)
    rows = _past(run) if isinstance(run, PastRun) else _live(run)
    return CancelReport(run.id, run.state, tuple(rows))


def _live(run: Run) -> Iterator[CancelRow]:
    recorder = run.recorder
    stops, steps = recorder.stops, list(recorder.steps)
    stopped = run.evaluation.stopped_at
    for step in steps:
        note = ""
        if stops.runs_on(step.address):
            note = RUNS_ON + _since(stops.stopped.get(step.address, (stopped, 0.0))[0])
        yield _row(step, recorder.gap(step), stops.latency(step.address), note)
    ended = {step.address for step in steps}
    for at, (agent, since) in list(recorder.running.items()):
        if at not in ended:
            began = since - recorder.epoch
            gap = stops.gap(at, began, perf_counter())
            note = "" if stopped is None else RUNS_ON + _since(stopped)
            yield CancelRow(at, agent, recorder.attempt(at), "running", time() - since, gap, None, note)
    for at, moment in list(stops.outlived.items()):  # it heard of no end, because the run had ended before
        if at not in ended and at not in recorder.running and moment is not None and stopped is not None:
            gap = stops.gap(at, stopped, moment)
            yield CancelRow(at, "", recorder.attempt(at), "cancelled", 0.0, gap, max(moment - stopped, 0.0))


def _past(run: PastRun) -> Iterator[CancelRow]:
    for step in run.steps:
        noted = run.noted.get((step.address, step.attempt))
        if step.status == "unknown":
            yield _row(step, None, None, LOST)
        elif noted is None:
            yield _row(step, None, None, "")
        else:
            yield _row(step, noted.gap, noted.late, RAN_ON if noted.on else "")
    for at, (agent, since) in run.running.items():
        yield CancelRow(at, agent, run.attempt(at), "running", time() - since, None, None, ELSEWHERE)


def _row(step: StepRecord, gap: float | None, latency: float | None, note: str) -> CancelRow:
    return CancelRow(step.address, step.agent, step.attempt, step.status, step.seconds, gap, latency, note)


def _since(asked: float | None) -> str:
    return "" if asked is None else f", asked to stop {perf_counter() - asked:.1f} s ago"


def _gap(row: CancelRow) -> float:
    return row.longest_gap or 0.0


def _latency(row: CancelRow) -> float:
    return row.abort_latency or 0.0


def worst(rows: Sequence[CancelRow], count: int) -> list[CancelRow]:
    """Those that have something to tell, the slowest `count` of them, in their order."""
    told = [
        at for at, row in enumerate(rows) if row.note or row.longest_gap is not None or row.abort_latency is not None
    ]
    slowest = sorted(told, key=lambda at: (bool(rows[at].note), _latency(rows[at]), _gap(rows[at])), reverse=True)
    return [rows[at] for at in sorted(slowest[:count])]
