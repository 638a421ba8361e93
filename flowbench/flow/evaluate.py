"""Evaluate: one run of a program: what it is given, who may stop it or write into it, and what it ends with.

`evaluate` runs on the event loop; `evaluate_sync` drives the same coroutine by hand and never touches a loop.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

from flowbench.cancel import GRACE_SECONDS, Aborted, CancelToken, Cause
from flowbench.flow import joins
from flowbench.flow.answers import Output, Skip, taken_parts
from flowbench.flow.errors import FlowError, Frontier, NotReproducible, WouldWait
from flowbench.flow.paths import Keys, force
from flowbench.flow.program import STEP, Fan, Op, Program
from flowbench.flow.scope import Crew, Scope
from flowbench.flow.sink import Outcome, Recorded, Sink
from flowbench.flow.turnstile import Turnstile
from flowbench.flow.values import checksum, encode, take
from flowbench.flow.waiting import SLICE
from flowbench.flow.walk import step_failed, walk

Body = Callable[[Any], Any]
Before = Callable[[Scope, Op, str, Any], Awaitable[object] | None]


class Evaluation:
    """One evaluation of a program; it can be evaluated once.

    bodies: one per slot of the program; each gets a copy of its input that it may change. sink: where outcomes go.
    quick: slots whose bodies never wait. recorded: outcomes to answer with. turnstiles: one per slot, shared by those
    that are counted together; None, or none at all: no limit. A quick body needs none, it overlaps with nothing.
    token: the run's own; a body that meets its abort has not failed.
    view: answer from `recorded` only, call no body, and keep all writes.
    grace: seconds that losers get to stop.
    before(scope, op, address, value): called before each live step, and awaited if it answers with an awaitable;
    it may `patch` the ctx, the input is read again afterwards.

    While a body is called, and until it first waits, `here` is its scope, `at` its address, `ref` its agent and
    `value` its input, not to be changed; at all other times `here` is None.

    visited: counts by the places that the program gave its nodes. errors: (try that caught it, or the branch or root
    that it left; the node where it arose; was it caught) -> how often, shapes all. unwritten: shapes of steps whose
    output could not be written. What they mean, flow.visited knows.
    """

    def __init__(
        self,
        program: Program,
        bodies: Sequence[Body],
        sink: Sink,
        *,
        quick: frozenset[int] = frozenset(),
        recorded: Recorded | None = None,
        turnstiles: Sequence[Turnstile | None] = (),
        token: CancelToken | None = None,
        view: bool = False,
        before: Before | None = None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.program = program
        self.bodies = bodies
        self.sink = sink
        self.recorded = recorded
        self.turnstiles = turnstiles or [None] * len(bodies)
        counted = {self.turnstiles[slot] for slot in range(len(bodies)) if slot not in quick}
        self.sole = counted.pop() if len(counted) == 1 else None  # the one that every body that waits must pass
        self.view = view
        self.before = before
        self.token = token
        self.grace = grace
        self.hooks = bool(recorded is not None and recorded.patches)
        self.inline = {id(fan) for fan in program.all_fans() if _is_quick(fan, quick)}

        self.cause: Cause | None = None  # read at every step
        self.stopped_at: float | None = None  # seconds of perf_counter, when `stop` was called
        self._why = ""  # its reason, in words, for the many that are cancelled at once
        self.untold: BaseException | None = None  # why the sink could not be told of something
        self.visited = [0] * program.counts
        self.errors: Counter[tuple[str, str, bool]] = Counter()
        self.unwritten: Counter[str] = Counter()
        self.root: Scope | None = None  # until it has begun
        self.here: Scope | None = None
        self.at = self.ref = ""
        self.value: Any = None
        self.views: list[tuple[Scope, Any]] = []  # (scope, ctx it began with), kept for history only
        self.orphans: list[asyncio.Task[None]] = []  # losers that did not stop within the grace
        self.cuts: dict[asyncio.Task[Any], Exception] = {}  # walker whose body is being cancelled -> its error

        self.sync = False
        self.over = False
        self.is_taken_away = False  # the interpreter has closed a coroutine of ours; it will go on with none
        self.slice_end = math.inf
        self.calm = 0  # cancellations of our task that were asked for before we began
        self.loop: asyncio.AbstractEventLoop | None = None
        self.main: asyncio.Task[Any] | None = None
        self.on_stop: Callable[[], object] | None = None  # called on the loop, when the tasks have been cancelled
        self.tasks: dict[asyncio.Task[Any], None] = {}  # all that walk for this run, oldest first
        self._asked = itertools.count()  # `next` is atomic, also inside a signal handler
        self._inbox: deque[tuple[Keys, Any, str]] = deque()
        self._told = self._cancelled_main = False

    # -- stop, and writes from outside

    def stop(self, cause: Cause) -> bool:
        """Ask the run to stop; never raises, from any thread, any number of times. True for the first cause only."""
        if next(self._asked):
            return False
        self._why = str(cause.reason)
        self.stopped_at = perf_counter()
        self.cause = cause
        if self.loop is not None:
            try:
                self.loop.call_soon_threadsafe(self._cancel_tasks)
            except RuntimeError:  # the loop is closed: nothing of ours is left on it
                return True
        return True

    def is_stopping(self) -> bool:
        """The run was asked to stop; also in the moment in which a body knows of it and `stop` was not called yet."""
        return self.cause is not None or (self.token is not None and self.token.aborted())

    def _cancel_tasks(self) -> None:
        self._tell_abort()
        self._cancelled_main = self.main in self.tasks
        for task in list(self.tasks):
            task.cancel()
        if self.on_stop is not None:
            self.on_stop()

    def cut(self, walker: asyncio.Task[Any], error: Exception, still: Callable[[], bool]) -> None:
        """Cancel the body that `walker` waits for, and only that: the step fails with `error`. From any thread.

        still: asked on the loop; False if the body has ended meanwhile. A body that never waits cannot be cut.
        """
        if self.loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nothing of ours is left on it
                self.loop.call_soon_threadsafe(self._cut, walker, error, still)

    def _cut(self, walker: asyncio.Task[Any], error: Exception, still: Callable[[], bool]) -> None:
        if walker in self.tasks and walker not in self.cuts and still():
            self.cuts[walker] = error
            walker.cancel()

    def give_up(self, cause: Cause) -> None:
        """Nobody waits for it any more: it is asked to stop, and tells nothing after that. From any thread."""
        self.stop(cause)
        self._tell_abort()
        self.over = True

    def _tell_abort(self) -> None:
        if self.cause is not None and not self._told and not self.over:
            self._told = True
            self.sink.abort(*self.cause)

    def write(self, keys: Keys, value: Any, by: str = "api") -> None:
        """Write the root ctx from any thread; it takes effect, and is told, at the next edge of a root node.

        Raises: NotJson.
        """
        self._inbox.append((tuple(keys), take(value)[0], by))
        self.hooks = True

    def patch(self, scope: Scope, address: str, edge: str, keys: Keys, value: Any, by: str) -> None:
        """Write a scope's ctx now, in the thread that evaluates. Values in the way become objects. Raises: NotJson."""
        fresh = take(value)[0]
        self.sink.patch(address, edge, keys, fresh, by)
        scope.at = address
        force(scope, keys, fresh)

    # -- called while walking

    def enter(self, scope: Scope, address: str) -> None:
        """The edge before a step reads."""
        if not scope.live and not scope.strict and self.recorded is not None and address not in self.recorded.outcomes:
            scope.live = True
        self.edge(scope, address, "in")

    def edge(self, scope: Scope, address: str, edge: str) -> None:
        """Apply what others wrote at this edge: recorded patches, then the inbox."""
        if self.recorded is not None:
            for keys, value in self.recorded.patches.get((address, edge), ()):
                scope.at = address
                force(scope, keys, take(value)[0])
        if self._inbox and scope is self.root and scope.live:
            while self._inbox:
                keys, value, by = self._inbox.popleft()
                self.patch(scope, address, edge, keys, value, by)

    def recall(self, scope: Scope, op: Op, address: str, value: Any) -> Outcome | None:
        """The recorded outcome of this step, or None: from then on the scope is live. Raises: NotReproducible."""
        assert self.recorded is not None
        outcome = self.recorded.outcomes.get(address)
        if outcome is not None:
            ref, crc = outcome.ref, outcome.input
            if ref == op.ref and crc == checksum(encode(value)):
                return outcome
            if not self.recorded.changed:
                raise NotReproducible(address, f"recorded `{ref}` with another input than `{op.ref}` has now")
        if scope.strict:
            raise Frontier(address)
        scope.live = True
        return None

    def answer(self, outcome: Outcome, address: str, value: Any) -> Any:
        """The recorded output, fresh. Raises: DispatcherError or Skip, if that was recorded."""
        assert self.recorded is not None
        ref, error, skipped = outcome.ref, outcome.error, outcome.skipped
        out = None if error is not None or skipped is not None else self.recorded.value(outcome)
        self.sink.recalled(address, ref, value, out, error)
        if skipped is not None:
            raise Skip(skipped)
        if error is not None:
            raise step_failed(ref, error, address)
        return out

    def opened(self, address: str, answer: Output | Skip) -> Any:
        """The value of an answer, whose parts the sink is told of. Raises: Skip, NotJson."""
        if isinstance(answer, Skip):
            raise answer
        if answer.parts:
            self.sink.parted(address, *taken_parts(answer.parts))
        return answer.value

    def skipped(self, scope: Scope, address: str) -> None:
        """The edges of a step that wrote nothing."""
        if self.hooks:
            self.edge(scope, address, "out")
            self.edge(scope, address, "after")
        if scope.log is not None:
            scope.mark(address, "out")

    def attempt(self, address: str) -> int:
        """Number of the attempt that runs now, from 1."""
        return 1 if self.recorded is None else self.recorded.attempts.get(address, 0) + 1

    def cancelled(self, scope: Scope, address: str, ref: str, value: Any, error: BaseException) -> None:
        """A body in flight was cancelled, or left with an exception that no flow may catch."""
        if self.over:  # an orphan: whoever reads the sink has gone
            self.sink.gone(address)
            return
        why = self._why
        if self.cause is None:
            why = "lost" if isinstance(error, asyncio.CancelledError) else type(error).__name__
        crew = scope.crew
        asked = self.stopped_at if self.cause is not None or crew is None else crew.dismissed_at
        self.sink.cancel(address, ref, value, why, self, asked)

    def fan_out(self, scope: Scope, op: Fan, items: list[Any], address: str) -> Awaitable[Any]:
        """The value of a fan-out."""
        return joins.fan_out(self, scope, op, items, address)

    def scope(self, ctx: Any, name: str, live: bool, strict: bool, crew: Crew | None = None) -> Scope:
        """A scope of this run."""
        if not self.view:
            return Scope(ctx, name, name, live, strict, crew)
        scope = Scope(ctx, name, name, live, strict, crew, log=[], marks=[], at=name)
        self.views.append((scope, ctx))
        return scope

    # -- from beginning to end

    def begin(self, ctx: Any, is_taken: bool) -> Scope:
        """The root scope. Raises: NotJson, Aborted."""
        root = self.root = self.scope(ctx if is_taken else take(ctx)[0], "", self.recorded is None, self.view)
        if self.cause is not None:
            raise Aborted(self.cause)
        return root

    def finish(self) -> Any:
        """The final ctx. Raises: Aborted."""
        if self.cause is not None:
            raise Aborted(self.cause)
        root = self.root
        assert root is not None
        if self._inbox:
            root.live = True
            self.edge(root, "end", "in")
        return root.leave()

    def close(self) -> None:
        """Nothing of this run may be told or cancelled any more."""
        self._tell_abort()
        self.over = True
        self.tasks.clear()
        if self._cancelled_main and self.main is not None:
            self.main.uncancel()


