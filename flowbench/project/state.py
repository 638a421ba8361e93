"""State: what is known of a project beside its files: claims, evidence, phases, locks, events; all worktrees share it.

`state.db` in the state dir: synchronous FULL, made by the first change; without it a project has no such facts.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from flowbench.project.layout import BESIDE, Layout
from flowbench.storage import Database, StorageError

FILE = "state.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS runtime(
  task_id TEXT PRIMARY KEY, status TEXT, root TEXT, updated_at TEXT,
  assignee TEXT, claimed_at TEXT, claim_note TEXT NOT NULL DEFAULT '', heartbeat_at TEXT, worker_pid INTEGER,
  completed_at TEXT, duration_seconds REAL, blocked_reason TEXT, skipped_reason TEXT,
  baseline_rev TEXT, final_rev TEXT, retry_count INTEGER NOT NULL DEFAULT 0, run_id TEXT, extra TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence(task_id TEXT PRIMARY KEY, data TEXT NOT NULL, recorded_at TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS phase_progress(
  task_id TEXT NOT NULL, phase TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending', completed_at TEXT,
  PRIMARY KEY(task_id, phase)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file_locks(
  file_path TEXT PRIMARY KEY, task_id TEXT NOT NULL, locked_at TEXT NOT NULL, expires_at REAL, pid INTEGER, born TEXT,
  host TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, epic_id TEXT NOT NULL, task_id TEXT,
  event_type TEXT NOT NULL, actor TEXT, payload TEXT, session_id TEXT, chain TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events(epic_id, task_id);
CREATE INDEX IF NOT EXISTS events_at ON events(timestamp);
CREATE INDEX IF NOT EXISTS events_type ON events(event_type, timestamp);
CREATE TABLE IF NOT EXISTS token_usage(
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, epic_id TEXT NOT NULL, task_id TEXT, phase TEXT,
  model TEXT, input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
  cache_read INTEGER NOT NULL DEFAULT 0, cache_write INTEGER NOT NULL DEFAULT 0, estimated_cost REAL);
CREATE INDEX IF NOT EXISTS token_usage_of ON token_usage(epic_id);
CREATE TABLE IF NOT EXISTS daily_rollup(
  day TEXT NOT NULL, epic_id TEXT NOT NULL, tasks_started INTEGER NOT NULL DEFAULT 0,
  tasks_completed INTEGER NOT NULL DEFAULT 0, tasks_failed INTEGER NOT NULL DEFAULT 0,
  total_duration_s REAL NOT NULL DEFAULT 0, input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(day, epic_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS monthly_rollup(
  month TEXT PRIMARY KEY, epics_completed INTEGER NOT NULL DEFAULT 0, tasks_completed INTEGER NOT NULL DEFAULT 0,
  avg_lead_time_h REAL, total_tokens INTEGER NOT NULL DEFAULT 0, total_cost_usd REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approvals(
  id TEXT PRIMARY KEY, epic_id TEXT, task_id TEXT, kind TEXT, question TEXT NOT NULL, payload TEXT,
  status TEXT NOT NULL DEFAULT 'pending', created_at TEXT NOT NULL, created_by TEXT, decided_at TEXT, decided_by TEXT,
  note TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intents(
  id INTEGER PRIMARY KEY AUTOINCREMENT, root TEXT NOT NULL, verb TEXT NOT NULL, steps TEXT NOT NULL, created_at TEXT)
"""
COLUMNS = (
    "assignee",
    "claimed_at",
    "claim_note",
    "heartbeat_at",
    "worker_pid",
    "completed_at",
    "duration_seconds",
    "blocked_reason",
    "skipped_reason",
    "baseline_rev",
    "final_rev",
    "retry_count",
    "run_id",
    "status",
    "root",
    "updated_at",
    "extra",
)


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one task beside its file. Times: ISO 8601. A claim is live while it has an assignee.

    status, root: what the last verb made of the task, and in which flow dir. extra: more of the Python original.
    """

    task_id: str
    assignee: str | None = None
    claimed_at: str | None = None
    claim_note: str = ""
    heartbeat_at: str | None = None
    worker_pid: int | None = None
    completed_at: str | None = None
    duration_seconds: float | None = None
    blocked_reason: str | None = None
    skipped_reason: str | None = None
    baseline_rev: str | None = None
    final_rev: str | None = None
    retry_count: int = 0
    run_id: str | None = None
    status: str | None = None
    root: str | None = None
    updated_at: str | None = None
    extra: dict[str, Any] = {}
    evidence: dict[str, Any] | None = None

    @property
    def is_claimed(self) -> bool:
        return self.assignee is not None


def place(layout: Layout) -> Path:
    """Where `state.db` is: in the state dir, or beside the files, if it was made before there was a repository."""
    here, early = layout.state / FILE, layout.flow / BESIDE / FILE
    return early if not here.exists() and early.is_file() else here


class State:
    """path: of `state.db`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database: Database | None = None

    @property
    def exists(self) -> bool:
        return self._database is not None or self.path.is_file()

    def read(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """All rows that a statement finds; [] if there is no state yet. Raises: StorageError."""
        if not self.exists:
            return []
        if self._database is None and not os.access(self.path, os.W_OK):
            return self._look(sql, given)
        return self._opened().read(sql, *given)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Raises: StorageError."""
        with self._opened().write() as connection:
            yield connection

    def close(self) -> None:
        """Idempotent."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def settle(self, path: Path) -> None:
        """Take it to another place, if that can be done at once. The write lock is held."""
        if self.path == path:
            return
        with self.write():  # undoes what a killed writer has left half done
            pass
        self.close()
        with suppress(OSError):
            os.replace(self.path, path)
            self.path = path

    def runtime(self, task_id: str) -> Runtime | None:
        """None: nothing is known of the task."""
        rows = self.read(f"SELECT {', '.join(COLUMNS)} FROM runtime WHERE task_id=?", task_id)  # noqa: S608
        evidence = self.read("SELECT data FROM evidence WHERE task_id=?", task_id)
        if not rows and not evidence:
            return None
        told = dict(zip(COLUMNS, rows[0], strict=True)) if rows else {}
        told["extra"] = msgspec.json.decode(told["extra"]) if told.get("extra") else {}
        return Runtime(task_id=task_id, **told, evidence=msgspec.json.decode(evidence[0][0]) if evidence else None)

    def claims(self) -> dict[str, tuple[str, str | None, str]]:
        """{task: (assignee, claimed_at, note)} of all live claims."""
        rows = self.read(
            "SELECT task_id, assignee, claimed_at, claim_note FROM runtime"
            " WHERE assignee IS NOT NULL AND status='in_progress'"
        )
        return {task: (assignee, at, note) for task, assignee, at, note in rows}

    def known(self) -> set[str]:
        """Tasks of which anything is known."""
        return {task for (task,) in self.read("SELECT task_id FROM runtime")}

    def phases(self, task_id: str) -> dict[str, str]:
        """{phase: when it was completed}."""
        sql = "SELECT phase, completed_at FROM phase_progress WHERE task_id=? AND status='done'"
        return dict(self.read(sql, task_id))

    def _look(self, sql: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """What somebody else's project says, which may be read and not written."""
        try:
            connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
            try:
                return connection.execute(sql, given).fetchall()
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StorageError(self.path, str(error)) from error

    def _opened(self) -> Database:
        if self._database is None:
            self._database = Database(self.path, SCHEMA)
        return self._database


Statement = tuple[str, tuple[Any, ...]]


def noted(task_id: str, **columns: Any) -> Statement:
    """Set some columns of a task's runtime row, made if need be."""
    names = list(columns)
    if unknown := set(names) - set(COLUMNS):
        raise ValueError(f"no column of runtime: {', '.join(sorted(unknown))}")
    marks = ", ".join("?" * (len(names) + 1))
    sets = ", ".join(f"{name}=excluded.{name}" for name in names)
    sql = f"INSERT INTO runtime(task_id, {', '.join(names)}) VALUES({marks}) ON CONFLICT(task_id) DO UPDATE SET {sets}"
    values = [_plain(columns[name]) for name in names]
    return sql, (task_id, *values)


def proven(task_id: str, evidence: dict[str, Any] | None, at: str) -> Statement:
    """Set or remove the evidence of a task."""
    if evidence is None:
        return "DELETE FROM evidence WHERE task_id=?", (task_id,)
    text = msgspec.json.encode(evidence).decode()
    return "INSERT OR REPLACE INTO evidence VALUES(?,?,?)", (task_id, text, at)


def phased(task_id: str, phase: str, at: str) -> Statement:
    """A phase is completed."""
    return "INSERT OR REPLACE INTO phase_progress VALUES(?,?,'done',?)", (task_id, phase, at)


TABLES = ("runtime", "evidence", "phase_progress", "file_locks")
"""Of what is known of a task; events stay."""


def cleared(task_id: str) -> list[Statement]:
    """Forget runtime, evidence and phases of a task, and its file locks."""
    return [(f"DELETE FROM {table} WHERE task_id=?", (task_id,)) for table in TABLES]  # noqa: S608


def renamed(old: str, new: str) -> list[Statement]:
    """What is known of one task is known of another; its events keep the name that they were told under."""
    return [(f"UPDATE OR REPLACE {table} SET task_id=? WHERE task_id=?", (new, old)) for table in TABLES]  # noqa: S608


def _plain(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
