"""Checkpoint: an epic with its plan and tasks, and all that is known of them, kept in a file and brought back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.project import ids
from flowbench.project.answering import told
from flowbench.project.errors import NoCheckpoint
from flowbench.project.files import read
from flowbench.project.front_matter import LARGEST

if TYPE_CHECKING:
    from flowbench.project.project import Project

SCHEMA = 2
BESIDE = 64  # times the largest document
_TEXTS = ("epics", "specs", "tasks")


def save(project: Project, epic: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{epic_id, checkpoint_path, task_count, message}. Raises: NotFound, DocumentError."""
    id = project.resolve(ids.epic_id(epic).text)
    with project.change("checkpoint save", dry_run=dry_run) as change:
        change.epic(id)
        tasks = [task.id for task in change.tasks(id)]
        kept = {
            "schema_version": SCHEMA,
            "epic_id": id,
            "created_at": change.now,
            "files": {
                name: text for name in _names(project, id, tasks) if (text := _text(change.read(name))) is not None
            },
            "runtime": {
                task: {
                    **msgspec.to_builtins(project.runtime(task)),
                    "phases": project.phases(task),
                    "status": change.task(task).status.value,
                }
                for task in tasks
            },
        }
        change.write(_file(id), json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
        change.event("checkpoint_saved", epic=id, payload={"tasks": len(tasks)})
    path = str(project.layout.flow / _file(id))
    return told(change, epic_id=id, checkpoint_path=path, task_count=len(tasks), message=f"Checkpoint saved: {path}")


def restore(project: Project, epic: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{epic_id, checkpoint_created_at, tasks_restored, message}; tasks that were made after the save stay as they are.

    Raises: NoCheckpoint.
    """
    id = project.resolve(ids.epic_id(epic).text)
    path = project.layout.flow / _file(id)
    try:
        kept = json.loads(read(path, LARGEST * BESIDE)[0])
        files, runtime = kept["files"], kept["runtime"]
        fits = kept["schema_version"] == SCHEMA and kept["epic_id"] == id and all(_is_own(name, id) for name in files)
    except FileNotFoundError:
        raise NoCheckpoint(f"No checkpoint of {id}: {path} is missing. `flowctl checkpoint save` makes one.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoCheckpoint(f"{path}: is no checkpoint: {error}") from None
    if not fits:
        raise NoCheckpoint(f"{path}: is no checkpoint of {id} with schema {SCHEMA}")
    with project.change("checkpoint restore", dry_run=dry_run) as change:
        for name, text in files.items():
            other = name.removesuffix(".md") + ".json"
            if name.endswith(".md") and other not in files:
                change.remove(other)
            change.write(name, text.encode("utf-8", "surrogateescape"))
        tasks = sorted(runtime, key=ids.key)
        for task in tasks:
            change.forget(task)
            row = dict(runtime[task])
            evidence, phases = row.pop("evidence", None), row.pop("phases", {})
            row.pop("task_id", None)
            known = {key: value for key, value in row.items() if key in _COLUMNS and value is not None}
            if (
                known.get("assignee")
                or evidence
                or phases
                or known.get("completed_at")
                or known.get("status") != "todo"
            ):
                change.note(task, **known, root=str(project.layout.flow))
            if evidence:
                change.evidence(task, evidence)
            for phase in phases:
                change.phase(task, phase)
        change.event("checkpoint_restored", epic=id, payload={"tasks": len(tasks)})
    return told(
        change,
        epic_id=id,
        checkpoint_created_at=kept.get("created_at"),
        tasks_restored=tasks,
        message=f"Restored {id} from checkpoint ({len(tasks)} tasks)",
    )


def delete(project: Project, epic: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{epic_id, deleted, message}; one that is missing is no error. Raises: InvalidId."""
    id = project.resolve(ids.epic_id(epic).text)
    with project.change("checkpoint delete", dry_run=dry_run) as change:
        gone = change.remove(_file(id))
        if gone:
            change.event("checkpoint_deleted", epic=id)
    message = f"Deleted checkpoint for {id}" if gone else f"No checkpoint for {id}"
    return told(change, epic_id=id, deleted=gone, message=message)


_COLUMNS = frozenset(
    {"assignee", "claimed_at", "claim_note", "completed_at", "duration_seconds", "blocked_reason", "skipped_reason"}
    | {"baseline_rev", "final_rev", "retry_count", "run_id", "status", "updated_at"}
)


def _file(epic: str) -> str:
    return f".checkpoint-{epic}.json"


def _names(project: Project, epic: str, tasks: list[str]) -> list[str]:
    names = [f"epics/{epic}.md", f"epics/{epic}.json", f"epics/{epic}.gaps.json", f"specs/{epic}.md"]
    return names + [f"tasks/{task}{ending}" for task in tasks for ending in (".md", ".json")]


def _is_own(name: str, epic: str) -> bool:
    """Nothing else than files of the epic is written, whatever stands in the checkpoint."""
    folder, _, file = name.partition("/")
    stem = file.removesuffix(".md").removesuffix(".json").removesuffix(".gaps")
    mine = stem == epic or (folder == "tasks" and ids.is_id(stem) and ids.epic_of(stem) == epic)
    return folder in _TEXTS and mine and "/" not in file


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "surrogateescape")
