"""Ambient: what stops the step or run of this context, for whoever was not handed a token."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from flowbench.cancel.token import CancelToken

stopper: ContextVar[Callable[[], CancelToken] | None] = ContextVar("flowbench_stopper", default=None)
"""Answers with what stops the step, or else the run, of this context: a run that is launched here ends with it."""


def bound(under: CancelToken | None = None, timeout: float | None = None) -> CancelToken:
    """A new token below `under`, or else below what stops the step that calls; passive outside of any.

    timeout: seconds from now, 0 is over at once; the earlier end holds.
    """
    ask = stopper.get()
    parent = under if under is not None else ask() if ask is not None else None
    return CancelToken(timeout) if parent is None else parent.child(timeout)
