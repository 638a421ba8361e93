"""Drawing: tasks and what they wait for as boxes and arrows, coloured by status, the critical path marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench import graph
from flowbench.graph import Drawing, Edge, Group, Node
from flowbench.project.planning import Plan, plan
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

COLOURS = {
    Status.IN_PROGRESS: "running",
    Status.DONE: "done",
    Status.BLOCKED: "mixed",
    Status.SKIPPED: "skipped",
    Status.FAILED: "failed",
    Status.UP_FOR_RETRY: "mixed",
    Status.UPSTREAM_FAILED: "cancelled",
}
"""Status of a run's step that has the colour; a task in todo has none."""

CRITICAL = "critical"  # said in a box on the critical path, whose arrows are thick


def draw(plan: Plan) -> Drawing:
    """The id of a box is the task's. Tasks of several epics stand in a group per epic."""
    critical = set(plan.critical_path)
    steps = set(zip(plan.critical_path, plan.critical_path[1:], strict=False))
    ready = set(plan.ready)
    nodes = []
    for task in plan.tasks.values():
        said = "ready" if task.id in ready and task.status is Status.TODO else task.status.value.replace("_", " ")
        number = task.id.rpartition(".")[2]
        detail = " · ".join([f".{number}", said, *([CRITICAL] if task.id in critical else [])])
        group = "" if plan.epic is not None else task.epic
        waits = f"\nwaits for {', '.join(task.depends_on)}" if task.depends_on else ""
        nodes.append(Node(task.id, task.title, "step", detail, group, f"{task.id}: {task.title}\n{said}{waits}"))
    edges = [Edge(tail, head, style="bold" if (tail, head) in steps else "solid") for tail, head in plan.edges]
    epics = {} if plan.epic is not None else dict.fromkeys(task.epic for task in plan.tasks.values())
    return Drawing(tuple(nodes), tuple(edges), tuple(Group(id, id) for id in epics), plan.title)


def svg(project: Project, epic: str | None = None) -> str:
    """One <svg> element, safe to put into HTML. Raises: as `plan`, graph.GraphError."""
    return svg_of(plan(project, epic))


def svg_of(plan: Plan) -> str:
    """The same of a plan that is there already."""
    return graph.svg(draw(plan), statuses(plan))


def statuses(plan: Plan) -> dict[str, str]:
    """{task: name of its colour}, see COLOURS."""
    return {id: COLOURS[task.status] for id, task in plan.tasks.items() if task.status in COLOURS}
