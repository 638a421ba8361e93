"""Nesting: run_sync waits for a coroutine where a loop may already run. The one place with nest-asyncio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from flowbench.runtime.errors import RunError

T = TypeVar("T")


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. Without a running loop this is asyncio.run; under one it nests, in plain Python only.

    Raises: RunError inside a Jupyter kernel, whose loop must not be nested; write `await` there.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    if "ipykernel" in sys.modules:
        work.close()
        raise RunError("a kernel's loop cannot be nested; write `await ...` in the cell instead of run_sync(...)")
    import nest_asyncio

    nest_asyncio.apply(loop)
    return loop.run_until_complete(work)
