"""Hearing: the signals that ask this process to stop go to a handler for a while."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Meanwhile `handler` gets SIGINT and SIGTERM; only the main thread can, elsewhere this does nothing.

    A signal that is ignored stays so: a shell's `&` starts its jobs without SIGINT, as their own Ctrl-C is not meant
    for them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old if old is not None else signal.SIG_DFL)
