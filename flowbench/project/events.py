"""Events: what has been done to a project, line by line, each bound to the one before it by a checksum."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

import msgspec

from flowbench.project.state import State

_COUNTED = {
    "task_started": "tasks_started",
    "task_completed": "tasks_completed",
    "task_failed": "tasks_failed",
}
_COLUMNS = "id, timestamp, epic_id, task_id, event_type, actor, payload, session_id"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """type: `task_started`, `epic_created`, ... epic: "" for what concerns the whole project. id: 0 until written."""

    type: str
    timestamp: str
    epic: str = ""
    task: str | None = None
    actor: str = ""
    payload: dict[str, Any] = {}
    session: str | None = None
    id: int = 0


def append(connection: sqlite3.Connection, event: Event) -> None:
    """Inside a transaction. Starts, completions and failures are counted by day, too."""
    last = connection.execute("SELECT chain FROM events ORDER BY id DESC LIMIT 1").fetchone()
    payload = msgspec.json.encode(event.payload).decode() if event.payload else None
    row = (event.timestamp, event.epic, event.task, event.type, event.actor, payload, event.session)
    connection.execute(
        "INSERT INTO events(timestamp, epic_id, task_id, event_type, actor, payload, session_id, chain)"
        " VALUES(?,?,?,?,?,?,?,?)",
        (*row, _link(last[0] if last else "", row)),
    )
    column = _COUNTED.get(event.type)
    if column is not None:
        connection.execute(
            f"INSERT INTO daily_rollup(day, epic_id, {column}) VALUES(?,?,1)"
            f" ON CONFLICT(day, epic_id) DO UPDATE SET {column}={column}+1",
            (event.timestamp[:10], event.epic),
        )


def read(
    state: State,
    *,
    epic: str | None = None,
    task: str | None = None,
    type: str | None = None,
    since: str | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Oldest first; limit: the last so many. since: ISO 8601, included."""
    asked = [("epic_id=?", epic), ("task_id=?", task), ("event_type=?", type), ("timestamp>=?", since)]
    terms = [(term, value) for term, value in asked if value is not None]
    where = f" WHERE {' AND '.join(term for term, _ in terms)}" if terms else ""
    sql = f"SELECT {_COLUMNS} FROM events{where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = state.read(sql, *(value for _, value in terms), -1 if limit is None else limit)
    return [_event(row) for row in reversed(rows)]


def broken(state: State) -> int | None:
    """The id of the first event that is not as it was written, or follows a gap; None: all are whole."""
    rows = state.read(f"SELECT {_COLUMNS}, chain FROM events ORDER BY id")  # noqa: S608
    before = None
    for id, *row, chain in rows:
        if before is not None and _link(before, tuple(row)) != chain:
            return int(id)
        before = chain
    return None


def _event(row: tuple[Any, ...]) -> Event:
    id, timestamp, epic, task, type, actor, payload, session = row
    told = msgspec.json.decode(payload) if payload else {}
    return Event(
        type=type,
        timestamp=timestamp,
        epic=epic,
        task=task,
        actor=actor or "",
        payload=told if isinstance(told, dict) else {"payload": told},
        session=session,
        id=id,
    )


def _link(before: str, row: tuple[Any, ...]) -> str:
    return hashlib.blake2b(msgspec.json.encode([before, *row]), digest_size=8).hexdigest()
