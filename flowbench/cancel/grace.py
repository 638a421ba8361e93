"""Grace: ask a thing to stop, wait a bounded time, then force it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

GRACE_SECONDS = 2.0  # pi-natives shell: time between the TERM wave and the forced end
LAST_SECONDS = 0.25  # after the grace, once asked again: what ends only then was given up for lost, and still counts


class Ending(Enum):
    """How a thing stopped."""

    ASKED = "asked"
    FORCED = "forced"
    ORPHANED = "orphaned"


async def stop(
    ask: Callable[[], None],
    force: Callable[[], None],
    gone: Callable[[], Awaitable[object]],
    *,
    seconds: float = GRACE_SECONDS,
) -> Ending:
    """Stop something; say how it ended: asked, forced or orphaned.

    seconds: monotonic, >= 0, waited at most twice. Never waits without a bound.
    Raises: whatever `ask`, `force` or `gone` raise.
    Source: pi-natives task docs, grace timeout.
    """
    for act, ending in ((ask, Ending.ASKED), (force, Ending.FORCED)):
        act()
        try:
            async with asyncio.timeout(seconds):
                await gone()
        except TimeoutError:
            continue
        return ending
    return Ending.ORPHANED
