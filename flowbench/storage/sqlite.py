"""SQLite: one way to open a database: writers wait for each other, and a commit survives kill -9 and a power cut."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowbench.storage.errors import StorageError
from flowbench.storage.places import private_dir

BUSY_SECONDS = 10.0
PAUSE = 0.002  # seconds between two tries to become the writer
WAL_IS_SAFE = (3, 51, 3)  # before it, two processes that write and checkpoint at once could lose commits
JOURNAL = "wal" if sqlite3.sqlite_version_info >= WAL_IS_SAFE else "delete"


class Database:
    """Rows of a file, or of memory when there is none. Safe from threads, processes and after a fork.

    path: made if need be, mode 0600, its folder too. schema: statements that may be run again and again.
    Raises: StorageError, here and in every call.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self.path, self._schema = path, schema
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._connection = self._opened()

    def read(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """All rows that a statement finds."""
        with self._ours() as connection:
            return connection.execute(sql, given).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, begun as a writer, so that it never fails half-way for another one; an error undoes it."""
        with self._ours() as connection:
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # on a full disk SQLite has undone it, or has not and could not commit
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Idempotent; a garbage-collected database closes itself."""
        with self._lock:
            self._close()

    @contextmanager
    def _ours(self) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid() and self.path is not None:
            # A connection of the parent is neither used nor closed here: both could undo the parent's locks.
            _abandoned.append((self._connection, self._close.detach()))
            self._lock, self._pid = threading.RLock(), os.getpid()
            self._connection = self._opened()
        with self._lock, self._told():
            yield self._connection

    def _opened(self) -> sqlite3.Connection:
        with self._told():
            if self.path is not None:
                _make(self.path)
            connection = sqlite3.connect(
                ":memory:" if self.path is None else self.path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._close = weakref.finalize(self, connection.close)
            if self.path is not None:
                _patiently(connection, f"PRAGMA journal_mode={JOURNAL}")
                connection.execute("PRAGMA synchronous=FULL")
            _begin(connection)
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            connection.execute("COMMIT")
        return connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # the stores know what is there twice
        except sqlite3.Error as error:
            raise StorageError(self.path or Path(":memory:"), _why(error)) from error
        except OSError as error:
            raise StorageError.of(self.path or Path(":memory:"), error) from error


_abandoned: list[Any] = []


def _make(path: Path) -> None:
    if not path.parent.is_dir():
        private_dir(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _begin(connection: sqlite3.Connection) -> None:
    """Become the writer. SQLite's own waiting looks ten times a second at last, and a busy writer leaves no gap so
    long: whoever waits like that may starve.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        _patiently(connection, "BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")


def _patiently(connection: sqlite3.Connection, sql: str) -> None:
    """Try until nobody else is in the way; a change of the journal mode does not wait for others by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(sql)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(PAUSE)
        else:
            return


def _why(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return f"another program has been writing to it for {BUSY_SECONDS:g} s; try again, or end that program"
    if "not a database" in text or "malformed" in text:
        return f"{text}; move it away to begin a new one"
    return text
