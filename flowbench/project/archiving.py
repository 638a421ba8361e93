"""Archiving: the files of an epic that is done go to `.archive/<epic>/`, and its tasks are forgotten by the state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flowbench.project import ids
from flowbench.project.files import names
from flowbench.project.layout import ARCHIVE

if TYPE_CHECKING:
    from flowbench.project.change import Change

_FOLDERS = ("epics", "outputs", "reviews", "specs", "tasks")


def archive(change: Change, epic: str) -> list[str]:
    """Names of the files that move, relative to the flow dir. Raises: InvalidId, NotFound, AlreadyThere."""
    change.epic(epic)
    moved = files_of(change, epic)
    for name in moved:
        folder, _, file = name.partition("/")
        # The hand-off note of a task has the name of its document: in the one flat folder it needs another.
        change.move(name, f"{ARCHIVE}/{epic}/{'output-' if folder == 'outputs' else ''}{file}")
    for task in change.project.tasks(epic):
        change.forget(task.id)
    change.event("epic_archived", epic=epic, payload={"count": len(moved)})
    return moved


def files_of(change: Change, epic: str) -> list[str]:
    """All files of an epic and its tasks, folder by folder, in natural order."""
    flow = change.project.layout.flow
    named = re.compile(rf"(?:[A-Za-z_]+-)?{re.escape(epic)}(?:\.[0-9]+)?(?:-[A-Za-z_]+|\.gaps)?\.(?:json|md)")
    found = []
    for folder in _FOLDERS:
        mine = [name for name in names(flow / folder) if named.fullmatch(name)]
        found += [f"{folder}/{name}" for name in sorted(mine, key=lambda name: (_id(name, epic), name))]
    return found


def _id(name: str, epic: str) -> tuple[int, int, str]:
    rest = re.match(r"\.([0-9]+)", name[name.index(epic) + len(epic) :])
    return ids.key(epic + rest.group() if rest else epic)
