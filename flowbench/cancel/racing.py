"""Racing: a coroutine under a tag and a token, which ends when either does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, TypeVar

from flowbench.cancel.grace import GRACE_SECONDS
from flowbench.cancel.profile import profile_region
from flowbench.cancel.reason import Aborted
from flowbench.cancel.token import CancelToken

R = TypeVar("R")

_left: set[asyncio.Future[Any]] = set()  # work that would not stop: a loop keeps no strong reference to its tasks


async def future(tag: str, token: CancelToken | None, work: Awaitable[R], *, grace: float = GRACE_SECONDS) -> R:
    """Await `work` until the token is aborted or its deadline passes; abort raises Aborted.

    On an abort the work is cancelled and awaited for at most `grace` seconds; one that swallows its cancellation is
    left. An abort before it begins runs nothing; an abort, but not the deadline, beats a result of the same moment.
    If the task that awaits is cancelled by somebody else, so is the work, and CancelledError passes on; one
    of the work itself does too. On any loop; begins when it is awaited. One sample of `tag` in the work profile for its
    whole life, waits included.
    Raises: what the work raises, Aborted, CancelledError.
    Source: pi-natives task.rs, `future`.
    """
    token = token or CancelToken()
    if (cause := token.cause) is not None:
        if inspect.iscoroutine(work):
            work.close()
        raise Aborted(cause)
    with profile_region(tag):
        return await _race(token, asyncio.ensure_future(work), grace)


async def _race(token: CancelToken, work: asyncio.Future[R], grace: float) -> R:
    watch = asyncio.ensure_future(token.wait())
    try:
        both: set[asyncio.Future[Any]] = {work, watch}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        cause = token.cause if token.abort_reason() is not None or not work.done() else None
        if cause is None:
            return work.result()
        raise Aborted(cause) from await _stop(work, grace)
    except asyncio.CancelledError:
        if not work.done():  # it is our task that was cancelled, not the work
            await _stop(work, grace)
        raise
    finally:
        watch.cancel()


async def _stop(work: asyncio.Future[Any], grace: float) -> BaseException | None:
    """Cancel it and wait for at most `grace` seconds; what it raised meanwhile, unless that is its cancellation."""
    if not work.done():
        work.cancel()
        _left.add(work)
        work.add_done_callback(_forget)
        await asyncio.wait({work}, timeout=grace)
    return work.exception() if work.done() and not work.cancelled() else None


def _forget(work: asyncio.Future[Any]) -> None:
    _left.discard(work)
    if not work.cancelled():
        work.exception()  # looked at, so that asyncio does not complain that nobody did
