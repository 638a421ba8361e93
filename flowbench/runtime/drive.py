"""Drive: carry one evaluation to its end on the engine thread, whatever happens, and say how it ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench import flow, process
from flowbench.cancel import (
    GRACE_SECONDS,
    LAST_SECONDS,
    Aborted,
    AbortReason,
    BeatingToken,
    CancelToken,
    Cause,
    Handoff,
    stopper,
)
from flowbench.engine import Secrets, Task, TaskCancelled, Visit, Voice, audience
from flowbench.runtime import prints
from flowbench.runtime.loop import engine
from flowbench.runtime.recorder import Memory
from flowbench.runtime.visits import Moment, held
from flowbench.runtime.withheld import Withheld
from flowbench.storage import StorageError

if TYPE_CHECKING:
    from flowbench.runtime.dispatch import Dispatch
    from flowbench.runtime.people import People
    from flowbench.runtime.questions import Told
    from flowbench.runtime.run import Run

_as_visit = tuple.__new__  # what Visit() does, without the call of a Python function: layers ask for each step

UNRECORDED = (OSError, StorageError)  # what a full disk raises
LOST = Cause(AbortReason.UNKNOWN, "engine")  # its task was cancelled by somebody who does not own it


@dataclass(frozen=True)
class Ending:
    """state: done | failed | cancelled, or interrupted when the end itself could not be recorded.

    ctx: the final one, or the last one before the failure.
    """

    state: str
    ctx: Any
    error: BaseException | None = None
    cause: Cause | None = None


class Site:
    """What bodies may ask about their run; implements engine.Site.

    dispatch: under which engine, and by whom, the steps are dispatched.
    """

    runtime: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, run: Run, threads: Handoff, secrets: Secrets, dispatch: Dispatch) -> None:
        self.run_id, self.folder, self.token, self._log = run.id, run.path, run.token, run.log
        self.threads, self.secrets, self._recorder = threads, secrets, run.recorder
        self._dispatch, self.operator = dispatch, dispatch.operator
        self.evaluation: flow.Evaluation | None = None
        self.people: People | None = None  # who answers questions; None: nobody will be asked
        self._withheld = Withheld()  # by (address, stream, thread)
        self._log.ended = self._release

    def visit(self) -> Visit:
        now, moment = self.evaluation, held.get()
        assert now is not None
        at = now.at if moment is None or moment.site is not self else moment.at
        return _as_visit(Visit, (at, now.attempt(at)))

    def ctx(self) -> Any:
        return flow.hand(self.here().scope.ctx)[0]

    def linger(self) -> Callable[[], Callable[[], None]] | None:
        now, moment = self.evaluation, held.get()
        assert now is not None
        scope = now.here if moment is None or moment.site is not self else moment.scope
        return None if scope is None or scope.place is None else scope.keep_place

    def outlives(self, at: str, ended: float | None) -> None:
        self._recorder.stops.outlives(at, ended)

    def step_token(self, at: str | None = None) -> CancelToken:
        return BeatingToken(self.token, self._recorder.stops.of(self.visit().address if at is None else at))

    def voice(self) -> Voice:
        now, moment = self.evaluation, held.get()
        assert now is not None
        if moment is None or moment.site is not self:
            return _Voice(self, now.at, now.ref)
        return _Voice(self, moment.at, moment.agent)

    def here(self) -> Moment:
        now, moment = self.evaluation, held.get()
        if moment is not None and moment.site is self:
            return moment
        assert now is not None
        if now.here is None:
            raise RuntimeError("which step asks? take `site.here()` when the body is called, before it waits")
        return Moment(self, now.here, now.at, now.ref, now.value)

    def task(self) -> Task:
        moment = self.here()
        asked = self._recorder.visits.at(moment.at)
        if asked.task is None:
            now, walker, under_way = self.evaluation, moment.walker, self._recorder.visits.open
            assert now is not None

            def stop() -> None:
                if walker is not None:
                    now.cut(walker, TaskCancelled(), lambda: under_way.get(moment.at) is asked)

            desk = self._dispatch.desk()
            asked.task = desk.visit(self.run_id, moment.at, moment.agent, now.attempt(moment.at), stop)
            asked.task.prompt, asked.secrets = moment.value, self.secrets
        return asked.task

    def answer(self, face: str, ask: Callable[[], Awaitable[Any]], question: Any = None) -> Awaitable[Any]:
        moment = self.here()
        asked = self._recorder.visits.at(moment.at)
        number = asked.counts[face] = asked.counts.get(face, 0) + 1
        about = flow.checksum(flow.encode([moment.value, flow.take(question)[0]]))
        return self._answered(moment.at, face, number, about, ask)

    async def _answered(self, at: str, face: str, n: int, question: int, ask: Callable[[], Awaitable[Any]]) -> Any:
        known = self._recorder.answered(at, face, n, question)
        if known is not None:
            return known[0]
        value, text = flow.take(await ask())
        if self.secrets.names:
            value, text = flow.take(self.secrets.take_out(value))
        asked = self._recorder.visits.at(at)
        told, asked.told = asked.told, None
        try:
            self._recorder.answer(at, face, n, question, text, told)
        except BaseException as error:
            assert self.evaluation is not None
            self.evaluation.untold = error  # what cannot be recorded ends the run, whoever catches it
            raise
        return value

    def told(self, at: str, told: Told) -> None:
        """A person has answered the step at `at`; it is recorded with the answer that comes of it."""
        self._recorder.visits.at(at).told = told

    def say(self, at: str, agent: str, stream: str, text: str) -> None:
        """Keep what the step at `at` says, and pass it on.

        A task walks from step to step and keeps the voice of the last one that took one, while bodies that never wait
        take none. So on the engine's thread, while a body is being called, it is that body who speaks.
        """
        now = self.evaluation
        if now is not None and now.here is not None and engine().is_here():
            at, agent = now.at, now.ref
        self._log.say(at, agent, stream, text)
        if prints.passes_on:
            shown = self._withheld.say((at, stream, threading.get_ident()), text, self.secrets.decided)
            if shown:
                prints.pass_on(stream, shown)

    def _release(self, at: str | None) -> None:
        """The step at `at`, or every one, says no more."""
        for who, text in self._withheld.release(lambda who: at is None or who[0] == at):  # type: ignore[index]
            prints.pass_on(who[1], text)  # type: ignore[index]


class _Voice(msgspec.Struct, eq=False):
    """What is said with it is said by the step at `at`. A struct because each async body takes one."""

    site: Site
    at: str
    agent: str

    def __call__(self, stream: str, text: str) -> None:
        self.site.say(self.at, self.agent, stream, text)


async def drive(evaluation: flow.Evaluation, ctx: Any, recorder: Memory, token: CancelToken, site: Site) -> Ending:
    """Evaluate, record the end, and return it. Never raises for anything the flow or its bodies do.

    After an abort the bodies have GRACE_SECONDS to end, are cancelled once more, and are then left and named. Processes
    that steps have left behind, also successful ones, end with the run: a server that one step starts serves the next.
    For a task of its own: what is launched in it ends with `token`.
    """
    stopper.set(lambda: token)
    audience.set(site.people)
    ending = await _outcome(evaluation, ctx, recorder, token)
    if not recorder.is_closed:  # given up and cleared already: what bears the tag now is of a resume
        await _clear(site)
    return conclude(ending, recorder)


def conclude(ending: Ending, recorder: Memory) -> Ending:
    """Record the end, unless one is recorded already."""
    error = None if ending.error is None else str(ending.error)
    causes = ending.error.causes if isinstance(ending.error, flow.FlowError) else ()
    try:
        recorder.end(ending.state, error, causes)
    except UNRECORDED as failure:  # the journal has no end, so the run counts as interrupted and can be resumed
        return Ending("interrupted", ending.ctx, failure, ending.cause)
    return ending


async def _clear(site: Site) -> None:
    """Nothing that bears the run's tag outlives it. What cannot be ended is named in the log."""
    while True:
        try:
            return await process.clear(site.run_id)
        except process.Survivors as left:
            return site.say("", "", "note", f"{left}\n")
        except asyncio.CancelledError:  # a body of another run that cancels all tasks of the loop
            me = asyncio.current_task()
            assert me is not None
            me.uncancel()


