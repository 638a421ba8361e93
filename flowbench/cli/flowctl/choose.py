"""Choose: verbs that say what to work on: ready, next, queue."""

from __future__ import annotations

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import verb

_DOES = {
    "needs_plan_review": "its plan waits for a review",
    "needs_completion_review": "all is done; it waits for a review",
    "resume_in_progress": "you work on it already",
    "ready_task": "ready to start",
}


@verb()
@click.option("--epic", required=True, metavar="ID")
def ready(session: Session, epic: str) -> Answer:
    """Show which tasks of an epic could be started, which are worked on, and what the others wait for."""
    from flowbench.project.choosing import ready as ask

    facts = ask(session.project, epic)
    session.warn()
    parts: list[tuple[str, list[tuple[str, ...]]]] = [
        ("ready", [(task["id"], task["title"]) for task in facts["ready"]]),
        ("in progress", [(task["id"], task["title"], task["assignee"] or "nobody") for task in facts["in_progress"]]),
        ("waiting", [(task["id"], task["title"], ", ".join(task["blocked_by"])) for task in facts["blocked"]]),
    ]
    told = [
        f"{name}:\n" + "\n".join(f"  {line}" for line in aligned(rows).splitlines()) for name, rows in parts if rows
    ]
    return Answer(facts, "\n".join(told) or f"Nothing is left to do in {facts['epic']}.")


@verb("next")
@click.option("--epics-file", metavar="FILE", help='Only these epics, in this order: {"epics": ["fn-1", ...]}.')
@click.option("--require-plan-review", is_flag=True, help="An epic waits until its plan review says ship.")
@click.option("--require-completion-review", is_flag=True, help="A finished epic waits for its completion review.")
def next(
    session: Session, epics_file: str | None, require_plan_review: bool, require_completion_review: bool
) -> Answer:
    """Say the one thing to do next: go on with a task, start one, or have an epic reviewed."""
    from flowbench.project import choosing

    project = session.project
    facts = choosing.next_step(
        project,
        epics=None if epics_file is None else choosing.epics_of_file(session.cwd / epics_file),
        require_plan_review=require_plan_review,
        require_completion_review=require_completion_review,
    )
    session.warn()
    if facts["status"] != "none":
        return Answer(facts, f"{facts['task'] or facts['epic']}: {_DOES[facts['reason']]}")
    waiting = [f"{epic} waits for {', '.join(others)}" for epic, others in facts.get("blocked_epics", {}).items()]
    return Answer(facts, "\n".join(["Nothing to do now.", *waiting]))


@verb()
def queue(session: Session) -> Answer:
    """List the epics in the order in which they can be worked on, with what is left of each."""
    from flowbench.project.choosing import queue as ask

    facts = ask(session.project)
    session.warn()
    rows = [
        (
            epic["id"],
            epic["title"],
            epic["status"],
            f"{epic['progress']}%",
            f"{epic['tasks']['ready']} ready",
            f"waits for {', '.join(epic['blocked_by'])}" if epic["blocked_by"] else "",
        )
        for epic in facts["epics"]
    ]
    return Answer(facts, aligned(rows) or "No epics yet: `flowctl epic create --title ...` makes one.")
