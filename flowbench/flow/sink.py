"""Sinks and records: what an evaluation tells, and what answers it when it runs again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from flowbench.cancel import AbortReason
from flowbench.flow.paths import Keys

if TYPE_CHECKING:
    from flowbench.flow.evaluate import Evaluation


class Outcome(NamedTuple):
    """What a step came to. input: checksum of its input's JSON text. value: as the record keeps it. error: text.

    skipped: the reason, of a step that did not apply.
    """

    ref: str
    input: int
    value: Any
    error: str | None
    skipped: str | None = None


class Sink(Protocol):
    """Told by the evaluation as it happens, in the thread that evaluates; what it raises ends the run.

    keeps_text: wants the JSON text of inputs and outputs (`text`, `made`); else both are None.
    value, out: input and output; shared with the ctx, never to be changed. began, ended: seconds of perf_counter.
    """

    @property
    def keeps_text(self) -> bool: ...

    def start(self, address: str, ref: str, run: Evaluation) -> None:
        """The body of this step really waits; bodies that never wait have no start."""

    def done(
        self,
        address: str,
        ref: str,
        value: Any,
        text: bytes | None,
        out: Any,
        made: bytes | None,
        began: float,
        ended: float,
        run: Evaluation,
    ) -> None:
        """Called before the output reaches the ctx. made: JSON text of `out`."""

    def fail(
        self,
        address: str,
        ref: str,
        value: Any,
        text: bytes | None,
        error: str,
        began: float,
        ended: float,
        run: Evaluation,
        raised: BaseException,
    ) -> None:
        """Called before the error propagates. raised: what the body raised, with its traceback."""

    def parted(self, address: str, parts: Mapping[str, Any], text: bytes) -> None:
        """The answer of this step has named parts; told before `done`. text: their JSON."""

    def skip(
        self, address: str, ref: str, value: Any, text: bytes | None, why: str, began: float, ended: float,
        run: Evaluation,
    ) -> None:  # fmt: skip
        """The body said that the step does not apply: it has no output. why: its reason, "" if it gave none."""

    def cancel(self, address: str, ref: str, value: Any, why: str, run: Evaluation, asked: float | None = None) -> None:
        """A body in flight was cancelled. why: "lost", the text of an AbortReason, or the name of an exception.

        asked: when it was asked to stop, if it was: seconds of perf_counter.
        """

    def gone(self, address: str) -> None:
        """A body that outlived the evaluation has ended after all; nothing else is told of it."""

    def recalled(self, address: str, ref: str, value: Any, out: Any, error: str | None) -> None:
        """A record has answered this step; its body is not called."""

    def fan(self, address: str, items: int) -> None:
        """A fan-out begins."""

    def join(self, address: str, won: int, ok: bool) -> None:
        """A fan-out was decided by time: any, race, or a failed all. won: the branch; ok: it succeeded."""

    def patch(self, address: str, edge: str, keys: Keys, value: Any, by: str) -> None:
        """Somebody else writes the ctx. edge: "in" before the node reads, "out" before it writes, "after" that."""

    def abort(self, reason: AbortReason, by: str) -> None:
        """The run was asked to stop; called once."""


class Recorded(Protocol):
    """What is known of an earlier run of the same flow, by address."""

    @property
    def outcomes(self) -> Mapping[str, Outcome]: ...

    @property
    def joins(self) -> Mapping[str, tuple[int, bool]]:
        """(winner, it succeeded)."""

    @property
    def patches(self) -> Mapping[tuple[str, str], Sequence[tuple[Keys, Any]]]:
        """(address, edge) -> (keys, value) in order."""

    @property
    def attempts(self) -> Mapping[str, int]:
        """How often a step has begun."""

    @property
    def changed(self) -> bool:
        """The flow or the ctx is another one: a step with another input runs, instead of being refused."""

    def value(self, outcome: Outcome) -> Any:
        """The output itself, fresh."""
