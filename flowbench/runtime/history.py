"""History: the ctx of a run at any past moment, worked out from what is recorded alone; no body is called.

One strict evaluation answers every step from the records and logs each write, per scope: the root, and every branch of
a fan-out. A past ctx is the nearest checkpoint and at most CHECKPOINT writes, so that 10,000 steps need no 10,000
copies of a wide ctx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowbench import flow
from flowbench.cancel import AbortReason
from flowbench.runtime.errors import JournalDamaged, RunError

CHECKPOINT = 256  # writes

Write = tuple[str, flow.Keys | None, Any]


class Track:
    """All writes of one scope. base: the ctx it began with. log: (address, keys, value), keys None where a try
    restored its ctx. span: address -> [writes before it read, writes after it wrote], the second one only of nodes
    that got so far; steps and fan-outs only.
    """

    def __init__(self, scope: flow.Scope, base: Any) -> None:
        self.name, self.base = scope.name, base
        self.log: Sequence[Write] = scope.log or ()
        self.span: dict[str, list[int]] = {}
        for address, _, writes in scope.marks:
            self.span.setdefault(address, []).append(writes)
        self._points = [base]

    def at(self, writes: int) -> Any:
        """The ctx after so many writes; shared, not to be changed."""
        wanted = writes // CHECKPOINT
        while len(self._points) <= wanted:
            first = (len(self._points) - 1) * CHECKPOINT
            self._points.append(_written(self._points[-1], self.log[first : first + CHECKPOINT]))
        return _written(self._points[wanted], self.log[wanted * CHECKPOINT : writes])

    def around(self, address: str) -> tuple[int, int] | None:
        """(writes before, writes after) for any node, those without a mark of their own too; None: never reached."""
        known = self.span.get(address)
        if known is not None:
            return known[0], known[-1]
        if address == self.name:
            return 0, len(self.log)
        below = address + "."
        marked = [each for at, span in self.span.items() if at.startswith(below) for each in span]
        wrote = [n for n, (at, _, _) in enumerate(self.log) if at == address or at.startswith(below)]
        places = [*marked, *wrote, *(n + 1 for n in wrote)]
        return (min(places), max(places)) if places else None


class History:
    """One evaluation from records. inputs, outputs: address -> value, of each step that the records answer.

    evaluation: it, ended. error: what the flow itself ended with. stopped: why it did not get to its end; None if it
    did.
    """

    def __init__(self, program: flow.Program, recorded: flow.Recorded, ctx: Any) -> None:
        heard = _Heard()
        view = flow.Evaluation(program, [], heard, recorded=recorded, view=True)
        self.error: flow.FlowError | None = None
        self.stopped: str | None = None
        try:
            flow.evaluate_sync(view, ctx)
        except flow.FlowError as error:
            self.error = error
        except flow.Frontier as frontier:
            self.stopped = f"nothing is recorded of step {frontier.address}"
        except (flow.NotReproducible, JournalDamaged) as error:
            self.stopped = str(error)
        self.inputs, self.outputs, self.fanned = heard.inputs, heard.outputs, heard.fanned
        self.evaluation = view
        self.tracks = {scope.name: Track(scope, base) for scope, base in view.views}

    def ctx(self, address: str, *, before: bool = False) -> Any:
        """The ctx of its scope after the node there wrote, or before it read; shared, not to be changed.

        A node that failed wrote nothing: both are the same. "" is the whole flow. Raises: RunError.
        """
        track = self.tracks.get(_scope_of(address))
        span = None if track is None else track.around(address)
        if track is None or span is None:
            why = f" ({self.stopped})" if self.stopped else ""
            raise RunError(f"this run has no node '{address}' that was reached{why}; run.steps lists addresses")
        return track.at(span[0] if before else span[1])


class Remembered:
    """What one process has recorded of its own run, in the form an evaluation asks; implements flow.Recorded."""

    changed = False

    def __init__(
        self,
        steps: Sequence[Any],
        joins: dict[str, tuple[int, bool]],
        patches: dict[tuple[str, str], list[tuple[tuple[str, ...], Any]]],
    ) -> None:
        self.outcomes = {
            step.address: flow.Outcome(
                step.agent,
                flow.checksum(flow.encode(step.input)),
                step.output,
                step.error if step.status == "failed" else None,
                (step.error or "") if step.status == "skipped" else None,
            )
            for step in steps
            if step.status in ("done", "failed", "skipped")
        }
        self.joins, self.patches = joins, patches
        self.attempts: dict[str, int] = {}

    def value(self, outcome: flow.Outcome) -> Any:
        """The recorded output itself: a view changes nothing that it was given."""
        return outcome.value


def _scope_of(address: str) -> str:
    return flow.scope_of(address) if address else ""


def _written(ctx: Any, writes: Sequence[Write]) -> Any:
    scope = flow.Scope(ctx)
    for _, keys, value in writes:
        if keys is None:
            scope.own.clear()
            scope.ctx = value
        else:
            flow.force(scope, keys, value)
    return scope.ctx


class _Heard:
    """Hears what the records answer; implements flow.Sink."""

    keeps_text = False

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.fanned: dict[str, int] = {}

    def recalled(self, address: str, ref: str, value: Any, out: Any, error: str | None) -> None:
        self.inputs[address], self.outputs[address] = value, out

    def fan(self, address: str, items: int) -> None:
        self.fanned[address] = items

    def start(self, address: str, ref: str, run: flow.Evaluation) -> None: ...

    def done(
        self, address: str, ref: str, value: Any, text: bytes | None, out: Any, made: bytes | None, began: float,
        ended: float, run: flow.Evaluation,
    ) -> None: ...  # fmt: skip

    def fail(
        self, address: str, ref: str, value: Any, text: bytes | None, error: str, began: float, ended: float,
        run: flow.Evaluation, raised: BaseException,
    ) -> None: ...  # fmt: skip

    def parted(self, address: str, parts: Mapping[str, Any], text: bytes) -> None: ...

    def skip(
        self, at: str, ref: str, value: Any, text: bytes | None, why: str, began: float, ended: float,
        run: flow.Evaluation,
    ) -> None: ...  # fmt: skip

    def cancel(
        self, address: str, ref: str, value: Any, why: str, run: flow.Evaluation, asked: float | None = None
    ) -> None: ...

    def gone(self, address: str) -> None: ...

    def join(self, address: str, won: int, ok: bool) -> None: ...

    def patch(self, address: str, edge: str, keys: tuple[str, ...], value: Any, by: str) -> None: ...

    def abort(self, reason: AbortReason, by: str) -> None: ...
