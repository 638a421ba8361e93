"""Migrating: what an earlier flowctl knew of tasks is taken over, and its files go if that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.project import ids, legacy

if TYPE_CHECKING:
    from flowbench.project.project import Project


def migrate(project: Project, *, clean: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{migrated, skipped, cleaned}: tasks of which something was taken over, and all others.

    clean: the runtime files of the original go when what they said is safe. Raises: StorageError.
    """
    with project.change("migrate-state", dry_run=dry_run) as change:
        known = project.state.known()
        migrated = sorted((id for id in legacy.tasks(project.layout) if id not in known), key=ids.key)
        for id in migrated:
            change.import_state(id)
        if migrated:
            change.event("states_migrated", epic="", payload={"tasks": migrated})
    files = legacy.states(project.layout) if clean else {}
    if not dry_run:
        for path in files.values():
            path.unlink(missing_ok=True)
    skipped = [task.id for task in project.tasks() if task.id not in migrated]
    facts = {"migrated": migrated, "skipped": skipped, "cleaned": bool(files)}
    return {**facts, "dry_run": True} if dry_run else facts
