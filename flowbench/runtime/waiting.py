"""Waiting: the main thread waits for a run in slices, so that Ctrl-C and a notebook's Stop button reach the token."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from flowbench.cancel import AbortReason, CancelToken

SLICE = 0.02  # seconds between two looks at the pumps

pumps: list[Callable[[], None]] = []
"""Called once a slice, in the waiting main thread. A front end that reads its messages there adds a function."""


def wait_for(sleep: Callable[[float], bool], token: CancelToken, timeout: float | None) -> bool:
    """True as soon as `sleep` says so; False after `timeout` seconds (None: no limit).

    sleep: waits at most that many seconds, True when what is waited for is there.
    In the main thread a SIGINT aborts the token with reason Signal and the wait goes on; one that finds the token
    aborted already raises KeyboardInterrupt.
    """
    until = None if timeout is None else time.monotonic() + timeout
    is_main = threading.current_thread() is threading.main_thread()
    with interrupt_aborts(token):
        while not sleep(SLICE if until is None else min(SLICE, max(until - time.monotonic(), 0.0))):
            if until is not None and time.monotonic() >= until:
                return False
            if is_main:
                for pump in pumps:
                    pump()
    return True


@contextmanager
def interrupt_aborts(token: CancelToken, *, is_await: bool = False) -> Iterator[None]:
    """In the main thread, and only there: meanwhile a SIGINT aborts `token`.

    is_await: other waits may go on at the same time; a SIGINT then aborts all of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wait = _Wait(token, is_await)
    try:
        _enter(wait)
        yield
    finally:
        _leave(wait)


@dataclass(eq=False)
class _Wait:
    token: CancelToken
    is_await: bool


_waits: list[_Wait] = []  # of the main thread, in the order they began
_before: list[Any] = []  # the handler that was there, while ours is


def _enter(wait: _Wait) -> None:
    _waits.append(wait)  # first: the handler must never find nobody to tell
    if len(_waits) == 1:
        before = signal.getsignal(signal.SIGINT)
        if before is not signal.SIG_IGN and before is not None:  # ignored on purpose (a shell's `&`), or not Python's
            _before.append(before)
            signal.signal(signal.SIGINT, _on_interrupt)


def _leave(wait: _Wait) -> None:
    if _waits == [wait] and _before:
        signal.signal(signal.SIGINT, _before.pop())
    _waits.remove(wait)


def _on_interrupt(_: int, __: FrameType | None) -> None:
    blocking = [wait for wait in _waits if not wait.is_await]
    heard = blocking[-1:] or list(_waits)  # a call that blocks is what the person sees; awaits go on side by side
    firsts = [wait.token.abort(AbortReason.SIGNAL, by="interrupt") for wait in heard]
    if True not in firsts:  # asked before, and still waiting: the person wants out
        raise KeyboardInterrupt
