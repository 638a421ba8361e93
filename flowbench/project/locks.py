"""Locks: which task edits which file, until when; a lock ends with its time, or with the process that holds it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.project import ids
from flowbench.project.errors import ProjectError
from flowbench.project.events import Event, append

if TYPE_CHECKING:
    from flowbench.project.state import State

TTL_SECONDS = 45 * 60.0  # as long as flowctl lets a worker go without a word
_COLUMNS = "file_path, task_id, locked_at, expires_at, pid, born, host"


class FileLock(msgspec.Struct, frozen=True):
    """file: as it was named. expires_at: unix seconds; None: never. pid: of the process that holds it, if one does."""

    file: str
    task: str
    locked_at: str
    expires_at: float | None = None
    pid: int | None = None
    born: str | None = None
    host: str | None = None

    def is_live(self, now: float) -> bool:
        """now: unix seconds. A process of another machine is taken to live."""
        if self.expires_at is not None and self.expires_at <= now:
            return False
        if self.pid is None or self.host != socket.gethostname():
            return True
        return _born(self.pid) == self.born


class Locks:
    """File locks of a project. Taking and giving back is one transaction each, among all processes, and is logged.

    tell: makes the event of a type, a task and a payload. clock: unix seconds.
    """

    def __init__(
        self,
        state: State,
        tell: Callable[[str, str | None, dict[str, Any]], Event],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state, self._tell, self._clock = state, tell, clock

    def lock(
        self,
        task: str,
        files: Sequence[str],
        *,
        ttl: float | None = TTL_SECONDS,
        pid: int | None = None,
        dry_run: bool = False,
    ) -> tuple[list[str], list[FileLock]]:
        """(files that are the task's now, locks of other tasks in the way). Locking again begins the time anew.

        ttl: seconds; None: for ever. pid: of a process with whose end the locks end. Raises: ProjectError, InvalidId.
        """
        ids.task_id(task)
        wanted = list(dict.fromkeys(_named(each) for each in files if each.strip()))
        if not wanted:
            raise ProjectError("No files specified. Use --files file1,file2")
        now = self._clock()
        if dry_run:
            held = {lock.file: lock for lock in self.held()}
            free = [file for file in wanted if file not in held or held[file].task == task]
            return free, [held[file] for file in wanted if file not in free]
        mine: list[str] = []
        others: list[FileLock] = []
        told = self._tell("files_locked", task, {"files": mine})
        with self._state.write() as connection:
            for file in wanted:
                row = connection.execute(f"SELECT {_COLUMNS} FROM file_locks WHERE file_path=?", (file,)).fetchone()  # noqa: S608
                held_by = FileLock(*row) if row else None
                if held_by is not None and held_by.task != task and held_by.is_live(now):
                    others.append(held_by)
                    continue
                lasts = None if ttl is None else now + ttl
                host = socket.gethostname() if pid is not None else None
                born = _born(pid) if pid is not None else None
                connection.execute(
                    "INSERT OR REPLACE INTO file_locks VALUES(?,?,?,?,?,?,?)",
                    (file, task, told.timestamp, lasts, pid, born, host),
                )
                mine.append(file)
            if mine:
                append(connection, told)
            for each in others:
                append(connection, self._tell("lock_conflict", task, {"file": each.file, "held_by": each.task}))
        return mine, others

    def unlock(self, task: str, files: Sequence[str] | None = None, *, dry_run: bool = False) -> list[str]:
        """The files that the task has given back: those named, or all of its."""
        wanted = None if files is None else {_named(each) for each in files}
        mine = [lock.file for lock in self._all() if lock.task == task and (wanted is None or lock.file in wanted)]
        if mine and not dry_run:
            with self._state.write() as connection:
                for file in mine:
                    connection.execute("DELETE FROM file_locks WHERE file_path=? AND task_id=?", (file, task))
                append(connection, self._tell("files_unlocked", task, {"files": sorted(mine)}))
        return sorted(mine)

    def clear(self, *, dry_run: bool = False) -> int:
        """Give back all locks; how many."""
        count = len(self._all())
        if count and not dry_run:
            with self._state.write() as connection:
                connection.execute("DELETE FROM file_locks")
                append(connection, self._tell("locks_cleared", None, {"count": count}))
        return count

    def extend(self, task: str, *, ttl: float = TTL_SECONDS) -> int:
        """A sign of life: the time of all locks of a task begins anew; how many are live."""
        now = self._clock()
        live = [lock for lock in self.held() if lock.task == task]
        if live:
            with self._state.write() as connection:
                for lock in live:
                    connection.execute(
                        "UPDATE file_locks SET expires_at=? WHERE file_path=? AND task_id=? AND expires_at IS NOT NULL",
                        (now + ttl, lock.file, task),
                    )
        return len(live)

    def held(self, file: str | None = None) -> list[FileLock]:
        """Live locks, of one file or of all, by name."""
        now = self._clock()
        name = None if file is None else _named(file)
        return [lock for lock in self._all() if lock.is_live(now) and (name is None or lock.file == name)]

    def _all(self) -> list[FileLock]:
        return [FileLock(*row) for row in self._state.read(f"SELECT {_COLUMNS} FROM file_locks ORDER BY file_path")]  # noqa: S608


def _named(file: str) -> str:
    """`./a.py` and `a.py` are one file."""
    return os.path.normpath(file.strip())


def _born(pid: int) -> str | None:
    """By what a process is told from a later one with its number; None: there is no such process."""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None
