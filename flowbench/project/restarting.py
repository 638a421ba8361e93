"""Restarting: tasks go back to todo, with or without those that wait for them; their texts are as new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections, status
from flowbench.project.answering import told
from flowbench.project.errors import TaskRefused
from flowbench.project.reaching import downstream
from flowbench.project.records import Task
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project


def restart(project: Project, task: str, *, force: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{reset, skipped, cascade_from}: the task and all that waits for it go back to todo; skipped: who was there.

    Dry: {dry_run, would_reset, already_todo, in_progress_overridden}. force: though somebody works on one of them.
    Raises: InvalidId, NotFound, TaskRefused.
    """
    wanted = project.resolve(ids.task_id(task).text)
    with project.change("restart", dry_run=dry_run) as change:
        found = change.task(wanted)
        _open(change, found)
        chosen = [found, *downstream(change.tasks(found.epic), wanted)]
        active = [each.id for each in chosen if each.status.is_active]
        if active and not force:
            raise TaskRefused(
                f"Cannot restart {wanted}: somebody works on {', '.join(active)}. Use --force to take "
                f"{'it' if len(active) == 1 else 'them'} back all the same."
            )
        reset = [each for each in chosen if each.status is not Status.TODO]
        there = [each.id for each in chosen if each.status is Status.TODO]
        for each in reset:
            _reset(change, each, "task_restarted", {"cascade_from": wanted, **({"forced": True} if force else {})})
    names = [each.id for each in reset]
    if dry_run:
        return {"dry_run": True, "would_reset": names, "already_todo": there, "in_progress_overridden": active}
    return {"reset": names, "skipped": there, "cascade_from": wanted}


def reset(project: Project, task: str, *, cascade: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{reset, message?}: one task goes back to todo. cascade: those that wait for it, too, but none in progress.

    Raises: InvalidId, NotFound, TaskRefused.
    """
    wanted = project.resolve(ids.task_id(task).text)
    with project.change("task reset", dry_run=dry_run) as change:
        found = change.task(wanted)
        if found.status is Status.IN_PROGRESS:
            raise TaskRefused(f"Cannot reset in_progress task {wanted}. Complete or block it first.")
        _open(change, found)
        chosen = [] if found.status is Status.TODO else [found]
        if chosen and cascade:
            chosen += [
                each
                for each in downstream(change.tasks(found.epic), wanted)
                if each.status not in (Status.TODO, Status.IN_PROGRESS)
            ]
        for each in chosen:
            _reset(change, each, "task_reset", {"cascade_from": wanted} if each.id != wanted else {})
    facts: dict[str, Any] = {"reset": [each.id for each in chosen]}
    if not chosen:
        facts["message"] = f"{wanted} already todo"
    return told(change, **facts)


def _open(change: Change, task: Task) -> None:
    if change.epic(task.epic).status == "done":
        raise TaskRefused(
            f"Cannot restart {task.id}: epic {task.epic} is closed. `flowctl epic reopen {task.epic}` first."
        )


def _reset(change: Change, task: Task, event: str, payload: dict[str, Any]) -> None:
    status.restart(task.status, force=True)
    change.set(task.id, status=Status.TODO)
    change.body(task.id, sections.reset)
    change.clear(task.id)
    change.event(event, task=task.id, payload={"from": task.status.value, **payload})
