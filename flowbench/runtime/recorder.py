"""Recorder: where the outcomes of steps go, in one order: journal, then memory, then the bus.

The evaluator calls it on the engine thread, before an outcome enters ctx. `Memory` keeps the records of this process;
`Durable` also writes the journal first. Both implement flow.Sink.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.cancel import AbortReason
from flowbench.engine import StepRecord
from flowbench.events import Bus, Event
from flowbench.flow import Evaluation
from flowbench.runtime import entries as e
from flowbench.runtime.journal import BLOB_BYTES, Journal
from flowbench.runtime.log import Log
from flowbench.runtime.replay import Recorded
from flowbench.runtime.stops import Stops
from flowbench.runtime.visits import Visits

if TYPE_CHECKING:
    from flowbench.runtime.questions import Told


class Memory:
    """steps: append-only. running: address -> (agent, unix seconds) of bodies that really wait. fanned: address of a
    fan-out that has begun -> its items. joins, patches: as flow.Recorded has them, earlier owners' too. log: what the
    steps say. visits: what they ask of the engine. stops: how soon they could be stopped, and were. epoch: unix seconds
    at which perf_counter was 0.
    """

    keeps_text = False

    def __init__(self, bus: Bus, recorded: Recorded | None = None, log: Log | None = None) -> None:
        self.steps: list[StepRecord] = []
        self.running: dict[str, tuple[str, float]] = {}
        self.fanned: dict[str, int] = {}
        self.log = log or Log()
        self._said = self.log.begun  # looked at after each step: the steps of most runs print nothing
        self.visits = Visits()
        self._asked = self.visits.open  # the same: most ask for nothing
        self.stops = Stops()
        self._beats = self.stops.beats  # the same: most look at no token
        self.joins = {} if recorded is None else dict(recorded.joins)
        self.patches: dict[tuple[str, str], list[tuple[tuple[str, ...], Any]]] = {}
        if recorded is not None:
            self.patches = {edge: list(each) for edge, each in recorded.patches.items()}
        self._bus, self._recorded = bus, recorded
        self.epoch = time.time() - perf_counter()
        self._closed = False

    def attempt(self, at: str) -> int:
        """1 for a first visit; one more for each time the journal has seen it begin."""
        return 1 if self._recorded is None else self._recorded.attempts.get(at, 0) + 1

    def start(self, at: str, ref: str, run: Evaluation) -> None:
        now = perf_counter() + self.epoch
        self.running[at] = (ref, now)
        self._bus.publish(Event("start", at, now, ref))

    def done(
        self, at: str, ref: str, value: Any, text: bytes | None, out: Any, made: bytes | None, began: float,
        ended: float, run: Evaluation,
    ) -> None:  # fmt: skip
        if self._closed:
            self.gone(at)
            return
        asked = self._asked
        attempt = 1 if self._recorded is None else self.attempt(at)
        record = StepRecord(at, ref, "done", self.epoch + began, ended - began, value, out, None, attempt)
        if asked and (parts := self.visits.parts(at)):
            record = msgspec.structs.replace(record, parts=parts[0])
        self.steps.append(record)
        if self.running:
            self.running.pop(at, None)
        if self._said:
            self.log.end(at)
        if asked:
            self.visits.done(at, out)
        self._bus.publish(record)

    def fail(
        self, at: str, ref: str, value: Any, text: bytes | None, error: str, began: float, ended: float,
        run: Evaluation, raised: BaseException,
    ) -> None:  # fmt: skip
        if self._closed:
            self.gone(at)
            return
        started = self.epoch + began
        self.steps.append(StepRecord(at, ref, "failed", started, ended - began, value, None, error, self.attempt(at)))
        self.running.pop(at, None)
        self.log.trace(at, ref, raised)
        if self._asked:
            self.visits.failed(at, raised)
        self._bus.publish(Event("fail", at, started, error))

    def parted(self, at: str, parts: Mapping[str, Any], text: bytes) -> None:
        self.visits.at(at).parts = parts, text

    def skip(
        self, at: str, ref: str, value: Any, text: bytes | None, why: str, began: float, ended: float, run: Evaluation
    ) -> None:
        if self._closed:
            self.gone(at)
            return
        started, attempt = self.epoch + began, self.attempt(at)
        self.steps.append(StepRecord(at, ref, "skipped", started, ended - began, value, None, why or None, attempt))
        self.running.pop(at, None)
        self.log.end(at)
        if self._asked:
            self.visits.done(at, None)
        self._bus.publish(Event("skip", at, started, why))

    def cancel(self, at: str, ref: str, value: Any, why: str, run: Evaluation, asked: float | None = None) -> None:
        ended = perf_counter()
        if asked is not None:
            self.stops.stopped[at] = asked, ended
        if self._closed:
            self.gone(at)
            return
        now = ended + self.epoch
        _, began = self.running.pop(at, (ref, now))
        attempt = 1 if self._recorded is None else self.attempt(at)
        self.steps.append(StepRecord(at, ref, "cancelled", began, now - began, value, None, why, attempt))
        if self._said:
            self.log.end(at)
        if self._asked:
            self.visits.cancelled(at)
        self._bus.publish(Event("cancel", at, now, why))

    def gap(self, step: StepRecord) -> float | None:
        """Seconds that a step went without a heartbeat, at most; None if it had none."""
        began = step.started - self.epoch
        ended = self.stops.outlived.get(step.address) or began + step.seconds
        return self.stops.gap(step.address, began, ended)

    @property
    def is_closed(self) -> bool:
        """The run has ended."""
        return self._closed

    def gone(self, at: str) -> None:
        """A body that outlived its run has ended."""
        self.stops.outlives(at, perf_counter())
        self.running.pop(at, None)
        self.visits.cancelled(at)

    def answered(self, at: str, face: str, n: int, question: int) -> tuple[Any] | None:
        """A recorded answer to this very question. question: its checksum."""
        return None if self._recorded is None else self._recorded.answer(at, face, n, question)

    def answer(self, at: str, face: str, n: int, question: int, text: bytes, told: Told | None = None) -> None:
        """A face has answered; recorded before anybody hears it. text: JSON of what it said. told: how a person did."""
        self._bus.publish(Event("answer", at, time.time(), face))

    def held(self, at: str, agent: str, text: str) -> None:
        """A body holds the engine's loop. text: for people."""
        if not self._closed:
            self.log.say(at, agent, "note", f"{text}\n")
            self._bus.publish(Event("held", at, time.time(), text))

    def recalled(self, at: str, ref: str, value: Any, out: Any, error: str | None) -> None:
        """The journal answered a step."""
        assert self._recorded is not None
        visit = self._recorded.visits[at]
        if visit.gap is not None:
            self.stops.of(at).hear(visit.gap)
        status, parts = ("done" if error is None else "failed"), None
        if isinstance(visit, e.Skip):
            status, error = "skipped", visit.why or None
        elif isinstance(visit, e.Done) and (visit.parts or visit.parts_blob):
            parts = self._recorded.parts(at)
        self.steps.append(
            StepRecord(at, ref, status, visit.t, visit.d, value, out, error, visit.n, recorded=True, parts=parts)
        )
        self._bus.publish(Event("recalled", at, visit.t, ref))

    def fan(self, at: str, items: int) -> None:
        """A fan-out has begun."""
        self.fanned[at] = items

    def join(self, at: str, won: int, ok: bool) -> None:
        self.joins[at] = (won, ok)
        self._bus.publish(Event("join", at, time.time(), won))

    def patch(self, at: str, edge: str, keys: tuple[str, ...], value: Any, by: str) -> None:
        self.patches.setdefault((at, edge), []).append((keys, value))
        self._bus.publish(Event("patch", at, time.time(), list(keys)))

    def abort(self, reason: AbortReason, by: str) -> None:
        self._bus.publish(Event("abort", "", time.time(), str(reason)))

    def end(self, state: str, error: str | None, causes: tuple[str, ...]) -> None:
        """Nothing is recorded after this: a body that outlives its run speaks to nobody. Of the first call only."""
        if self._closed:
            return
        self._closed = True
        self.visits.end()
        self.log.close()
        self._bus.publish(Event("end", "", time.time(), state))
        self._bus.close()


