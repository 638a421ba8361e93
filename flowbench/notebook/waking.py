"""Waking: a signal wakes the loop of a kernel, so that the Stop button also ends a cell that awaits something.

ipykernel cancels such a cell by a callback that its handler gives to the loop; a loop that sleeps until something comes
would look at it only then.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from contextlib import suppress

NOBODY = -1
_pair: list[socket.socket] = []  # the loop's end, and the one that the system writes to


def wake_by_signals() -> None:
    """From now on, if this is the main thread, its loop runs, and nobody else has seen to it. Again is harmless."""
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # a terminal: nothing is awaited there
        return
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        if before != NOBODY:
            signal.set_wakeup_fd(before)
            raise NotImplementedError
        loop.add_reader(ours, _drain, ours)
    except NotImplementedError:  # seen to already, or a loop that reads no sockets (Windows)
        _close(ours, theirs)
        return
    _pair[:] = [ours, theirs]


def sleep_on() -> None:
    """As before; from the main thread."""
    if not _pair:
        return
    ours, theirs = _pair
    _pair.clear()
    if (now := signal.set_wakeup_fd(NOBODY)) not in (theirs.fileno(), NOBODY):
        signal.set_wakeup_fd(now)
    with suppress(RuntimeError):
        asyncio.get_running_loop().remove_reader(ours)
    _close(ours, theirs)


def _drain(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        end.recv(4096)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        end.close()
