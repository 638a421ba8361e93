"""Waiting: how the evaluator awaits a body, and gives other tasks and threads their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from time import perf_counter, sleep
from types import coroutine
from typing import TYPE_CHECKING, Any

from flowbench.cancel import Aborted

if TYPE_CHECKING:
    from flowbench.flow.evaluate import Evaluation
    from flowbench.flow.scope import Crew, Scope
    from flowbench.flow.turnstile import Turnstile

SLICE = 0.005  # seconds of uninterrupted work before other tasks of the loop get a turn
PAUSE = 0.00005  # seconds; see `turn`


async def turn(run: Evaluation) -> None:
    """Let other tasks of the loop run, and other threads too.

    A turn of the loop gives the interpreter lock away for a microsecond only, inside select(): a thread that waits
    for it wakes too late and begins its 5 ms switch interval anew, so that it starves (measured: for seconds) if
    turns come more often than that. A real pause lets it in.
    """
    sleep(PAUSE)  # noqa: ASYNC251 - blocking is the point
    await asyncio.sleep(0)
    run.slice_end = perf_counter() + SLICE


async def queue(run: Evaluation, scope: Scope, place: Turnstile) -> None:
    """Wait for a place. Raises: Aborted, or CancelledError if the branch has lost meanwhile; no place is taken then."""
    if scope.crew is not None and run.sole is None:  # others may need another turnstile, or none
        scope.crew.body_waits()
    await place.enter()
    if run.cause is not None:
        place.leave()
        raise Aborted(run.cause)
    if _is_late(run, scope.crew):  # it was the winner that gave us its place
        place.leave()
        raise asyncio.CancelledError


def coroutine_of(result: Any) -> Coroutine[Any, Any, Any] | None:
    """The coroutine to await for a future or another awaitable; None for anything else."""
    return _awaited(result) if hasattr(type(result), "__await__") else None


async def _awaited(result: Any) -> Any:
    return await result


@coroutine
def rest(
    body: Coroutine[Any, Any, Any], waits_for: Any, run: Evaluation, scope: Scope, ref: str, address: str
) -> Generator[Any, Any, Any]:
    """Await `body`, which has begun and now waits for `waits_for`; tell that it waits.

    Tells who asked for a cancellation: while the body runs only the body can, while it waits only others. What the
    body asked for itself is taken back, so that a CancelledError with nothing left asked for is the body's failure.
    """
    try:
        run.sink.start(address, ref, run)
    except BaseException as error:
        run.untold = error  # nobody may take it for the body's failure: what cannot be recorded ends the run
        body.close()
        raise
    crew = scope.crew
    if crew is not None:
        crew.body_waits()
    task = None if run.sync else asyncio.current_task(run.loop)
    asked = outside = 0
    cut: Exception | None = None
    while True:
        if task is not None:
            asked = task.cancelling()
            outside = min(outside, asked - run.calm)
        failure: BaseException | None = None
        sent = None
        try:
            sent = yield waits_for
        except BaseException as error:  # cancellation goes into the body
            failure = error
            run.is_taken_away = run.is_taken_away or isinstance(error, GeneratorExit)
            if task is not None and task in run.cuts and isinstance(error, asyncio.CancelledError):
                task.uncancel()  # it is meant for the body alone
                cut = run.cuts.pop(task)
        if task is not None:
            outside += task.cancelling() - asked
        try:
            waits_for = body.send(sent) if failure is None else body.throw(failure)
        except StopIteration as end:
            if _is_late(run, crew):
                raise asyncio.CancelledError from None
            if cut is not None and not run.is_stopping():  # it has swallowed its cancellation: it was cancelled
                raise cut from None
            _breathe(run)
            return end.value
        except asyncio.CancelledError:
            if task is not None and outside <= 0:
                while task.cancelling() > run.calm:
                    task.uncancel()
            if cut is not None and outside <= 0 and not run.is_stopping() and not _is_late(run, crew):
                raise cut from None
            raise
        except Exception as error:  # the body's own failure, whatever it is
            if _is_late(run, crew):
                raise asyncio.CancelledError from error
            raise
        finally:
            failure = None  # it would be a cycle with its traceback, for each of thousands of losers


def _is_late(run: Evaluation, crew: Crew | None) -> bool:
    """The branch has lost, or the run is over: the body was told to stop, and what it came to does not count."""
    return run.over or (crew is not None and crew.is_over())


def _breathe(run: Evaluation) -> None:
    """After a wait other tasks have had their turn; threads have not, if the wait was a mere turn of the loop."""
    if perf_counter() > run.slice_end:
        sleep(PAUSE)
        run.slice_end = perf_counter() + SLICE


def is_the_bodys(error: BaseException, run: Evaluation, scope: Scope) -> bool:
    """True for what the body did to itself: SystemExit, its own abort, a CancelledError that nobody else asked for.

    Not for a stop of the run or a lost branch, nor for a GeneratorExit by which the interpreter takes a coroutine away.
    """
    if run.is_stopping() or _is_late(run, scope.crew) or (run.is_taken_away and isinstance(error, GeneratorExit)):
        return False
    if not isinstance(error, asyncio.CancelledError):
        return True
    task = None if run.sync else asyncio.current_task(run.loop)
    return task is None or task.cancelling() <= run.calm
