"""Adopting: the front matter of a record that had none: of the Python original, or of plain Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench.project import records
from flowbench.project.documents import Stored
from flowbench.project.front_edit import REMOVE
from flowbench.project.records import Epic, Task

_ELSEWHERE = frozenset({"spec_path", "file_path", "next_task", "gaps"})  # follow from the rest, or have their own file
_RUNTIME = frozenset({"assignee", "claimed_at", "claim_note", "evidence", "blocked_reason", "phase_progress"})


def fields(stored: Stored, record: Epic | Task, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The front matter of a record that had none: all its fields, those first that people look for."""
    known = {"schema_version": records.SCHEMA, "id": stored.id}
    if isinstance(record, Task):
        known |= {"epic": record.epic, "title": record.title, "status": record.status.value}
    else:
        known |= {"title": record.title, "status": record.status}
    skipped = {*known, *_ELSEWHERE, *(_RUNTIME if isinstance(record, Task) else ())}
    rest = {key: value for key, value in stored.values.items() if key not in skipped and value is not None}
    made = known | rest
    for key, value in changes.items():
        if value is REMOVE:
            made.pop(key, None)
        else:
            made[key] = value
    return made
