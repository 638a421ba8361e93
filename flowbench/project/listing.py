"""Listing: epics and tasks as rows, and which task owns which file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.records import Epic, Task
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

GENERAL = "general"  # the domain of a task that says none
_FILES = re.compile(r"^[ \t]*\*\*Files:\*\*[ \t]*(?P<files>.*?)[ \t]*\r?$", re.MULTILINE)


def epics(project: Project) -> dict[str, Any]:
    """{epics: [{id, title, status, tasks, done}], count}; done: tasks that are done or skipped."""
    catalogue = project.catalogue()
    rows = _epic_rows(list(catalogue.epics.values()), project.listed(catalogue))
    return {"epics": rows, "count": len(rows)}


def tasks(
    project: Project, epic: str | None = None, *, status: Status | None = None, domain: str | None = None
) -> dict[str, Any]:
    """{tasks: [{id, epic, title, status, priority, domain, depends_on}], count}. A task without a domain is general.

    Raises: InvalidId, NotFound.
    """
    wanted = None if epic is None else project.epic(epic).id
    rows = [
        {**_task_row(task), "domain": task.domain}
        for task in project.tasks(wanted)
        if (status is None or task.status is status) and (domain is None or (task.domain or GENERAL) == domain)
    ]
    return {"tasks": rows, "count": len(rows)}


def everything(project: Project) -> dict[str, Any]:
    """{epics, tasks, epic_count, task_count}, from one look at the project."""
    catalogue = project.catalogue()
    found = project.listed(catalogue)
    rows = _epic_rows(list(catalogue.epics.values()), found)
    return {
        "epics": rows,
        "tasks": [_task_row(task) for task in found],
        "epic_count": len(rows),
        "task_count": len(found),
    }


def files(project: Project, epic: str) -> dict[str, Any]:
    """{epic, ownership: {file: [tasks]}, conflicts, file_count, conflict_count}; conflicts: files of several tasks.

    A task that names no files in its fields may do it in its text: `**Files:** a.py, b.py`.
    Raises: InvalidId, NotFound, DocumentError.
    """
    wanted = project.epic(epic).id
    ownership: dict[str, list[str]] = {}
    for task in project.tasks(wanted):
        for name in dict.fromkeys(task.files or told_files(project.body(task.id))):
            ownership.setdefault(name, []).append(task.id)
    ordered = {name: sorted(ownership[name], key=ids.key) for name in sorted(ownership)}
    conflicts = {name: owners for name, owners in ordered.items() if len(owners) > 1}
    return {
        "epic": wanted,
        "ownership": ordered,
        "conflicts": conflicts,
        "file_count": len(ordered),
        "conflict_count": len(conflicts),
    }


def told_files(body: str) -> list[str]:
    """What the lines `**Files:** a, b` of a text name; backticks around a name are none of it."""
    return [
        name
        for found in _FILES.finditer(body)
        for each in found["files"].split(",")
        if (name := each.strip().strip("`"))
    ]


def _epic_rows(found: Sequence[Epic], tasks: Sequence[Task]) -> list[dict[str, Any]]:
    total: Mapping[str, int] = Counter(task.epic for task in tasks)
    done: Mapping[str, int] = Counter(task.epic for task in tasks if task.status.is_satisfied)
    return [
        {"id": each.id, "title": each.title, "status": each.status, "tasks": total[each.id], "done": done[each.id]}
        for each in found
    ]


def _task_row(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "epic": task.epic,
        "title": task.title,
        "status": task.status.value,
        "priority": task.priority,
        "depends_on": task.depends_on,
    }
