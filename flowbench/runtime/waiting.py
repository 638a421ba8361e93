"""Waiting: the main thread waits for a run in slices, so that Ctrl-C and a notebook's Stop button reach the token."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

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
    with _interrupt_aborts(token) if is_main else _nothing():
        while not sleep(SLICE if until is None else min(SLICE, max(until - time.monotonic(), 0.0))):
            if until is not None and time.monotonic() >= until:
                return False
            if is_main:
                for pump in pumps:
                    pump()
    return True


@contextmanager
def _interrupt_aborts(token: CancelToken) -> Iterator[None]:
    def on_interrupt(_: int, __: FrameType | None) -> None:
        if not token.abort(AbortReason.SIGNAL, by="interrupt"):
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or before is None:  # ignored on purpose (a shell's `&`), or not Python's to set
        yield
        return
    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
