"""Hindsight: what any run, live or recorded, can tell of its own past: frames, past ctx and what changed between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowbench import flow
from flowbench.engine import StepRecord
from flowbench.runtime import columns, frames
from flowbench.runtime.changes import Change, changes
from flowbench.runtime.errors import RunError
from flowbench.runtime.history import History
from flowbench.runtime.progress import ENDED, step_count

if TYPE_CHECKING:
    import pandas as pd

    from flowbench.runtime.run import Run

Moment = int | str | StepRecord
"""When: a step of `run.steps`, its index there, the address of any node, "start" or "end"."""


class Hindsight(ABC):
    """id: of the run."""

    id: str

    @property
    @abstractmethod
    def steps(self) -> Sequence[StepRecord]: ...

    @property
    @abstractmethod
    def ctx(self) -> Any: ...

    @property
    @abstractmethod
    def history(self) -> History:
        """Past ctx by address, as far as is recorded now; what it gives is shared and not to be changed."""

    @property
    def step_count(self) -> int:
        """Steps that have ended, done, failed or cancelled; of one that was tried again only the last attempt."""
        return step_count(step.address for step in self.steps if step.status in ENDED)

    def step(self, at: Moment) -> StepRecord:
        """The last visit of a step. at: its address, its agent's name, or an index in `steps`. Raises: RunError."""
        wanted = self._address(at)
        for step in reversed(self.steps):
            if wanted in (step.address, step.agent):
                return step
        raise RunError(f"{self.id} has no step '{wanted}' so far; run.steps lists addresses and agents", self.id)

    def rerun(self, at: Moment, **options: Any) -> Run:
        """Run a step of it again, and all that depends on it, as a new run; see `runtime.rerun`, whose options it
        takes. at: a step, its index in `steps`, the address of any node, or the name of an agent.
        """
        from flowbench.runtime.rerunning import rerun

        return rerun(self.id, self._address(at), **options)

    def frame(self, ctx: int | Sequence[str] = columns.LIMIT) -> pd.DataFrame:
        """One row per step visit, in the order they ended: address, agent, attempt, status, started (UTC), seconds,
        input, output, error, recorded, parts, and the ctx right after it in columns like `ctx.a.b` (a branch of a
        fan-out has its own ctx). A step that failed has the ctx it saw.

        ctx: how many columns of it at most, 0 for none, or the paths that are wanted: `["$.total", "$.by.name"]`.
        Dicts that found no room show the number of their keys; `frame.attrs["ctx_keys_left_out"]` counts top-level
        keys without a column. Raises: flow.InvalidPath.
        """
        steps = list(self.steps)
        if ctx == 0:
            return frames.steps_frame(steps, columns.Columns({}), {})
        chosen = columns.fitting(self.history, ctx) if isinstance(ctx, int) else columns.chosen(ctx)
        return frames.steps_frame(steps, chosen, columns.rows(self.history, chosen))

    def ctx_at(self, moment: Moment, *, before: bool = False) -> Any:
        """A copy of the ctx right after a node wrote, or `before` it read; in a branch of a fan-out, the branch's.

        moment: a step, its index in `steps`, an address, "start" or "end". Raises: RunError if it was never reached.
        """
        return flow.duplicate(self._ctx_at(moment, before=before))

    def ctx_frame(self, step: Moment) -> pd.DataFrame:
        """What one node did to the ctx: path, before, after, changed, one row for every path of the ctx.

        Raises: RunError.
        """
        return frames.ctx_frame(self._ctx_at(step, before=True), self._ctx_at(step))

    def diff(self, a: Moment | Hindsight | None = None, b: Moment | Hindsight | None = None) -> pd.DataFrame:
        """What changed in ctx from a to b: path, change (added, removed, changed), before, after.

        a, b: moments (right after that node wrote), or runs, which stand for their ctx as it is now. Without b: what
        the node a changed, or how the run a differs from this one. Without both: from start to end. A value that is not
        there is runtime.MISSING, shown as `(not there)`. Raises: RunError.
        """
        return frames.diff_frame(self.changes(a, b))

    def changes(self, a: Moment | Hindsight | None = None, b: Moment | Hindsight | None = None) -> list[Change]:
        """`diff` as a list. Values are shared with the run and not to be changed."""
        if isinstance(a, Hindsight) and b is None:
            a, b = self, a
        if a is None or a == "start":
            a, b = "start", "end" if b is None else b
        before = self._side(a, before=b is None)
        return list(changes(before, self._side(a if b is None else b)))

    def _side(self, moment: Moment | Hindsight, *, before: bool = False) -> Any:
        return moment.ctx if isinstance(moment, Hindsight) else self._ctx_at(moment, before=before)

    def _ctx_at(self, moment: Moment, *, before: bool = False) -> Any:
        if moment == "start":
            return self.history.tracks[""].base
        if moment == "end":
            return self.ctx
        return self.history.ctx(self._address(moment), before=before)

    def _address(self, moment: Moment) -> str:
        if isinstance(moment, StepRecord):
            return moment.address
        if isinstance(moment, bool) or not isinstance(moment, int):
            return str(moment)
        try:
            return self.steps[moment].address
        except IndexError:
            raise RunError(
                f"{self.id} has {len(self.steps)} steps so far, so none has index {moment}", self.id
            ) from None
