"""Awaiting: a tool that blocks, as a coroutine function of the same signature; its caller's loop goes on meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from flowbench.cancel import blocking, bound

P = ParamSpec("P")
R = TypeVar("R")


def awaited(tag: str, tool: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """`tool` on a worker thread. Abort raises Aborted in whoever awaits, and so does a token that is aborted already.

    tool: takes `token` and `timeout_ms`; its deadline counts from the call, time spent waiting for a thread included.
    Raises: what the tool raises.
    """

    @functools.wraps(tool)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given: dict[str, Any] = dict(kwargs)
        milliseconds = given.pop("timeout_ms", None)
        token = bound(given.pop("token", None), None if milliseconds is None else milliseconds / 1000)
        work: Callable[..., R] = tool
        return await blocking(tag, token, lambda own: work(*args, **given, token=own))

    return call