class Durable(Memory):
    """Writes each entry before the step's output reaches ctx. Raises: OSError when it cannot."""

    keeps_text = True

    def __init__(self, bus: Bus, journal: Journal, recorded: Recorded | None = None) -> None:
        super().__init__(bus, recorded, Log(journal.path.parent))
        self._journal = journal
        self._writing = threading.Lock()  # the watch writes the end of a run whose loop is held

    def start(self, at: str, ref: str, run: Evaluation) -> None:
        self._write(e.Start(at, ref, time.time(), self.attempt(at)))
        super().start(at, ref, run)

    def done(
        self, at: str, ref: str, value: Any, text: bytes | None, out: Any, made: bytes | None, began: float,
        ended: float, run: Evaluation,
    ) -> None:  # fmt: skip
        assert text is not None
        assert made is not None
        n = 1 if self._recorded is None else self.attempt(at)
        crc, t, d = zlib.crc32(text), self.epoch + began, ended - began
        gap = self.stops.gap(at, began, ended) if self._beats else None
        if self._asked and (parts := self.visits.parts(at)):
            self._write_large(e.Done(at, ref, crc, t, d, n=n, gap=gap), made, parts[1])
        elif gap is not None:
            self._write_large(e.Done(at, ref, crc, t, d, n=n, gap=gap), made, b"")
        elif len(made) <= BLOB_BYTES:
            self._write(e.Done(at, ref, crc, t, d, msgspec.Raw(made), n))
        elif not self._closed:
            self._write(e.Done(at, ref, crc, t, d, n=n, blob=self._journal.keep_blob(made)))
        super().done(at, ref, value, text, out, made, began, ended, run)

    def fail(
        self, at: str, ref: str, value: Any, text: bytes | None, error: str, began: float, ended: float,
        run: Evaluation, raised: BaseException,
    ) -> None:  # fmt: skip
        crc = zlib.crc32(text) if text is not None else 0
        gap = self.stops.gap(at, began, ended)
        self._write(e.Fail(at, ref, crc, self.epoch + began, ended - began, error, self.attempt(at), gap))
        super().fail(at, ref, value, text, error, began, ended, run, raised)

    def skip(
        self, at: str, ref: str, value: Any, text: bytes | None, why: str, began: float, ended: float, run: Evaluation
    ) -> None:
        crc = zlib.crc32(text) if text is not None else 0
        gap = self.stops.gap(at, began, ended)
        self._write(e.Skip(at, ref, crc, self.epoch + began, ended - began, why, self.attempt(at), gap))
        super().skip(at, ref, value, text, why, began, ended, run)

    def cancel(self, at: str, ref: str, value: Any, why: str, run: Evaluation, asked: float | None = None) -> None:
        line = e.Cancel(at, ref, time.time(), why, self.attempt(at))
        if asked is not None or self._beats:
            line = self._measured(line, asked)
        self._write(line)
        super().cancel(at, ref, value, why, run, asked)

    def _measured(self, line: e.Cancel, asked: float | None) -> e.Cancel:
        """With what is known of how soon it could be stopped, and was."""
        at, now = line.at, perf_counter()
        if self.stops.runs_on(at):
            return msgspec.structs.replace(line, on=True)
        ended = self.stops.outlived.get(at) or now
        began = self.running[at][1] - self.epoch if at in self.running else ended
        late = None if asked is None else max(ended - asked, 0.0)
        return msgspec.structs.replace(line, late=late, gap=self.stops.gap(at, began, ended))

    def answer(self, at: str, face: str, n: int, question: int, text: bytes, told: Told | None = None) -> None:
        now, how = time.time(), {} if told is None else told.recorded()
        if len(text) <= BLOB_BYTES:
            self._write(e.Answer(at, face, n, question, now, msgspec.Raw(text), **how))
        elif not self._closed:
            self._write(e.Answer(at, face, n, question, now, blob=self._journal.keep_blob(text), **how))
        super().answer(at, face, n, question, text, told)

    def join(self, at: str, won: int, ok: bool) -> None:
        self._write(e.Join(at, won, ok, time.time()))
        super().join(at, won, ok)

    def patch(self, at: str, edge: str, keys: tuple[str, ...], value: Any, by: str) -> None:
        self._write(e.Patch(at, edge, list(keys), value, by, time.time()))
        super().patch(at, edge, keys, value, by)

    def abort(self, reason: AbortReason, by: str) -> None:
        self._write(e.Abort(str(reason), by, time.time()))
        super().abort(reason, by)

    def end(self, state: str, error: str | None, causes: tuple[str, ...]) -> None:
        with self._writing:
            if self._closed:
                return
            try:
                if state != "interrupted":  # what could not be recorded has not ended: it waits to be resumed
                    self._journal.append(e.End(state, time.time(), error, list(causes)))
            finally:
                super().end(state, error, causes)
                self._journal.close()

    def _write_large(self, line: e.Done, made: bytes, parts: bytes) -> None:
        """An answer, and its parts if it has some; whichever of the two is large lies in a blob."""
        if self._closed:
            return
        kept: dict[str, Any] = {}
        for text, name, blob in ((made, "out", "blob"), (parts, "parts", "parts_blob")):
            if not text:
                continue
            is_small = len(text) <= BLOB_BYTES
            kept[name if is_small else blob] = msgspec.Raw(text) if is_small else self._journal.keep_blob(text)
        self._write(msgspec.structs.replace(line, **kept))

    def _write(self, entry: e.Entry) -> None:
        with self._writing:
            if not self._closed:
                self._journal.append(entry)
