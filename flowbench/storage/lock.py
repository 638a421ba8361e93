"""Lock: one writer at a time, among threads and processes; the death of its holder frees it."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowbench.storage.errors import StorageError

PAUSE = 0.005  # seconds between two tries


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[bool]:
    """True inside if the lock is ours, False if somebody else has held it for `seconds`: then write nothing.

    path: a file that only serves as the lock; made if need be, never removed. Raises: StorageError.
    """
    fd = _opened(path)
    try:
        ours = _taken(fd, time.monotonic() + seconds)
        try:
            yield ours
        finally:
            if ours:
                fcntl.flock(fd, fcntl.LOCK_UN)  # closing alone does not unlock what a forked child still holds
    finally:
        os.close(fd)


@contextmanager
def queued(path: Path, seconds: float) -> Iterator[bool]:
    """Like `locked`, for many writers at once: the system wakes who waits in turn, so that nobody starves.

    A thread waits, because the system knows no end of it; one that was given up lets go when it gets the lock.
    Raises: StorageError.
    """
    fd = _opened(path)
    turn = _Turn(fd)
    try:
        ours = turn.wait(seconds)
    except BaseException:
        turn.end()
        raise
    try:
        yield ours
    finally:
        turn.end()


class _Turn:
    """One wait for a lock, and the lock. fd: closed at its end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._mutex = threading.Lock()
        self._come = threading.Event()
        self._waits = self._is_over = False

    def wait(self, seconds: float) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            thread = threading.Thread(target=self._queue, name="waits for a lock", daemon=True)
            self._waits = True
            try:
                thread.start()
            except RuntimeError:  # no more threads: look now and then
                self._waits = False
                if not _taken(self._fd, time.monotonic() + seconds):
                    return False
            else:
                return self._come.wait(seconds)
        self._come.set()
        return True

    def end(self) -> None:
        with self._mutex:
            self._is_over = True
            if self._come.is_set() or not self._waits:
                self._close()

    def _queue(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        with self._mutex:
            if self._is_over:
                self._close()
            else:
                self._come.set()

    def _close(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)  # closing alone does not unlock what a forked child still holds
        os.close(self._fd)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError.of(path, error) from error


def _taken(fd: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE)
        else:
            return True
