"""Drive: carry one evaluation to its end on the engine thread, whatever happens, and say how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flowbench import flow
from flowbench.cancel import GRACE_SECONDS, Aborted, AbortReason, CancelToken, Cause, Handoff
from flowbench.runtime.recorder import Memory


@dataclass(frozen=True)
class Ending:
    """state: done | failed | cancelled, or interrupted when the end itself could not be recorded.

    ctx: the final one, or the last one before the failure. orphans: addresses of bodies that would not stop.
    """

    state: str
    ctx: Any
    error: BaseException | None = None
    cause: Cause | None = None
    orphans: tuple[str, ...] = ()
    addresses: tuple[str, ...] = field(default=())


class Site:
    """What bodies may ask about their run; implements engine.Site."""

    def __init__(self, token: CancelToken, threads: Handoff) -> None:
        self.token, self.threads = token, threads
        self.evaluation: flow.Evaluation | None = None

    def ctx(self) -> Any:
        assert self.evaluation is not None
        assert self.evaluation.here is not None
        return flow.hand(self.evaluation.here.ctx)[0]

    def step_token(self) -> CancelToken:
        return self.token.child()


async def drive(evaluation: flow.Evaluation, ctx: Any, recorder: Memory, token: CancelToken) -> Ending:
    """Evaluate, record the end, and return it. Never raises for anything the flow or its bodies do.

    After an abort the bodies have GRACE_SECONDS to end, are cancelled once more, and are then left and named.
    """
    ending = await _outcome(evaluation, ctx, recorder, token)
    error = None if ending.error is None else str(ending.error)
    try:
        recorder.end(ending.state, error, ending.addresses)
    except OSError as failure:  # disk full: the journal has no end, so the run counts as interrupted and can be resumed
        return Ending("interrupted", ending.ctx, failure, ending.cause, ending.orphans)
    return ending


async def _outcome(evaluation: flow.Evaluation, ctx: Any, recorder: Memory, token: CancelToken) -> Ending:
    if (cause := token.cause) is not None:
        recorder.abort(cause.reason, cause.by)
        return Ending("cancelled", ctx, cause=cause)
    task = asyncio.get_running_loop().create_task(flow.evaluate(evaluation, ctx), name="flowbench-run")
    unlink = _link(token, evaluation)
    try:
        stuck = await _bounded(task, token)
    finally:
        unlink()
    last = ctx if evaluation.root is None else evaluation.root.ctx
    if stuck:
        assert token.cause is not None
        return Ending("cancelled", last, cause=token.cause, orphans=tuple(recorder.running))
    try:
        return Ending("done", task.result())
    except Aborted as aborted:
        # A body may have met the abort first, through a child of the token, whose cause only says "parent".
        return Ending("cancelled", last, cause=token.cause or aborted.cause, orphans=tuple(recorder.running))
    except asyncio.CancelledError:
        return Ending("cancelled", last, cause=Cause(AbortReason.UNKNOWN, "engine"))
    except OSError as failure:
        return Ending("interrupted", last, failure)
    except flow.FlowError as failure:
        return Ending("failed", last, failure, addresses=failure.causes)
    except Exception as failure:  # NotReproducible, a damaged blob, our own bugs: the run must still end and say so
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


async def _bounded(task: asyncio.Task[Any], token: CancelToken) -> bool:
    """Wait for the evaluation; after an abort no longer than the grace, twice. True if it would not end."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    forget = token.on_abort(lambda _: loop.call_soon_threadsafe(asked.set))
    waiter = loop.create_task(asked.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(2):
            if task.done():
                return False
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
            if not task.done():
                task.cancel()  # asyncio is edge-triggered: a body that swallowed the first one gets another
        await asyncio.wait({task}, timeout=0.1)
        return not task.done()
    finally:
        forget()
        waiter.cancel()
