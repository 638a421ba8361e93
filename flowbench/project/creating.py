"""Creating: new epics and tasks: the next free number, by a scan of all that is or was there, and their first text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import ids, records, sections
from flowbench.project.errors import NotFound, ProjectError
from flowbench.project.files import names
from flowbench.project.layout import ARCHIVE, Layout
from flowbench.project.records import DOMAINS, Epic, Task

if TYPE_CHECKING:
    from flowbench.project.change import Change


def create_epic(change: Change, title: str, branch: str | None = None) -> Epic:
    """Raises: ProjectError without a title; AlreadyThere."""
    title = _title(title)
    id = ids.new_epic(next_epic(change.project.layout, change.known()), title)
    values = {
        "schema_version": records.SCHEMA,
        "id": id,
        "title": title,
        "status": "open",
        "branch_name": branch or id,
        "plan_review_status": "unknown",
        "completion_review_status": "unknown",
        "created_at": change.now,
        "updated_at": change.now,
    }
    change.put_record(id, values, "")
    change.create(f"specs/{id}.md", sections.epic_body(id, title))
    change.event("epic_created", epic=id, payload={"title": title})
    return change.epic(id)


def create_task(
    change: Change,
    epic: str,
    title: str,
    *,
    depends_on: Sequence[str] = (),
    acceptance: str = "",
    priority: int | None = None,
    domain: str | None = None,
    files: Sequence[str] = (),
    **more: Any,
) -> Task:
    """A task in todo, behind tasks of the same epic. more: further fields, e.g. split_from, blueprint.

    Raises: InvalidId, NotFound (the epic, a dependency), ProjectError, AlreadyThere.
    """
    title = _title(title)
    change.epic(epic)
    if domain is not None and domain not in DOMAINS:
        raise ProjectError(f"Invalid domain: {domain!r} (one of {', '.join(DOMAINS)})")
    waits_for = list(dict.fromkeys(depends_on))
    for each in waits_for:
        if ids.task_id(each).epic != epic:
            raise ProjectError(f"Dependency {each} must be within the same epic ({epic})")
        change.task(each)
    id = f"{epic}.{next_task(change.project.layout, epic, change.known())}"
    fields = {
        "schema_version": records.SCHEMA,
        "id": id,
        "epic": epic,
        "title": title,
        "status": "todo",
        "priority": priority,
        "domain": domain,
        "depends_on": waits_for,
        "files": list(dict.fromkeys(files)) or None,
        **more,
        "created_at": change.now,
        "updated_at": change.now,
    }
    change.put_record(
        id,
        {key: value for key, value in fields.items() if value is not None},
        sections.task_body(id, title, acceptance),
    )
    change.event("task_created", task=id, payload={"title": title})
    return change.task(id)


def next_epic(layout: Layout, staged: Iterable[str] = ()) -> int:
    """1 + the highest number of an epic that is there, is archived, or is there in another worktree."""
    found = [ids.key(id)[0] for id in staged]
    for flow in (layout.flow, *layout.siblings()):
        for folder in ("epics", "specs", ARCHIVE):
            for name in names(flow / folder):
                id = name.removesuffix(".md").removesuffix(".json").removesuffix(".gaps")
                if ids.is_id(id) and "." not in id:
                    found.append(ids.key(id)[0])
    return 1 + max(found, default=0)


def next_task(layout: Layout, epic: str, staged: Iterable[str] = ()) -> int:
    """1 + the highest number of a task of the epic that is there, is archived, or is there in another worktree."""
    start = f"{epic}."
    found = [_number(id, start) for id in staged]
    for flow in (layout.flow, *layout.siblings()):
        for folder in (flow / "tasks", flow / ARCHIVE / epic):
            found += [_number(name, start) for name in names(folder) if name.startswith(start)]
    return 1 + max(found, default=0)


def _number(name: str, start: str) -> int:
    text = name.removeprefix(start).partition(".")[0] if name.startswith(start) else ""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise ProjectError("A title is needed: text that is more than blanks")
    return title


def archived(layout: Layout, epic: str) -> Path | None:
    """The folder of an archived epic; None: it is not archived."""
    path = layout.archive / epic
    return path if path.is_dir() else None


def require_epic(layout: Layout, epic: str) -> None:
    """Raises: InvalidId, NotFound."""
    ids.epic_id(epic)
    if not any((layout.epics / f"{epic}{ending}").exists() for ending in (".md", ".json")):
        raise NotFound(epic, layout.epics / f"{epic}.md")
