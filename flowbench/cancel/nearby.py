"""Nearby: a thread that sleeps is woken on the processor of whoever wakes it, and may go anywhere once it is awake.

For a caller that sleeps itself until it has its answer. By its own choice the system wakes a thread on an idle
processor, which has to be woken then, too, and so has the caller's when the answer comes: in a virtual machine with
nothing else to do there and back takes 80 us instead of 8. Where other work keeps the processors awake it costs little
and is better left to the system. Elsewhere than on Linux nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress

NEAR_SECONDS = 0.00005  # there and back is quicker on one processor, and between two that are awake
FAR_ANSWERS = 3  # slow ones in a row that no other work of the machine explains
NEAR_CALLS = 500  # then, before the system is tried again


class Distance:
    """Whether threads are to be called near: after FAR_ANSWERS slow answers, for the next NEAR_CALLS calls."""

    __slots__ = ("_late", "_left")

    def __init__(self) -> None:
        self._late = self._left = 0

    @property
    def is_far(self) -> bool:
        return self._left > 0

    def hear(self, seconds: float) -> None:
        """seconds: from a call to its answer."""
        if self._left:
            self._left -= 1
        elif seconds < NEAR_SECONDS:
            self._late = 0
        else:
            self._late += 1
            if self._late >= FAR_ANSWERS:
                self._late, self._left = FAR_ANSWERS - 1, NEAR_CALLS  # one slow answer more is enough to go on


def _finder() -> Callable[[], int] | None:
    """What tells the processor that it is called on; None where that is not to be had."""
    try:
        here = ctypes.PyDLL(None).sched_getcpu
    except (OSError, AttributeError, TypeError):  # TypeError: Windows needs a name
        return None
    here.argtypes, here.restype = (), ctypes.c_int
    return here if hasattr(os, "sched_setaffinity") else None


_processor = _finder()


class Sleeper:
    """A thread between two jobs. Made in that thread."""

    __slots__ = ("_allowed", "_thread")

    def __init__(self) -> None:
        self._thread = threading.get_native_id()
        self._allowed: set[int] | None = None  # processors, to be given back

    def call_here(self) -> None:
        """Before it is woken, by who wakes it: it will wake on this processor."""
        if _processor is None:
            return
        try:
            allowed = os.sched_getaffinity(self._thread)
            here = _processor()
            if here in allowed and len(allowed) > 1:
                os.sched_setaffinity(self._thread, (here,))
                self._allowed = allowed
        except OSError:  # forbidden in some sandboxes: it wakes wherever the system likes
            return

    def let_go(self) -> None:
        """First when it is awake, in its own thread: neither its job nor what that starts is bound to anything."""
        allowed, self._allowed = self._allowed, None
        if allowed is not None:
            with suppress(OSError):  # none of them is left to this process: then the system has moved it already
                os.sched_setaffinity(0, allowed)
