"""Log: what became of each issue, and what its verifiers said."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from flowbench.runtime.errors import LogConflict, LogNotFound
from flowbench.storage import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS enhance_log (
    issue_id TEXT PRIMARY KEY,
    blueprint_id TEXT NOT NULL,
    ts_ms INTEGER NOT NULL,
    body_json BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS enhance_log_by_time ON enhance_log (ts_ms)
"""


class LoggedVerdict(msgspec.Struct, frozen=True):
    """detail: the evidence, or the reason against it."""

    axis: str
    status: Literal["pass", "deny"]
    detail: str


class LogEntry(msgspec.Struct, frozen=True):
    """new_hash: "" where nothing was written. ts_ms: unix milliseconds. run_id: the run that did it.

    Source: mlua-swarm 0.2.1; run_id is added.
    """

    issue_id: str
    blueprint_id: str
    prev_hash: str
    new_hash: str
    intent: str
    rationale: str
    verdicts: tuple[LoggedVerdict, ...]
    status: Literal["applied", "rejected"]
    reasons: tuple[str, ...]
    ts_ms: int
    run_id: str = ""


class EnhanceLogStore(Protocol):
    """One entry per issue, in ascending time. Source: mlua-swarm 0.2.1."""

    def append(self, entry: LogEntry) -> None:
        """Raises: LogConflict if its issue has an entry."""

    def get(self, issue_id: str) -> LogEntry:
        """Raises: LogNotFound."""

    def list_by_blueprint(self, blueprint_id: str) -> list[LogEntry]: ...

    def list_all(self) -> list[LogEntry]: ...


class EnhanceLog:
    """An EnhanceLogStore in a SQLite file, or in memory without one."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path, _SCHEMA)

    def append(self, entry: LogEntry) -> None:
        row = (entry.issue_id, entry.blueprint_id, entry.ts_ms, msgspec.json.encode(entry))
        try:
            with self._database.write() as rows:
                rows.execute("INSERT INTO enhance_log VALUES (?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise LogConflict(entry.issue_id) from None

    def get(self, issue_id: str) -> LogEntry:
        for entry in self._entries("WHERE issue_id = ?", issue_id):
            return entry
        raise LogNotFound(issue_id)

    def list_by_blueprint(self, blueprint_id: str) -> list[LogEntry]:
        return self._entries("WHERE blueprint_id = ?", blueprint_id)

    def list_all(self) -> list[LogEntry]:
        return self._entries("")

    def close(self) -> None:
        """Idempotent."""
        self._database.close()

    def _entries(self, where: str, *given: str) -> list[LogEntry]:
        query = f"SELECT body_json FROM enhance_log {where} ORDER BY ts_ms, rowid"  # noqa: S608 - a constant of this file
        return [msgspec.json.decode(body, type=LogEntry) for (body,) in self._database.read(query, *given)]
