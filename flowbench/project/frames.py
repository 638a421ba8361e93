"""Frames: epics, tasks, waves and statistics of a project as DataFrames. The one file of the room that knows pandas."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.planning import durations, plan
from flowbench.project.status import Status

if TYPE_CHECKING:
    import pandas as pd

    from flowbench.project.project import Project
    from flowbench.project.records import Task


def epics_frame(project: Project) -> pd.DataFrame:
    """One row per epic, in natural order; index: its id. title, status, tasks, done (or skipped), progress (0-1),
    depends_on_epics, plan_review, completion_review, created, updated (UTC)."""
    found = project.catalogue()
    total: Counter[str] = Counter(task.epic for task in found.tasks.values())
    done = Counter(task.epic for task in project.listed(found) if task.status.is_satisfied)
    rows = [
        {
            "epic": epic.id,
            "title": epic.title,
            "status": epic.status,
            "tasks": total[epic.id],
            "done": done[epic.id],
            "progress": done[epic.id] / total[epic.id] if total[epic.id] else 0.0,
            "depends_on_epics": list(epic.depends_on_epics),
            "plan_review": epic.plan_review_status,
            "completion_review": epic.completion_review_status,
            "created": epic.created_at,
            "updated": epic.updated_at,
        }
        for epic in found.epics.values()
    ]
    names = ["epic", "title", "status", "tasks", "done", "progress", "depends_on_epics", "plan_review"]
    return _frame(rows, [*names, "completion_review", "created", "updated"], "epic")


TASK_COLUMNS = ["task", "epic", "title", "status", "priority", "domain", "depends_on", "assignee", "blueprint", "files"]


def tasks_frame(project: Project, epic: str | None = None) -> pd.DataFrame:
    """One row per task, in natural order; index: its id. epic, title, status (the effective one), priority, domain,
    depends_on, assignee, blueprint, files, seconds (that it took, NaN if it is not done), claimed, updated (UTC)."""
    took = durations(project)
    rows = [
        {**_row(task), "seconds": took.get(task.id), "claimed": task.claimed_at, "updated": task.updated_at}
        for task in project.tasks(None if epic is None else project.epic(epic).id)
    ]
    return _frame(rows, [*TASK_COLUMNS, "seconds", "claimed", "updated"], "task")


def ready_frame(project: Project, epic: str | None = None) -> pd.DataFrame:
    """The tasks that could start now, by priority; columns as of `tasks_frame` without times. Raises: Cycle."""
    found = plan(project, epic)
    return _frame([_row(found.tasks[id]) for id in found.ready], TASK_COLUMNS, "task")


def waves_frame(project: Project, epic: str | None = None) -> pd.DataFrame:
    """One row per task: wave (from 1: those of one wave can be worked on at once), title, status, ready, critical.

    Raises: Cycle.
    """
    found = plan(project, epic)
    ready, critical = set(found.ready), set(found.critical_path)
    rows = [
        {
            "task": id,
            "wave": number,
            "title": found.tasks[id].title,
            "status": found.tasks[id].status.value,
            "ready": id in ready,
            "critical": id in critical,
        }
        for number, wave in enumerate(found.waves, 1)
        for id in wave
    ]
    return _frame(rows, ["task", "wave", "title", "status", "ready", "critical"], "task")


def critical_path_frame(project: Project, epic: str | None = None) -> pd.DataFrame:
    """The longest chain, first to last: title, status, seconds (see planning.Plan), until (their sum so far).

    Raises: Cycle.
    """
    found = plan(project, epic)
    rows: list[dict[str, Any]] = []
    until = 0.0
    for id in found.critical_path:
        until += found.seconds[id]
        task = found.tasks[id]
        rows.append(
            {
                "task": id,
                "title": task.title,
                "status": task.status.value,
                "seconds": found.seconds[id],
                "until": until,
            }
        )
    return _frame(rows, ["task", "title", "status", "seconds", "until"], "task")


def stats_frame(project: Project) -> pd.DataFrame:
    """One row per epic and one, `all`, of them all: tasks, a column per status, progress (0-1), seconds (that the done
    ones took), mean_seconds, retries."""
    tasks = project.tasks()
    took = durations(project)
    retries = dict(project.state.read("SELECT task_id, retry_count FROM runtime WHERE retry_count > 0"))
    by_epic: dict[str, list[Task]] = {epic.id: [] for epic in project.epics()}
    for task in tasks:
        by_epic.setdefault(task.epic, []).append(task)
    groups = [(id, by_epic[id]) for id in sorted(by_epic, key=ids.key)]
    rows = []
    for name, members in [*groups, ("all", tasks)]:
        counts = Counter(task.status for task in members)
        seconds = [took[task.id] for task in members if task.id in took]
        satisfied = sum(task.status.is_satisfied for task in members)
        rows.append(
            {
                "epic": name,
                "tasks": len(members),
                **{status.value: counts[status] for status in Status},
                "progress": satisfied / len(members) if members else 0.0,
                "seconds": sum(seconds),
                "mean_seconds": sum(seconds) / len(seconds) if seconds else None,
                "retries": sum(retries.get(task.id, 0) for task in members),
            }
        )
    names = ["epic", "tasks", *(status.value for status in Status), "progress", "seconds", "mean_seconds", "retries"]
    return _frame(rows, names, "epic")


def _row(task: Task) -> dict[str, Any]:
    return {
        "task": task.id,
        "epic": task.epic,
        "title": task.title,
        "status": task.status.value,
        "priority": task.priority,
        "domain": task.domain,
        "depends_on": list(task.depends_on),
        "assignee": task.assignee,
        "blueprint": task.blueprint,
        "files": list(task.files),
    }


TIMES = ("created", "updated", "claimed")
TEXTS = ("domain", "assignee", "blueprint")  # which may be missing
NUMBERS = {"priority": "Int64", "seconds": "float64", "mean_seconds": "float64"}


def _frame(rows: list[dict[str, Any]], names: list[str], index: str) -> pd.DataFrame:
    import pandas as pd

    kinds = dict.fromkeys(TEXTS, object)  # None stays None
    made = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kinds.get(name)) for name in names})
    for name in TIMES:
        if name in made:
            made[name] = pd.to_datetime(made[name].replace("", None), utc=True, format="ISO8601", errors="coerce")
    for name, kind in NUMBERS.items():
        if name in made:
            made[name] = made[name].astype(kind)  # type: ignore[call-overload]
    return made.set_index(index)
