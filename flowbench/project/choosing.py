"""Choosing: what could be worked on: an epic's ready tasks, the queue of epics, and the one thing to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flowbench.project import ids
from flowbench.project.dag import STARTABLE
from flowbench.project.errors import BadEpicsFile
from flowbench.project.records import Epic, Task
from flowbench.project.status import Status
from flowbench.project.working import unmet

if TYPE_CHECKING:
    from flowbench.project.project import Project

FAILED = (Status.FAILED, Status.UPSTREAM_FAILED)
SHIP = "ship"


class _View(NamedTuple):
    """One look at the project. by_epic: its tasks by rank: priority, then number."""

    epics: Mapping[str, Epic]
    by_epic: Mapping[str, list[Task]]

    def blockers(self, epic: Epic) -> list[str]:
        """Epics that it waits for and that are not done; one that is not there is one of them."""
        return [each for each in epic.depends_on_epics if each not in self.epics or self.epics[each].status != "done"]

    def ready(self, epic: str) -> list[Task]:
        tasks = self.by_epic[epic]
        known = {task.id: task.status for task in tasks}
        return [task for task in tasks if task.status in STARTABLE and not unmet(task, known)]


def ready(project: Project, epic: str) -> dict[str, Any]:
    """{epic, actor, ready, in_progress, blocked}: the tasks of an epic by what keeps them from being started.

    blocked: {id, title, blocked_by}: ids of what it waits for, or `status=blocked`, `status=failed`, ...
    Raises: InvalidId, NotFound, DocumentError.
    """
    wanted = project.epic(epic).id
    tasks = sorted(project.tasks(wanted), key=lambda task: task.rank)
    known = {task.id: task.status for task in tasks}
    free, active, blocked = [], [], []
    for task in tasks:
        if task.status is Status.IN_PROGRESS:
            active.append({"id": task.id, "title": task.title, "assignee": task.assignee})
        elif task.status is Status.BLOCKED or task.status in FAILED:
            blocked.append({"id": task.id, "title": task.title, "blocked_by": [f"status={task.status}"]})
        elif task.status in STARTABLE:
            waits = [id for id, _ in unmet(task, known)]
            if waits:
                blocked.append({"id": task.id, "title": task.title, "blocked_by": waits})
            else:
                free.append({"id": task.id, "title": task.title, "depends_on": task.depends_on})
    return {"epic": wanted, "actor": project.actor, "ready": free, "in_progress": active, "blocked": blocked}


def next_step(
    project: Project,
    *,
    epics: Sequence[str] | None = None,
    require_plan_review: bool = False,
    require_completion_review: bool = False,
) -> dict[str, Any]:
    """{status, epic, task, reason, blocked_epics?}: what the actor does next.

    status: plan (its plan review has not shipped), work (reason resume_in_progress or ready_task), completion_review
    (all tasks done or skipped), none (reason none or blocked_by_epic_deps). epics: the only ones, in this order; by
    default all, by number. Raises: InvalidId, NotFound.
    """
    view = _look(project)
    chosen = list(view.epics.values()) if epics is None else [view.epics[_known(project, view, id)] for id in epics]
    waiting: dict[str, list[str]] = {}
    for epic in chosen:
        if epic.status == "done":
            continue
        blockers = view.blockers(epic)
        if blockers:
            waiting[epic.id] = blockers
            continue
        if require_plan_review and epic.plan_review_status != SHIP:
            return _step("plan", epic.id, None, "needs_plan_review")
        tasks = view.by_epic[epic.id]
        mine = [task for task in tasks if task.status is Status.IN_PROGRESS and task.assignee == project.actor]
        if mine:
            return _step("work", epic.id, mine[0].id, "resume_in_progress")
        free = view.ready(epic.id)
        if free:
            return _step("work", epic.id, free[0].id, "ready_task")
        whole = bool(tasks) and all(task.status.is_satisfied for task in tasks) and not project.unread(epic.id)
        if require_completion_review and whole and epic.completion_review_status != SHIP:
            return _step("completion_review", epic.id, None, "needs_completion_review")
    if waiting:
        return {**_step("none", None, None, "blocked_by_epic_deps"), "blocked_epics": waiting}
    return _step("none", None, None, "none")


def queue(project: Project) -> dict[str, Any]:
    """{actor, epics, total}: open epics that wait for no other, open ones that do, done ones; each with its counts.

    tasks: {todo, in_progress, done, blocked, ready}; ready ones are among those in todo. done counts skipped ones.
    progress: 0-100, the share of the tasks that are done or skipped.
    """
    view = _look(project)
    rows = []
    for epic in view.epics.values():
        tasks = view.by_epic[epic.id]
        blockers = view.blockers(epic) if epic.status != "done" else []
        satisfied = sum(task.status.is_satisfied for task in tasks)
        counts = {
            "todo": sum(task.status in STARTABLE for task in tasks),
            "in_progress": sum(task.status is Status.IN_PROGRESS for task in tasks),
            "done": satisfied,
            "blocked": sum(task.status is Status.BLOCKED or task.status in FAILED for task in tasks),
            "ready": len(view.ready(epic.id)),
        }
        rows.append(
            {
                "id": epic.id,
                "title": epic.title,
                "status": epic.status,
                "plan_review_status": epic.plan_review_status,
                "completion_review_status": epic.completion_review_status,
                "depends_on_epics": epic.depends_on_epics,
                "blocked_by": blockers,
                "tasks": counts,
                "total_tasks": len(tasks),
                "progress": round(100 * satisfied / len(tasks)) if tasks else 0,
            }
        )
    rows.sort(key=lambda row: 2 if row["status"] == "done" else bool(row["blocked_by"]))  # stays natural within
    return {"actor": project.actor, "epics": rows, "total": len(rows)}


def epics_of_file(path: Path) -> list[str]:
    """Ids in the order that counts: a JSON list, or {"epics": [...]}. Raises: BadEpicsFile."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadEpicsFile(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise BadEpicsFile(path, f"no JSON: {error}") from None
    if isinstance(found, dict):
        found = found.get("epics")
    if not isinstance(found, list) or not all(isinstance(id, str) for id in found):
        raise BadEpicsFile(path, 'expected {"epics": ["fn-1", ...]}')
    return found


def _look(project: Project) -> _View:
    catalogue = project.catalogue()
    by_epic: dict[str, list[Task]] = {id: [] for id in catalogue.epics}
    for task in project.listed(catalogue):
        by_epic.setdefault(task.epic, []).append(task)
    for tasks in by_epic.values():
        tasks.sort(key=lambda task: task.rank)
    return _View(catalogue.epics, by_epic)


def _known(project: Project, view: _View, id: str) -> str:
    full = project.resolve(ids.epic_id(id).text)
    return full if full in view.epics else project.epic(full).id


def _step(status: str, epic: str | None, task: str | None, reason: str) -> dict[str, Any]:
    return {"status": status, "epic": epic, "task": task, "reason": reason}
