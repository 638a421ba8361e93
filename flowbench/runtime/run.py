"""Run: one launch of a Blueprint, as its owner sees it from any thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench import flow, process
from flowbench.blueprint import Blueprint
from flowbench.cancel import AbortReason, CancelToken, Cause
from flowbench.engine import StepRecord
from flowbench.events import Bus, Reader
from flowbench.runtime import prints, waiting
from flowbench.runtime.drive import Ending, conclude
from flowbench.runtime.errors import RunCancelled, RunError, RunFailed
from flowbench.runtime.hindsight import Hindsight
from flowbench.runtime.history import History, Remembered
from flowbench.runtime.log import Log
from flowbench.runtime.loop import engine
from flowbench.runtime.progress import Counter, Progress
from flowbench.runtime.recorder import Memory
from flowbench.words import count

if TYPE_CHECKING:
    from flowbench.runtime.questions import Questions

_making = threading.Lock()  # of what most runs never need


class Run(Hindsight):
    """A running or ended run. It owns its token: aborting that stops everything below it.

    id: `r-<date>-<time>-<six hex>`. path: folder of the journal, None for durability "memory".
    token: child of what the caller gave; its deadline is the run's. started: unix seconds. recorder: hears of each
    step first; for this room.
    """

    def __init__(
        self, id: str, blueprint: Blueprint, ctx: Any, token: CancelToken, bus: Bus, recorder: Memory, path: Path | None
    ) -> None:
        self.id, self.blueprint, self.token, self.path = id, blueprint, token, path
        self.started = time.time()
        self.is_paused: Callable[[], bool] = lambda: False
        self._input, self._bus, self.recorder = ctx, bus, recorder
        self._ended: Future[Ending] = Future()
        self._end_time: float | None = None
        self._counter = Counter(blueprint.flow)
        self._evaluation: flow.Evaluation | None = None
        self._looked_back: tuple[tuple[int, ...], History] | None = None
        self._questions: Questions | None = None

    @property
    def questions(self) -> Questions:
        """What it asks of people now, and what they have said; to answer from Python as from a form."""
        if self._questions is None:
            from flowbench.runtime.questions import Questions

            with _making:
                self._questions = self._questions or Questions()
        return self._questions

    @property
    def has_asked(self) -> bool:
        """It has asked people something."""
        return self._questions is not None

    def begin(self, evaluation: flow.Evaluation, work: Coroutine[Any, Any, Ending]) -> None:
        """Called once by launch: `work` carries `evaluation` to its end."""
        self._evaluation = evaluation
        outside = copy_context()  # who hears of the end is not part of the run

        async def carried() -> Ending:
            ending = await work
            outside.run(self._finish, ending)  # at once: the news of a finished task takes turns of the loop
            return ending

        engine().carry(self, carried()).add_done_callback(lambda done: self._finish(done.result()))

    @property
    def evaluation(self) -> flow.Evaluation:
        """What carries it out; for this room."""
        assert self._evaluation is not None
        return self._evaluation

    def is_held(self, address: str, agent: str, text: str) -> None:
        """The watch says that a body of this run holds the engine's loop; it goes to the log."""
        self.recorder.held(address, agent, text)
        prints.pass_on("stderr", f"flowbench: {text}\n")

    def give_up(self, held: flow.Held | None) -> None:
        """The watch says that the engine's loop answers no abort: the run ends here and now, cancelled.

        held: the body that holds the loop, of whichever run.
        """
        evaluation, cause = self.evaluation, self.token.cause
        if cause is None or self.has_ended:
            return
        if held is not None and held.run is evaluation:
            self.recorder.running.setdefault(held.address, (held.ref, time.time()))
        last = self._input if evaluation.root is None else evaluation.root.ctx
        evaluation.give_up(cause)
        try:
            process.kill_tagged(self.id)
        except process.Survivors as survivors:
            self.log.say("", "", "note", f"{survivors}\n")
        self._finish(conclude(Ending("cancelled", last, cause=cause), self.recorder))

    def _finish(self, ending: Ending) -> None:
        if not self._ended.done():
            self._end_time = time.time()
            with suppress(InvalidStateError):  # given up at this very moment
                self._ended.set_result(ending)

    # -- what it is doing

    @property
    def state(self) -> str:
        """running | paused | done | failed | cancelled | interrupted (its end could not be recorded)."""
        if self._ended.done():
            return self._ended.result().state
        return "paused" if self.is_paused() else "running"

    @property
    def has_ended(self) -> bool:
        """However it ended."""
        return self._ended.done()

    @property
    def cause(self) -> Cause | None:
        """Who stopped it and why; None unless it ends cancelled or is about to."""
        return self._ended.result().cause if self._ended.done() else self.token.cause

    @property
    def error(self) -> str | None:
        """The text that `result` raises; None while it runs or when it is done."""
        raised = self._error() if self._ended.done() else None
        return None if raised is None else str(raised)

    @property
    def seconds(self) -> float:
        """Wall time from launch to the end, or until now."""
        return (self._end_time or time.time()) - self.started

    @property
    def steps(self) -> Sequence[StepRecord]:
        """One record per step visit in the order they ended; grows while the run goes on."""
        return self.recorder.steps

    @property
    def log(self) -> Log:
        """What the steps say: prints of their functions, output of their programs, tracebacks of failed ones."""
        return self.recorder.log

    @property
    def orphans(self) -> tuple[str, ...]:
        """Addresses of bodies that run on although it has ended, as of now: they were asked to stop and have not yet,
        or never will."""
        if not self._ended.done():
            return ()
        left = {each.at for each in engine().threads.left(self.id)}
        return tuple(sorted(left.union(tuple(self.recorder.running)), key=flow.key))

    @property
    def ctx(self) -> Any:
        """A copy of the root ctx: the final one, or as it is now."""
        if self._ended.done():
            return flow.duplicate(self._ended.result().ctx)
        root = None if self._evaluation is None else self._evaluation.root
        return flow.hand(self._input if root is None else root.ctx)[0]

    def progress(self) -> Progress:
        """Counts so far, by node of the drawing."""
        heard = self.recorder
        return self._counter.look(self.state, heard.steps, heard.running, heard.fanned, self._evaluation)

    def events(self) -> Reader:
        """Events from the first one kept, for `for`, `async for` or `read`; a slow reader gets Lagged(n)."""
        return self._bus.reader(past=True)

    @property
    def history(self) -> History:
        """Past ctx by address, as far as is recorded now; what it gives is shared and not to be changed."""
        assert self._evaluation is not None
        heard = self.recorder
        steps, joins = list(heard.steps), dict(heard.joins)
        patches = {edge: list(each) for edge, each in dict(heard.patches).items()}
        seen = (len(steps), len(joins), sum(map(len, patches.values())))
        if self._looked_back is None or self._looked_back[0] != seen:
            history = History(self._evaluation.program, Remembered(steps, joins, patches), self._input)
            self._looked_back = (seen, history)
        return self._looked_back[1]

    def summary(self) -> str:
        """One line: state, steps, seconds, why it stopped."""
        state, steps = self.state, count(self.step_count, "step")
        text = f"{self.blueprint.id}: {state}, {steps} in {self.seconds:.2f} s"
        cause = self.cause
        if cause is not None and state == "cancelled":
            text += f", Aborted: {cause.reason} (by {cause.by})"
        if orphans := self.orphans:
            text += f"; still running: step{'s' * (len(orphans) > 1)} {', '.join(orphans)}"
        return f"{text} ({self.id})"

    def __repr__(self) -> str:
        return f"<Run {self.summary()}>"

    # -- waiting for it and stopping it

    def abort(self, reason: AbortReason = AbortReason.USER, by: str = "api") -> bool:
        """Ask it to stop and return at once; True for the first cause, which is the one that counts."""
        return not self._ended.done() and self.token.abort(reason, by)

    def wait(self, timeout: float | None = None) -> bool:
        """True when it has ended, however; False after `timeout` seconds. A Ctrl-C meanwhile aborts the run.

        Raises: KeyboardInterrupt for a Ctrl-C on a run that is aborted already; RunError on the engine's thread.
        """
        if engine().is_here():
            raise RunError("a step cannot wait for a run on the engine's own thread; write `await run`", self.id)
        if self._ended.done():
            return True
        with engine().threads.aside():
            return waiting.wait_for(self._ends_within, self.token, timeout)

    def result(self, timeout: float | None = None) -> Any:
        """The final ctx. timeout: seconds to wait, the run goes on after them.

        Raises: RunFailed, RunCancelled, TimeoutError.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"run {self.id} still goes on after {timeout} s")
        return self._answer()

    def __await__(self) -> Generator[Any, None, Any]:
        """The final ctx, on any loop. Cancelling the waiting task aborts the run, and so does a Ctrl-C meanwhile.

        Raises: RunFailed, RunCancelled.
        """
        return self._wait_async().__await__()

    async def _wait_async(self) -> Any:
        with waiting.interrupt_aborts(self.token, is_await=True):
            try:
                await asyncio.shield(asyncio.wrap_future(self._ended))
            except asyncio.CancelledError:
                self.abort(AbortReason.SIGNAL, by="await")
                raise
        return self._answer()

    def on_end(self, callback: Callable[[Run], None]) -> None:
        """Call once when it has ended, on the engine's thread or, if it has, at once here."""
        self._ended.add_done_callback(lambda _: callback(self))

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._ended.exception(seconds)
        except TimeoutError:
            return False
        return True

    def _answer(self) -> Any:
        raised = self._error()
        if raised is not None:
            raise raised from self._ended.result().error
        return self.ctx

    def _error(self) -> RunError | None:
        ending = self._ended.result()
        if ending.state == "done":
            return None
        if ending.state == "cancelled":
            assert ending.cause is not None
            return RunCancelled(self.summary(), self.id, ending.cause)
        if ending.state == "interrupted":
            why = getattr(ending.error, "strerror", None) or str(ending.error)
            message = f"{why}. What was recorded before is safe: mend that, then flowbench.resume('{self.id}')"
            return RunFailed(message, self.id, "", None)
        address = getattr(ending.error, "address", "")
        where = f" at step {address}" if address else ""
        body_error = None if ending.error is None else ending.error.__cause__
        return RunFailed(f"run {self.id} failed{where}: {ending.error}", self.id, address, body_error)
