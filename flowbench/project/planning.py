"""Planning: the graph of tasks as a person looks at it: waves, what is ready, the critical path, the seconds known."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.project.dag import Dag
from flowbench.project.records import Task

if TYPE_CHECKING:
    from flowbench.project.project import Project

UNKNOWN_SECONDS = 1.0  # of a task, while no task has been done


class Plan(msgspec.Struct, frozen=True):
    """Of one epic, or of all. tasks: by id, in natural order. waves: ids; a wave waits for those before it.

    ready: what could start now, by priority. critical_path: ids, source to sink, the longest by `seconds`.
    seconds: of each task, as long as it took; of one that is not done, the median of those that are, else 1.
    """

    epic: str | None
    title: str
    tasks: dict[str, Task]
    waves: list[list[str]]
    ready: list[str]
    critical_path: list[str]
    seconds: dict[str, float]
    dag: Dag

    @property
    def edges(self) -> list[tuple[str, str]]:
        """(a task, one that waits for it), in natural order."""
        return [(before, id) for id in self.tasks for before in self.dag.dependencies(id)]

    @property
    def critical_seconds(self) -> float:
        """The least that the whole takes, however many work on it."""
        return sum(self.seconds[id] for id in self.critical_path)


def plan(project: Project, epic: str | None = None) -> Plan:
    """epic: the whole project without one. Raises: InvalidId, NotFound, DocumentError, Cycle."""
    found = None if epic is None else project.epic(epic)
    tasks = {task.id: task for task in project.tasks(found.id if found else None)}
    dag = Dag(
        [(task.id, [each for each in task.depends_on if each in tasks]) for task in tasks.values()],
        {task.id: task.priority for task in tasks.values() if task.priority is not None},
    )
    took = durations(project)
    usual = median([took[id] for id in tasks if id in took] or [UNKNOWN_SECONDS])
    seconds = {id: took.get(id, usual) for id in tasks}
    return Plan(
        epic=found.id if found else None,
        title=found.title if found else project.layout.root.name,
        tasks=tasks,
        waves=dag.levels(),
        ready=dag.ready({id: task.status for id, task in tasks.items()}),
        critical_path=dag.critical_path(seconds),
        seconds=seconds,
        dag=dag,
    )


def facts(plan: Plan) -> dict[str, Any]:
    """{epic, tasks: [{id, title, status, depends_on, wave, critical}], waves, ready, critical_path, critical_seconds,
    edges}: as JSON. wave: from 1."""
    waves = {id: number for number, wave in enumerate(plan.waves, 1) for id in wave}
    critical = set(plan.critical_path)
    return {
        "epic": plan.epic,
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "status": task.status.value,
                "depends_on": list(task.depends_on),
                "wave": waves[task.id],
                "critical": task.id in critical,
            }
            for task in plan.tasks.values()
        ],
        "waves": plan.waves,
        "ready": plan.ready,
        "critical_path": plan.critical_path,
        "critical_seconds": plan.critical_seconds,
        "edges": [list(edge) for edge in plan.edges],
    }


def durations(project: Project) -> dict[str, float]:
    """{task: seconds from its claim to its end}, of tasks that are done."""
    sql = "SELECT task_id, duration_seconds, claimed_at, completed_at FROM runtime WHERE duration_seconds IS NOT NULL"
    return {id: _seconds(float(whole), begun, ended) for id, whole, begun, ended in project.state.read(sql)}


def _seconds(whole: float, begun: str | None, ended: str | None) -> float:
    """The whole seconds that are recorded, with their fraction where both times are known and say the same."""
    try:
        told = (datetime.fromisoformat(ended or "") - datetime.fromisoformat(begun or "")).total_seconds()
    except (TypeError, ValueError):  # one of them knows no time zone, or there is none
        return whole
    return told if int(told) == whole else whole