async def _outcome(evaluation: flow.Evaluation, ctx: Any, recorder: Memory, token: CancelToken) -> Ending:
    if (cause := token.cause) is not None:
        recorder.abort(cause.reason, cause.by)
        return Ending("cancelled", ctx, cause=cause)
    unlink = _link(token, evaluation)
    work = _Bounded(evaluation, ctx, token)
    try:
        has_ended = await work.wait()
    finally:
        unlink()
    last = ctx if evaluation.root is None else evaluation.root.ctx
    if not has_ended:
        return Ending("cancelled", last, cause=token.cause)
    try:
        return Ending("done", work.task.result())
    except (Aborted, asyncio.CancelledError) as stopped:
        # A body may have met the abort first, through a child of the token, whose cause says "parent (...)".
        cause = token.cause or (stopped.cause if isinstance(stopped, Aborted) else LOST)
        return Ending("cancelled", last, cause=cause)
    except UNRECORDED as failure:
        return Ending("interrupted", last, failure)
    except BaseException as failure:  # the flow's error, NotReproducible, our own bugs: the run must end and say so
        return Ending("failed", last, failure)


def _link(token: CancelToken, evaluation: flow.Evaluation) -> Callable[[], None]:
    """An abort stops the evaluation; the deadline is an abort with reason Timeout."""
    forget = token.on_abort(evaluation.stop)
    timer = None
    if token.deadline is not None:
        loop = asyncio.get_running_loop()
        left = max(token.deadline - loop.time(), 0.0)
        timer = loop.call_later(left, token.abort, AbortReason.TIMEOUT, "deadline")

    def unlink() -> None:
        forget()
        if timer is not None:
            timer.cancel()

    return unlink


