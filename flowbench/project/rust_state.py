"""Rust state: what the Rust flowctl knew of tasks, in `flowctl.db` of the state dir: read, never changed."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flowbench.project.layout import Layout

FILE = "flowctl.db"
_RUNTIME = (
    "assignee",
    "claimed_at",
    "completed_at",
    "duration_secs",
    "blocked_reason",
    "baseline_rev",
    "final_rev",
    "retry_count",
)
_EVIDENCE = ("commits", "tests", "files_changed", "insertions", "deletions", "review_iters")


def states(layout: Layout, task_id: str | None = None) -> dict[str, dict[str, Any]]:
    """{task: what was known of it, under the names of the Python original}; all tasks, or one. Without a status.

    {} if there is no such database, or none that can be read.
    """
    path = layout.state / FILE
    if not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = {}
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            for id, *row in _rows(connection, "runtime_state", ("task_id", *_RUNTIME), task_id):
                found[id] = {key: value for key, value in zip(_RUNTIME, row, strict=True) if value is not None}
            for id, *row in _rows(connection, "evidence", ("task_id", *_EVIDENCE), task_id):
                found.setdefault(id, {})["evidence"] = _evidence(dict(zip(_EVIDENCE, row, strict=True)))
            for id, phase, status, at in _rows(
                connection, "phase_progress", ("task_id", "phase", "status", "completed_at"), task_id
            ):
                if status == "done":
                    progress = found.setdefault(id, {}).setdefault("phase_progress", {"completed_phases": []})
                    progress["completed_phases"].append({"phase": phase, "completed_at": at})
        finally:
            connection.close()
    except sqlite3.Error:
        return found
    return found


def _rows(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], task_id: str | None) -> list[Any]:
    """All rows, with NULL for columns that an older version has not."""
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    if "task_id" not in there:
        return []
    names = ", ".join(name if name in there else f"NULL AS {name}" for name in columns)
    where = "" if task_id is None else " WHERE task_id=?"
    given = () if task_id is None else (task_id,)
    return connection.execute(f"SELECT {names} FROM {table}{where}", given).fetchall()  # noqa: S608 - constants


def _evidence(told: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in told.items() if value is not None}
    for key in ("commits", "tests"):
        try:
            listed = json.loads(made.get(key) or "[]")
        except ValueError:
            listed = [made[key]]
        made[key] = listed if isinstance(listed, list) else [listed]
    if "review_iters" in made:
        made["review_iterations"] = made.pop("review_iters")
    return made