def _is_quick(fan: Fan, quick: frozenset[int]) -> bool:
    return all(op.slot in quick for op in fan.body.ops() if op.kind == STEP)


async def evaluate(run: Evaluation, ctx: Any, *, is_taken: bool = False) -> Any:
    """The final ctx; shared with what the sink was told, so copy it before changing it.

    is_taken: ctx has been through `take` and nobody will change it, so that it need not be copied.
    Raises: FlowError, Aborted, NotJson, NotReproducible; Frontier if `view`.
    """
    run.loop, run.main = asyncio.get_running_loop(), asyncio.current_task()
    assert run.main is not None
    run.tasks[run.main] = None
    run.calm = run.main.cancelling()
    run.slice_end = perf_counter() + SLICE
    try:
        await walk(run, run.begin(ctx, is_taken), run.program)
        return run.finish()
    except (asyncio.CancelledError, FlowError) as error:
        if run.cause is None:
            raise
        raise Aborted(run.cause) from error  # asked to stop, it stopped: by which exception does not matter
    except Aborted as aborted:
        run.cause = run.cause or aborted.cause  # a body met the stop before we were told of it
        raise
    finally:
        run.close()


def evaluate_sync(run: Evaluation, ctx: Any) -> Any:
    """`evaluate` without an event loop. Raises: also WouldWait, if a body waits."""
    run.sync = True
    try:
        walker = walk(run, run.begin(ctx, False), run.program)
        try:
            walker.send(None)
        except StopIteration:
            return run.finish()
        address = run.at
        walker.close()
        raise WouldWait(f"{address}: this body waits, and a synchronous evaluation cannot wait for it")
    except FlowError as error:
        if run.cause is None:
            raise
        raise Aborted(run.cause) from error
    except Aborted as aborted:
        run.cause = run.cause or aborted.cause
        raise
    finally:
        run.close()