class _Bounded:
    """The evaluation, in a task of its own that is waited for: for ever, or after a stop no longer than its grace."""

    def __init__(self, evaluation: flow.Evaluation, ctx: Any, token: CancelToken) -> None:
        self._evaluation, self._ctx, self._token = evaluation, ctx, token
        self._loop = asyncio.get_running_loop()
        self._change: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._is_given_up = False
        self.task = self._loop.create_task(self._work(), name="flowbench-run")
        self.task.add_done_callback(self._ended)
        evaluation.on_stop = self._ask

    async def wait(self) -> bool:
        """False if it would not end. A body that cancels all tasks of the loop cancels this one too: an abort."""
        try:
            while not self.task.done() and not self._is_given_up:
                try:
                    await self._change
                except asyncio.CancelledError:
                    self._change = self._loop.create_future()
                    me = asyncio.current_task()
                    assert me is not None
                    me.uncancel()
                    self._token.abort(LOST.reason, LOST.by)
        finally:
            self._evaluation.on_stop = None
            if self._timer is not None:
                self._timer.cancel()
        return self.task.done()

    async def _work(self) -> Any:
        try:
            return await flow.evaluate(self._evaluation, self._ctx, is_taken=True)
        finally:
            self._look()  # a turn of the loop sooner than the task can tell

    def _ask(self) -> None:
        grace = 0.0 if self._evaluation.over else GRACE_SECONDS  # the watch has waited for a loop that was held
        self._timer = self._loop.call_later(grace, self._ask_again)

    def _ask_again(self) -> None:
        # Twice as long as a fan-out gives its branches: it has to tell of those that it leaves behind.
        self.task.cancel()  # asyncio is edge-triggered: a body that swallowed the first one gets another
        self._timer = self._loop.call_later(2 * LAST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._is_given_up = True
        self._look()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._look()  # it may have been cancelled before it began
        if self._is_given_up and not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain that nobody did

    def _look(self) -> None:
        if not self._change.done():
            self._change.set_result(None)
