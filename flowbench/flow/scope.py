"""Scopes: one ctx being written, the root's or one branch's of a fan-out, and the frames it can unwind to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from flowbench.flow.errors import FlowError
from flowbench.flow.paths import Write
from flowbench.flow.program import Op
from flowbench.flow.turnstile import Turnstile

Mark = tuple[str, str, int]  # address, "in" or "out", number of writes so far


class Crew(Protocol):
    """The workers of a fan-out, as seen from inside a branch.

    dismissed_at: when those that were still at work were asked to stop, seconds of perf_counter.
    """

    dismissed_at: float | None

    def body_waits(self) -> None:
        """A body of this branch really waits: somebody else may take the next item."""

    def is_over(self) -> bool:
        """The join is decided: what is still running has lost."""


class Turns:
    """Frame of a loop. count: turns finished. prefix: of addresses outside; inner: inside, less the turn's number."""

    __slots__ = ("count", "inner", "outer", "prefix")

    def __init__(self, prefix: str, inner: str, outer: Frame | None) -> None:
        self.count = 0
        self.prefix = prefix
        self.inner = inner
        self.outer = outer


class Rescue:
    """Frame of a try: the ctx to restore, and its instruction."""

    __slots__ = ("ctx", "op", "outer", "prefix")

    def __init__(self, ctx: Any, prefix: str, op: Op, outer: Frame | None) -> None:
        self.ctx = ctx
        self.prefix = prefix
        self.op = op
        self.outer = outer


Frame: TypeAlias = "Turns | Rescue"


class Scope(msgspec.Struct, eq=False):
    """name: address of the branch, "" for the root. prefix: of the addresses where it is now; it begins as the name.

    own: dicts this scope may change in place. live: nothing recorded is left to answer with.
    strict: stop at the first step without a record. place: of the body that runs now, where those are counted.
    frame: the innermost of those it is in. log, marks: all writes and where they fell, kept for history only.
    A struct, and with few objects of its own, because a fan-out makes one per item: a branch that waits is looked at
    by the garbage collector again and again.
    """

    ctx: Any
    name: str = ""
    prefix: str = ""
    live: bool = True
    strict: bool = False
    crew: Crew | None = None
    log: list[Write] | None = None
    at: str = ""
    place: Turnstile | None = None
    own: dict[int, dict[str, Any]] = {}
    frame: Frame | None = None
    marks: list[Mark] | tuple[()] = ()

    def mark(self, address: str, edge: str) -> None:
        """Note where `address` stands among the writes."""
        if self.log is not None and isinstance(self.marks, list):
            self.marks.append((address, edge, len(self.log)))

    def give_place(self) -> None:
        """The body has ended, or nobody waits for it any more. Idempotent."""
        place, self.place = self.place, None
        if place is not None:
            place.leave()

    def keep_place(self) -> Callable[[], None]:
        """The branch is over but its body runs on: whoever calls the answer, in the thread that evaluates, gives the
        place back. Idempotent."""
        held = Scope(None, place=self.place)
        self.place = None
        return held.give_place

    def leave(self) -> Any:
        """The ctx, for others to see: from now on a write copies."""
        self.own.clear()
        return self.ctx

    def catches(self) -> str | None:
        """Address of the innermost try around; None: nothing here catches an error."""
        frame = self.frame
        while isinstance(frame, Turns):
            frame = frame.outer
        return None if frame is None else frame.prefix + frame.op.suffix

    def unwind(self, error: FlowError) -> int:
        """Where the innermost catch begins, with the ctx restored. Raises: the error, if nothing catches it."""
        while (frame := self.frame) is not None:
            self.frame = frame.outer
            self.prefix = frame.prefix
            if isinstance(frame, Turns):
                continue
            op = frame.op
            self.ctx = frame.ctx
            self.own.clear()
            if self.log is not None:
                self.at = self.prefix + op.suffix
                self.log.append((self.at, None, self.ctx))
            try:
                op.write(self, str(error))
            except FlowError as worse:
                worse.address = worse.address or self.prefix + op.suffix
                worse.causes = worse.causes or (worse.address,)
                error = worse
            else:
                return op.target
        raise error
