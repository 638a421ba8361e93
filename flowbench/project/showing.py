"""Showing: one record as flat data, under the field names of the Python original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.project import ids
from flowbench.project.records import Epic, Task
from flowbench.project.state import Runtime

if TYPE_CHECKING:
    from flowbench.project.project import Project

_OURS = frozenset(
    {"written", "file", "form", "extra", "placeholder", "blueprint", "inputs", "split_from", "split_into"}
)
_WHERE_KNOWN = ("blueprint", "inputs", "split_from", "split_into", "skipped_reason", "skipped_at")
_LATER = ("completed_at", "duration_seconds", "blocked_reason", "skipped_reason", "baseline_rev", "final_rev")


def facts(project: Project, id: str) -> dict[str, Any]:
    """Raises: InvalidId, NotFound, DocumentError."""
    stored = project.stored(id)
    if "." in stored.id:
        return task_facts(project.effective(stored.task), project.runtime(stored.id), project.phases(stored.id))
    return epic_facts(project, stored.epic)


def epic_facts(project: Project, epic: Epic) -> dict[str, Any]:
    """With gaps and tasks by number: id, title, status, priority, depends_on."""
    found = _plain(epic)
    found |= {
        "next_task": 1,
        "spec_path": f".flow/specs/{epic.id}.md",
        "gaps": project.gaps(epic.id),
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "status": task.status.value,
                "priority": task.priority,
                "depends_on": task.depends_on,
            }
            for task in project.tasks(epic.id)
        ],
    }
    return epic.extra | found


def task_facts(task: Task, runtime: Runtime, phases: dict[str, str]) -> dict[str, Any]:
    """Merged with what is known of the task beside its file."""
    found = _plain(task)
    found |= {
        "spec_path": f".flow/tasks/{task.id}.md",
        "assignee": runtime.assignee,
        "claimed_at": runtime.claimed_at,
        "claim_note": runtime.claim_note,
    }
    for key in _WHERE_KNOWN:
        value = getattr(task, key)
        if value not in (None, []):
            found[key] = value
        else:
            found.pop(key, None)
    for key in _LATER:
        value = getattr(runtime, key)
        if value is not None:
            found[key] = value
    if runtime.retry_count:
        found["retry_count"] = runtime.retry_count
    if runtime.evidence is not None:
        found["evidence"] = runtime.evidence
    if phases:
        found["phase_progress"] = {"completed_phases": list(phases)}
    updated = [each for each in (task.updated_at, runtime.updated_at) if each]
    found["updated_at"] = max(updated, default="")
    return task.extra | found


def _plain(record: Epic | Task) -> dict[str, Any]:
    """All fields, also those with their default, which an encoder leaves out."""
    told = {key: getattr(record, key) for key in record.__struct_fields__ if key not in _OURS}
    found: dict[str, Any] = msgspec.to_builtins(told)
    return found


def by_rank(tasks: list[Task]) -> list[Task]:
    """By priority (none is 999), then in natural order."""
    return sorted(tasks, key=lambda task: (task.rank[0], ids.key(task.id)))
