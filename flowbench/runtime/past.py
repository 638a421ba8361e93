"""Past: a recorded run looked at without going on with it, whoever ran it, and whether it still runs or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from flowbench import flow
from flowbench.cancel import AbortReason, Cause
from flowbench.engine import StepRecord
from flowbench.runtime import entries as e
from flowbench.runtime import journal, store
from flowbench.runtime.errors import JournalDamaged, RunNotFound
from flowbench.runtime.hindsight import Hindsight
from flowbench.runtime.history import History
from flowbench.runtime.log import Log, read_log
from flowbench.runtime.progress import Counter, Progress
from flowbench.runtime.replay import Recorded, blueprint_of, parts_of
from flowbench.words import count

OUTCOMES = ("done", "failed", "skipped")
LOST = "its owner died while it ran"


def recall(run_id: str, *, externs: flow.Externs | None = None) -> PastRun:
    """A recorded run, as far as it is recorded now. Nothing runs, nothing is written.

    run_id: as `resume` takes it. externs: the functions that its expressions call, if they call any.
    Raises: RunNotFound, JournalDamaged.
    """
    folder = store.find(run_id)
    try:
        return PastRun(folder, journal.read(folder), externs)
    except FileNotFoundError:  # removed between the two lines
        raise RunNotFound(f"no run '{run_id}' any more", run_id) from None


class PastAnswer(msgspec.Struct, frozen=True):
    """What a person said to a step. told: who it was, in a few words. prompt: cut. seconds: that it took."""

    address: str
    agent: str
    face: str
    prompt: str
    value: Any
    by: str
    seconds: float
    told: str


class Noted(NamedTuple):
    """Of one visit, as its journal line has it. See `entries.Cancel`."""

    gap: float | None
    late: float | None
    on: bool


class PastRun(Hindsight):
    """A run as its journal told when it was recalled. For news recall it again; `resume(id)` goes on with it.

    id, path, blueprint: the Blueprint as it was last run. state: done | failed | cancelled | interrupted | running (in
    some process, now). started: unix seconds. seconds: from the first to the last entry. error: why it failed.
    cause: who stopped it. owners: processes that have worked on it, one after the other. origin: the run whose records
    it began with, as `rerun` makes it (parent: its id, at: the addresses that ran again); None for all others.
    parent, at: run and address of the step that has started this one, "" if none has.
    steps: one record per visit, earlier attempts too, in the order they ended. Status "unknown" is a step whose owner
    died while it ran. running: address -> (agent, unix seconds) in a run that runs. left_out: records from before the
    Blueprint was changed, which the present one does not have.
    """

    def __init__(self, folder: Path, lines: Sequence[e.AnyEntry], externs: flow.Externs | None) -> None:
        recorded = Recorded(folder, lines)
        last = lines[-1]
        self.id, self.path = recorded.id, folder
        self.blueprint = blueprint_of(recorded)
        self.started, self.seconds = _times(lines)
        self.error = last.error if isinstance(last, e.End) else None
        is_live = recorded.state == "interrupted" and journal.is_owned(folder)
        self.state = "running" if is_live else recorded.state
        self.cause = _cause(lines) if self.state == "cancelled" else None
        self.origin, self._recorded = recorded.origin, recorded
        self.parent, self.at = recorded.begun.parent, recorded.begun.at
        self.owners = 1 + sum(isinstance(line, e.Resume) for line in lines)
        program = flow.compile(self.blueprint.flow, recorded.compat, externs)
        self._history = History(program, recorded, recorded.ctx)
        rows = _Rows(recorded, self._history)
        for line in lines:
            rows.read(line)
        if not is_live:
            rows.lose()
        self._steps, self.left_out, self.running = rows.steps, rows.left_out, rows.running
        self._attempts, self.noted = rows.attempts, rows.noted

    @property
    def steps(self) -> Sequence[StepRecord]:
        return self._steps

    def attempt(self, address: str) -> int:
        """Number of the last attempt that has begun there."""
        return self._attempts.get(address, 1)

    @property
    def history(self) -> History:
        """Past ctx by address; what it gives is shared and not to be changed."""
        return self._history

    @property
    def ctx(self) -> Any:
        """A copy of the root ctx: the final one, or as far as the records lead."""
        root = self._history.tracks[""]
        return flow.duplicate(root.at(len(root.log)))

    @property
    def answers(self) -> list[PastAnswer]:
        """What people have said, in the order of the journal; rejections are errors of their steps."""
        agents = {step.address: step.agent for step in self._steps}
        return [
            PastAnswer(
                line.at,
                agents.get(line.at, ""),
                line.face,
                line.asked,
                self._recorded.said(line),
                line.by,
                line.d,
                line.told,
            )
            for line in self._recorded.answers.values()
            if line.by
        ]

    @property
    def log(self) -> Log:
        """What its steps said, as far as it is kept now."""
        return read_log(self.id)

    @property
    def stopped(self) -> str | None:
        """Why past ctx are known up to some step only; None if the records lead to the end."""
        error = self._history.error if self.state == "done" else None  # an extern that nobody gave
        return self._history.stopped if error is None else str(error)

    @property
    def has_ended(self) -> bool:
        return self.state != "running"

    def progress(self) -> Progress:
        """Counts, by node of the drawing."""
        known = [step for step in self._steps if step.status != "unknown"]
        past = self._history
        return Counter(self.blueprint.flow).look(self.state, known, self.running, past.fanned, past.evaluation)

    def summary(self) -> str:
        """One line: state, steps, seconds, why it stopped."""
        text = f"{self.blueprint.id}: {self.state}, {count(self.step_count, 'step')} in {self.seconds:.2f} s"
        if self.cause is not None:
            text += f", Aborted: {self.cause.reason} (by {self.cause.by})"
        if self.left_out:
            text += f"; {count(self.left_out, 'record')} from before the Blueprint was changed left out"
        return f"{text} ({self.id})"

    def __repr__(self) -> str:
        return f"<PastRun {self.summary()}>"


class _Rows:
    """One StepRecord per visit, from the entries of a journal in their order."""

    def __init__(self, recorded: Recorded, history: History) -> None:
        self.steps: list[StepRecord] = []
        self.running: dict[str, tuple[str, float]] = {}
        self.left_out = 0
        self._recorded, self._history = recorded, history
        self.attempts: dict[str, int] = {}
        self.noted: dict[tuple[str, int], Noted] = {}

    def read(self, line: e.AnyEntry) -> None:
        if isinstance(line, e.Done | e.Fail | e.Skip) and line.gap is not None:
            self.noted[line.at, line.n] = Noted(line.gap, None, False)
        elif isinstance(line, e.Cancel):
            self.noted[line.at, line.n] = Noted(line.gap, line.late, line.on)
        match line:
            case e.Start():
                self.running[line.at] = (line.ref, line.t)
                self.attempts[line.at] = line.n
            case e.Cancel():
                _, began = self.running.pop(line.at, ("", line.t))
                self._add(line.at, line.ref, "cancelled", began, line.t - began, line.n, error=line.why)
            case e.Done():
                self.running.pop(line.at, None)
                self._add(line.at, line.ref, "done", line.t, line.d, line.n, line.input, self._output(line))
                if line.parts or line.parts_blob:
                    self.steps[-1] = msgspec.structs.replace(self.steps[-1], parts=self._parts(line))
            case e.Fail():
                self.running.pop(line.at, None)
                self._add(line.at, line.ref, "failed", line.t, line.d, line.n, line.input, error=line.error)
            case e.Skip():
                self.running.pop(line.at, None)
                self._add(line.at, line.ref, "skipped", line.t, line.d, line.n, line.input, error=line.why or None)
            case e.Fork():
                if line.blueprint is not None:
                    self._change()
            case e.Resume():
                self.lose()
                if line.blueprint is not None:
                    self._change()

    def lose(self) -> None:
        """The owner is gone; of what was in flight nobody knows what became."""
        for at, (ref, began) in self.running.items():
            self._add(at, ref, "unknown", began, 0.0, self.attempts[at], error=LOST)
        self.running = {}

    def _change(self) -> None:
        """Another flow from here on: records that it does not answer with belong to nodes it may not have."""
        before = len(self.steps)
        kept = self._history.inputs
        self.steps = [step for step in self.steps if step.address in kept and step.status in OUTCOMES]
        self.left_out += before - len(self.steps)

    def _add(
        self, at: str, ref: str, status: str, t: float, d: float, n: int, crc: int | None = None, out: Any = None,
        error: str | None = None,
    ) -> None:  # fmt: skip
        known = self._recorded.outcomes.get(at)
        same = known is not None and (crc is None or crc == known.input)
        value = self._history.inputs.get(at) if same else None
        self.steps.append(StepRecord(at, ref, status, t, max(d, 0.0), value, out, error, n, recorded=True))

    def _output(self, line: e.Done) -> Any:
        known = self._recorded.outcomes.get(line.at)
        if known is not None and known.value is line and line.at in self._history.outputs:
            return self._history.outputs[line.at]
        if line.blob:
            try:
                return flow.decode(journal.read_blob(self._recorded.folder, line.blob))
            except JournalDamaged:  # one lost value must not hide the others; `stopped` tells of it
                return None
        return flow.decode(line.out) if line.out else None

    def _parts(self, line: e.Done) -> Any:
        try:
            return parts_of(self._recorded.folder, line)
        except JournalDamaged:  # as of the output
            return None


def _times(lines: Sequence[e.AnyEntry]) -> tuple[float, float]:
    first, last = lines[0], lines[-1]
    return first.t, max(last.t - first.t, 0.0)


def _cause(lines: Sequence[e.AnyEntry]) -> Cause | None:
    """Of the last owner's abort; the first one counts."""
    found = None
    for line in reversed(lines):
        if isinstance(line, e.Resume):
            break
        if isinstance(line, e.Abort):
            found = line
    if found is None:
        return None
    reason = next((each for each in AbortReason if str(each) == found.reason), AbortReason.UNKNOWN)
    return Cause(reason, found.by)
