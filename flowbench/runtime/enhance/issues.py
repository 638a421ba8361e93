"""Issues: what people want changed in a Blueprint, in the order in which they asked."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import msgspec

from flowbench.runtime.errors import DuplicateIssue, IssueNotFound
from flowbench.storage import Database, locked, private_dir

_SCHEMA = """
CREATE TABLE IF NOT EXISTS issues (
    issue_id TEXT PRIMARY KEY,
    blueprint_id TEXT NOT NULL,
    intent TEXT NOT NULL,
    status_kind TEXT NOT NULL CHECK (status_kind IN ('pending', 'inflight', 'applied', 'rejected')),
    status_detail TEXT NOT NULL,
    created_seq INTEGER NOT NULL,
    pending_seq INTEGER NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    run_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS issues_by_status ON issues (status_kind, pending_seq)
"""


class Issue(msgspec.Struct, frozen=True):
    """intent: what should become different, in words."""

    issue_id: str
    blueprint_id: str
    intent: str


class Pending(msgspec.Struct, frozen=True):
    """Nobody works on it yet."""


class InFlight(msgspec.Struct, frozen=True):
    """Somebody works on it."""


class Applied(msgspec.Struct, frozen=True):
    new_version: str


class Rejected(msgspec.Struct, frozen=True):
    reason: str


IssueStatus = Pending | InFlight | Applied | Rejected
_KINDS: dict[str, type[Any]] = {"pending": Pending, "inflight": InFlight, "applied": Applied, "rejected": Rejected}
_WORDS = {cls: word for word, cls in _KINDS.items()}


class IssueRecord(msgspec.Struct, frozen=True):
    """run_id: the run that works on it, or has; "" before."""

    issue: Issue
    status: IssueStatus
    run_id: str = ""


class IssueStore(Protocol):
    """Source: mlua-swarm 0.2.1 `IssueStore`; what a dead process had in hand comes back, and runs are remembered."""

    def create(self, issue: Issue) -> None:
        """Raises: DuplicateIssue."""

    def get(self, issue_id: str) -> IssueRecord:
        """Raises: IssueNotFound."""

    def status(self, issue_id: str) -> IssueStatus:
        """Raises: IssueNotFound."""

    def list(self) -> list[IssueRecord]:
        """In the order of their creation."""

    def pop_pending(self) -> Issue | None:
        """The one that waits longest, now in flight; of several callers, in whatever process, one gets it.

        What a process had in flight when it died waits again, at its old place.
        """

    def update_status(self, issue_id: str, status: IssueStatus) -> None:
        """Pending puts it at the end of the queue. Raises: IssueNotFound."""

    def give_back(self, issue_id: str) -> None:
        """It waits again at its old place. Raises: IssueNotFound."""

    def remember_run(self, issue_id: str, run_id: str) -> None:
        """Raises: IssueNotFound."""


def issue_status_to_wire(status: IssueStatus) -> Any:
    """`"Pending"`, `"InFlight"`, `{"Applied": {"new_version": ...}}` or `{"Rejected": {"reason": ...}}`."""
    name = type(status).__name__
    return {name: msgspec.to_builtins(status)} if isinstance(status, Applied | Rejected) else name


def issue_status_from_wire(data: Any) -> IssueStatus:
    """Raises: ValueError."""
    if data in ("Pending", "InFlight"):
        return Pending() if data == "Pending" else InFlight()
    if isinstance(data, dict) and len(data) == 1:
        if "Applied" in data:
            return msgspec.convert(data["Applied"], Applied)
        if "Rejected" in data:
            return msgspec.convert(data["Rejected"], Rejected)
    raise ValueError(f"no status of an issue: {data!r}")


class Issues:
    """An IssueStore in a SQLite file, or in memory without one. It is the owner of what it pops, until it is closed."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path, _SCHEMA)
        self._owners = None if path is None else path.with_name(f"{path.name}.owners")
        self._owner, self._held, self._lock = "", ExitStack(), threading.Lock()

    def create(self, issue: Issue) -> None:
        try:
            with self._database.write() as rows:
                rows.execute(
                    "INSERT INTO issues (issue_id, blueprint_id, intent, status_kind, status_detail, created_seq, "
                    "pending_seq) SELECT ?, ?, ?, 'pending', '', n, n "
                    "FROM (SELECT 1 + coalesce(max(pending_seq), 0) AS n FROM issues)",
                    msgspec.structs.astuple(issue),
                )
        except sqlite3.IntegrityError:
            raise DuplicateIssue(issue.issue_id) from None

    def get(self, issue_id: str) -> IssueRecord:
        for record in self._records("WHERE issue_id = ?", issue_id):
            return record
        raise IssueNotFound(issue_id)

    def status(self, issue_id: str) -> IssueStatus:
        return self.get(issue_id).status

    def list(self) -> list[IssueRecord]:
        return [*self._records("")]

    def pop_pending(self) -> Issue | None:
        owner = self._own()
        with self._database.write() as rows:
            self._take_back(rows, owner)
            found = rows.execute(
                "UPDATE issues SET status_kind = 'inflight', owner = ? WHERE issue_id = (SELECT issue_id FROM issues "
                "WHERE status_kind = 'pending' ORDER BY pending_seq LIMIT 1) RETURNING issue_id, blueprint_id, intent",
                (owner,),
            ).fetchall()
        return Issue(*found[0]) if found else None

    def update_status(self, issue_id: str, status: IssueStatus) -> None:
        kind, detail = _WORDS[type(status)], next(iter(msgspec.structs.astuple(status)), "")
        owner = self._own() if kind == "inflight" else ""
        place = ", pending_seq = (SELECT max(pending_seq) + 1 FROM issues)" if kind == "pending" else ""
        self._change(f"status_kind = ?, status_detail = ?, owner = ?{place}", issue_id, kind, detail, owner)

    def remember_run(self, issue_id: str, run_id: str) -> None:
        self._change("run_id = ?", issue_id, run_id)

    def give_back(self, issue_id: str) -> None:
        self._change("status_kind = 'pending', owner = ''", issue_id)

    def close(self) -> None:
        """What it has in flight waits again. Idempotent."""
        self._held.close()
        if self._owners is not None and self._owner:
            (self._owners / self._owner).unlink(missing_ok=True)
        self._owner = ""
        self._database.close()

    def _records(self, where: str, *given: Any) -> Iterable[IssueRecord]:
        columns = "issue_id, blueprint_id, intent, status_kind, status_detail, run_id"
        query = f"SELECT {columns} FROM issues {where} ORDER BY created_seq"  # noqa: S608 - constants of this file
        for issue_id, blueprint_id, intent, kind, detail, run_id in self._database.read(query, *given):
            cls = _KINDS[kind]
            status = cls(detail) if cls in (Applied, Rejected) else cls()
            yield IssueRecord(Issue(issue_id, blueprint_id, intent), status, run_id)

    def _change(self, what: str, issue_id: str, *given: Any) -> None:
        with self._database.write() as rows:
            changed = rows.execute(f"UPDATE issues SET {what} WHERE issue_id = ?", (*given, issue_id)).rowcount  # noqa: S608
        if not changed:
            raise IssueNotFound(issue_id)

    def _own(self) -> str:
        """The name under which it holds issues; the death of the process frees the lock behind it."""
        with self._lock:
            if not self._owner:
                name = secrets.token_hex(8)
                if self._owners is not None:
                    self._held.enter_context(locked(private_dir(self._owners) / name, 0))
                self._owner = name
            return self._owner

    def _take_back(self, rows: sqlite3.Connection, owner: str) -> None:
        if self._owners is None:
            return
        query = "SELECT DISTINCT owner FROM issues WHERE status_kind = 'inflight' AND owner != ?"
        for (other,) in rows.execute(query, (owner,)).fetchall():
            with locked(self._owners / other, 0) as is_gone:
                if is_gone:
                    rows.execute(
                        "UPDATE issues SET status_kind = 'pending', owner = '' WHERE status_kind = 'inflight' "
                        "AND owner = ?",
                        (other,),
                    )
                    (self._owners / other).unlink(missing_ok=True)
