"""Lock: verbs that say which task edits which file, so that others keep off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.task import listed
from flowbench.cli.flowctl.verb import verb


@verb("lock", changes=True)
@click.option("--task", required=True, metavar="ID")
@click.option("--files", required=True, metavar="FILES", help="With commas.")
@click.option("--ttl", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="By default 45 minutes.")
@click.option("--pid", type=click.IntRange(min=1), help="The locks end with this process.")
def lock(session: Session, task: str, files: str, ttl: float | None, pid: int | None) -> Answer:
    """Keep files for a task; those of another task stay with it."""
    project = session.project
    wanted = project.task(task).id
    more = {} if ttl is None else {"ttl": ttl}
    mine, others = project.locks.lock(wanted, _inside(session, listed(files)), pid=pid, dry_run=session.dry_run, **more)
    taken = [{"file": each.file, "owner": each.task} for each in others]
    facts: dict[str, Any] = {
        "task": wanted,
        "locked": mine,
        "already_locked": taken,
        "locked_count": len(mine),
        "conflict_count": len(taken),
    }
    lines = [
        f"{counted(len(mine), 'file')} kept for {wanted}",
        *(f"{each['file']}: {each['owner']} has it" for each in taken),
    ]
    return Answer(facts, "\n".join(lines))


@verb("unlock", changes=True)
@click.option("--task", metavar="ID")
@click.option("--files", metavar="FILES", help="Only these, with commas.")
@click.option("--all", "everything", is_flag=True, help="The locks of all tasks.")
def unlock(session: Session, task: str | None, files: str | None, everything: bool) -> Answer:
    """Give files back."""
    project = session.project
    if everything:
        count = project.locks.clear(dry_run=session.dry_run)
        return Answer({"cleared": count}, f"{counted(count, 'lock')} cleared")
    if task is None:
        raise click.UsageError("give --task ID or --all")
    wanted = project.resolve(task)
    freed = project.locks.unlock(
        wanted, None if files is None else _inside(session, listed(files)), dry_run=session.dry_run
    )
    return Answer({"task": wanted, "unlocked": freed, "count": len(freed)}, f"{counted(len(freed), 'file')} given back")


@verb("lock-check")
@click.option("--file", metavar="FILE", help="By default all files that are kept.")
def lock_check(session: Session, file: str | None) -> Answer:
    """Show which task keeps a file."""
    if file is not None:
        (file,) = _inside(session, [file])
    held = {each.file: each for each in session.project.locks.held(file)}
    if file is not None:
        found = next(iter(held.values()), None)
        facts: dict[str, Any] = {"file": file, "locked": found is not None}
        if found is None:
            return Answer(facts, f"{file} is free")
        return Answer({**facts, "owner": found.task, "locked_at": found.locked_at}, f"{file}: {found.task} has it")
    locks = {name: {"task_id": each.task, "locked_at": each.locked_at} for name, each in held.items()}
    rows = [(name, each.task, each.locked_at) for name, each in held.items()]
    return Answer({"locks": locks, "count": len(locks)}, aligned(rows) or "No file is kept.")


def _inside(session: Session, files: list[str]) -> list[str]:
    """Names as the project has them: an absolute one of a file in it is the relative one."""
    root = session.project.layout.root
    return [os.path.relpath(file, root) if Path(file).is_relative_to(root) else file for file in files]
