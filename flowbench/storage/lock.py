"""Lock: one writer at a time, among threads and processes; the death of its holder frees it."""

from __future__ import annotations

import fcntl
import os
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
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError.of(path, error) from error
    try:
        ours = _taken(fd, time.monotonic() + seconds)
        try:
            yield ours
        finally:
            if ours:
                fcntl.flock(fd, fcntl.LOCK_UN)  # closing alone does not unlock what a forked child still holds
    finally:
        os.close(fd)


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
