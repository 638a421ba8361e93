"""Work in a process of its own: `cancel.blocking` for functions that never look at their token."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

from flowbench import cancel
from flowbench.cancel import CancelToken, Work
from flowbench.process.errors import Unsendable
from flowbench.process.isolated import run_isolated

R = TypeVar("R")


def blocking(
    tag: str,
    token: CancelToken | None,
    fn: Callable[[CancelToken], R],
    *,
    isolation: Literal["thread", "process"] = "process",
) -> Work[R]:
    """Run `fn(token)` once and return at once; abort raises Aborted in whoever waits, and kills the process.

    isolation: "process": in a new interpreter, where it gets a token with the deadline of this one; after an abort, or
    at the deadline, it has its grace and is then killed with all it has started. It may come from a cell; its answer
    is JSON; it prints as it would here. "thread": as `cancel.blocking`.
    Raises, in whoever waits: as `run_isolated`.
    """
    return cancel.blocking(tag, token, fn if isolation == "thread" else partial(_isolated, fn))


def _isolated(fn: Callable[[CancelToken], R], token: CancelToken) -> Any:
    return asyncio.run(run_isolated(fn, token_name=_first_parameter(fn), token=token, voice=_print))


def _first_parameter(fn: Callable[..., Any]) -> str:
    """The parameter that gets the token, by which it is passed over there."""
    try:
        first = next(iter(inspect.signature(fn).parameters.values()), None)
    except (ValueError, TypeError):
        first = None
    if first is None or first.kind not in (first.POSITIONAL_OR_KEYWORD, first.KEYWORD_ONLY):
        raise Unsendable(f"{fn!r} has to take its token as a parameter with a name; wrap it in a def")
    return first.name


def _print(stream: str, text: str) -> None:
    if (target := getattr(sys, stream)) is not None:
        target.write(text)
