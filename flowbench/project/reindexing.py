"""Reindexing: the cache made anew from the files, and what the Python original knew of tasks taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.project import index, legacy

if TYPE_CHECKING:
    from flowbench.project.project import Project


def reindex(project: Project, *, dry_run: bool = False) -> dict[str, Any]:
    """{"epics_indexed", "tasks_indexed", "files_skipped", "runtime_states_migrated", "warnings"}.

    No tracked file changes. Run again, it finds the same. Raises: DuplicateRecord, DocumentError, StorageError.
    """
    if dry_run:
        catalogue, migrated = index.load(project.layout, None), _to_migrate(project)
        return _told(catalogue, len(migrated))
    with project.change("reindex") as change:
        project.cache.drop()
        catalogue = project.catalogue()
        migrated = _to_migrate(project)
        for id in migrated:
            change.import_state(id)
        if migrated:
            change.event("states_migrated", epic="", payload={"tasks": migrated})
    return _told(catalogue, len(migrated))


def _to_migrate(project: Project) -> list[str]:
    """Tasks that only an earlier flowctl knows something of."""
    known = project.state.known()
    return [id for id in legacy.tasks(project.layout) if id not in known]


def _told(catalogue: index.Catalogue, migrated: int) -> dict[str, Any]:
    placeholders = sum(epic.placeholder for epic in catalogue.epics.values())
    return {
        "epics_indexed": len(catalogue.epics) - placeholders,
        "tasks_indexed": len(catalogue.tasks),
        "files_skipped": len(catalogue.problems) - placeholders,
        "runtime_states_migrated": migrated,
        "warnings": [str(problem) for problem in catalogue.problems],
    }
