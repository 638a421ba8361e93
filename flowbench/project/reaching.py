"""Reaching: along what tasks or epics wait for, from one to others; a cycle among them does no harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flowbench.project import ids
from flowbench.project.records import Task


def downstream(tasks: Iterable[Task], id: str) -> list[Task]:
    """All tasks that wait for one, directly or not, in natural order."""
    known = {task.id: task for task in tasks}
    after: dict[str, list[str]] = {}
    for task in known.values():
        for each in task.depends_on:
            after.setdefault(each, []).append(task.id)
    found: set[str] = set()
    left = [id]
    while left:
        for each in after.get(left.pop(), ()):
            if each not in found and each != id:
                found.add(each)
                left.append(each)
    return [known[each] for each in sorted(found, key=ids.key)]


def way(waits: Mapping[str, Sequence[str]], start: str, goal: str) -> list[str]:
    """A shortest way along what each waits for, both ends included; [] if there is none."""
    ways = [[start]]
    seen = {start}
    for found in ways:
        if found[-1] == goal:
            return found
        for each in waits.get(found[-1], ()):
            if each not in seen:
                seen.add(each)
                ways.append([*found, each])
    return []
