"""Stepping: a run that stops before each step and asks what to do. One observer of the evaluator, nothing more."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from flowbench import flow
from flowbench.cancel import AbortReason
from flowbench.runtime.changes import changed_paths
from flowbench.runtime.errors import RunError
from flowbench.runtime.loop import engine
from flowbench.runtime.waiting import wait_for

if TYPE_CHECKING:
    from flowbench.runtime.run import Run

_log = logging.getLogger("flowbench.runtime")

CHANGES = 20  # paths that a pause lists at most


@dataclass(frozen=True)
class Pause:
    """Before a step. input: what it will get. ctx: of its scope, not to be changed.

    before: the ctx of the last pause in this scope or the one around it, or that of the start; not to be changed.
    changed: paths that differ between the two, at most CHANGES of them.
    """

    address: str
    agent: str
    input: Any
    ctx: Any
    changed: tuple[str, ...]
    before: Any = None


@dataclass
class _Held:
    """A scope that waits at a step."""

    scope: flow.Scope
    op: flow.Op
    pause: Pause
    go: asyncio.Future[None]


class Debugger:
    """Holds a run before each step. Branches of a fan-out queue up: `next` lets one step go at a time.

    run: the run. Methods may be called from any thread but the engine's.
    """

    run: Run
    _evaluation: flow.Evaluation

    def __init__(self) -> None:
        self._free = False
        self._held: deque[_Held] = deque()
        self._last: dict[str, Any] = {}
        self._news = threading.Condition()
        self._listeners: list[Callable[[Pause], None]] = []

    def attach(self, run: Run, evaluation: flow.Evaluation, ctx: Any) -> None:
        """Called once, before the run begins with `ctx`."""
        self.run, self._evaluation, self._last = run, evaluation, {"": ctx}
        run.is_paused = self._is_held
        run.on_end(lambda _: self._say())

    # -- on the engine's thread

    def before(self, scope: flow.Scope, op: flow.Op, address: str, value: Any) -> Awaitable[None] | None:
        """The evaluator's hook: an answer to wait for, or None to go on at once."""
        return None if self._free else self._hold(scope, op, address, value)

    async def _hold(self, scope: flow.Scope, op: flow.Op, address: str, value: Any) -> None:
        scope.own.clear()  # from here on a write copies: the ctx that is shown stays as it is
        last, self._last[scope.name] = self._last_seen(scope.name), scope.ctx
        changed = tuple(islice(changed_paths(last, scope.ctx), CHANGES))
        pause = Pause(address, op.ref, value, scope.ctx, changed, last)
        held = _Held(scope, op, pause, asyncio.get_running_loop().create_future())
        with self._news:
            if self._free:  # `go` came while the pause was being made
                return
            self._held.append(held)
        self._say()
        try:
            await held.go
        finally:
            self._drop(held)

    def _last_seen(self, scope: str) -> Any:
        """The ctx at the last pause in this scope; a branch that has had none began with its outer scope's."""
        while scope not in self._last:
            scope = flow.scope_of(scope.rpartition(".")[0])
        return self._last[scope]

    def _edit(self, keys: tuple[str, ...], value: Any, done: Future[Pause]) -> None:
        try:
            with self._news:
                if not self._held:
                    raise RunError("nothing is paused, so there is no ctx to edit", self.run.id)
                held = self._held[0]
            scope, pause = held.scope, held.pause
            trial = flow.Scope(scope.ctx)  # what the step could not read any more is not written at all
            flow.force(trial, keys, value)
            held.op.read(trial.ctx)
            self._evaluation.patch(scope, pause.address, "in", keys, value, "stepper")
            changed = (*pause.changed, *changed_paths(pause.ctx, scope.ctx))
            scope.own.clear()
            self._last[scope.name] = scope.ctx
            held.pause = replace(pause, ctx=scope.ctx, input=held.op.read(scope.ctx), changed=changed)
            done.set_result(held.pause)
        except Exception as error:  # handed to the thread that asked
            done.set_exception(error)

    def _say(self) -> None:
        with self._news:
            self._news.notify_all()
            pause = self._held[0].pause if self._held else None
        if pause is not None:
            for listener in self._listeners:
                try:
                    listener(pause)
                except Exception:  # a front end's fault is no failure of the run
                    _log.exception("a listener of pauses failed")

    def _drop(self, held: _Held) -> None:
        with self._news:
            if held in self._held:
                self._held.remove(held)

    def _is_held(self) -> bool:
        return bool(self._held) and not self.run.token.aborted()

    # -- for the person

    @property
    def paused(self) -> Pause | None:
        """The step that waits; None while one runs, when the run is asked to stop, and after the end."""
        with self._news:
            return self._held[0].pause if self._is_held() else None

    @property
    def ctx(self) -> Any:
        """A copy of the ctx at the pause; of the root where nothing is paused."""
        pause = self.paused
        return self.run.ctx if pause is None else flow.hand(pause.ctx)[0]

    def __repr__(self) -> str:
        pause = self.paused
        at = self.run.summary() if pause is None else f"{self.run.id}, paused before {pause.agent} at {pause.address}"
        return f"<Debugger of {at}>"

    def wait(self, timeout: float | None = None) -> Pause | None:
        """The pause, as soon as there is one; None when the run has ended. A Ctrl-C meanwhile aborts the run.

        Raises: TimeoutError.
        """

        def sleep(seconds: float) -> bool:
            with self._news:
                return self._news.wait_for(lambda: self._is_held() or self.run.has_ended, seconds)

        with engine().threads.aside():
            is_there = wait_for(sleep, self.run.token, timeout)
        if not is_there:
            raise TimeoutError(f"no step of {self.run.id} was reached within {timeout} s")
        return self.paused

    def next(self, timeout: float | None = None) -> Pause | None:
        """Run the step that waits, then wait for the next one; None when the run has ended. Raises: TimeoutError."""
        self.wait(timeout)
        with self._news:
            held = self._held.popleft() if self._held else None
        if held is not None:
            self._release(held)
            if self.paused is not None:
                self._say()
        return self.wait(timeout)

    def go(self) -> None:
        """Let the run go on to its end without another pause."""
        with self._news:
            self._free = True
            waiting = list(self._held)
            self._held.clear()
        for held in waiting:
            self._release(held)

    def edit(self, path: str, value: Any) -> Pause:
        """Write the ctx of the step that waits, recorded as a patch; the step's input is read again.

        path: `$.a.b`. value: JSON. Returns the pause as it is now.
        Raises: RunError when nothing is paused; flow.FlowError for the path, or if the step could then not read its
        input; flow.NotJson for the value. Nothing is written then.
        """
        if engine().is_here():
            raise RunError("ctx cannot be edited from a listener or an agent, on the engine's own thread", self.run.id)
        keys, fresh = flow.parse_path(path), flow.take(value)[0]
        done: Future[Pause] = Future()
        loop = self._evaluation.loop
        if loop is None:
            raise RunError("nothing is paused, so there is no ctx to edit", self.run.id)
        loop.call_soon_threadsafe(self._edit, keys, fresh, done)
        return done.result()

    def abort(self, reason: AbortReason = AbortReason.USER, by: str = "api") -> bool:
        """Stop the run; the step that waits does not begin."""
        return self.run.abort(reason, by)

    def on_pause(self, callback: Callable[[Pause], None]) -> None:
        """Call with the step that waits now, whenever that may have changed, on any thread. It must return at once."""
        self._listeners.append(callback)
        if (pause := self.paused) is not None:
            callback(pause)

    def _release(self, held: _Held) -> None:
        def release() -> None:
            if not held.go.done():
                held.go.set_result(None)

        held.go.get_loop().call_soon_threadsafe(release)
