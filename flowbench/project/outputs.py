"""Outputs: the note that who has worked on a task leaves for whoever goes on: `.flow/outputs/<task>.md`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.answering import told
from flowbench.project.errors import TaskRefused
from flowbench.project.files import read, scan

if TYPE_CHECKING:
    from flowbench.project.project import Project

FOLDER = "outputs"
_SECOND = 10**9  # nanoseconds


def write(project: Project, task: str, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{task, path, bytes, replaced, message}. Raises: InvalidId, NotFound, TaskRefused for a note that says nothing."""
    wanted = project.task(task).id
    if not text.strip():
        raise TaskRefused("A hand-off note cannot be empty")
    name = f"{FOLDER}/{wanted}.md"
    data = (text if text.endswith("\n") else f"{text}\n").encode()
    with project.change("outputs write", dry_run=dry_run) as change:
        replaced = change.read(name) is not None
        change.write(name, data)
        change.event("output_written", task=wanted, payload={"bytes": len(data)})
    path = f".flow/{name}"
    message = f"Hand-off note of {wanted} {'replaced' if replaced else 'written'}"
    return told(change, task=wanted, path=path, bytes=len(data), replaced=replaced, message=message)


def listed(project: Project, epic: str | None = None) -> dict[str, Any]:
    """{outputs: [{task, path, bytes, updated_at}], count}, by epic and number. Raises: InvalidId, NotFound."""
    wanted = None if epic is None else project.epic(epic).id
    rows = []
    for name, sign in scan(project.layout.flow / FOLDER, (".md",)).items():
        task = name.removesuffix(".md")
        if ids.is_id(task) and wanted in (None, ids.epic_of(task)):
            at = datetime.fromtimestamp(sign.mtime // _SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append({"task": task, "path": f".flow/{FOLDER}/{name}", "bytes": sign.size, "updated_at": at})
    rows.sort(key=lambda row: ids.key(str(row["task"])))
    return {"outputs": rows, "count": len(rows)}


def shown(project: Project, task: str) -> dict[str, Any]:
    """{task, path, content}. Raises: InvalidId, NotFound, DocumentError; TaskRefused if there is no note."""
    wanted = project.resolve(ids.task_id(task).text)
    try:
        content = read(project.layout.flow / FOLDER / f"{wanted}.md")[0].decode(errors="replace")
    except FileNotFoundError:
        project.task(wanted)
        raise TaskRefused(f"{wanted} has no hand-off note (`flowctl outputs write {wanted}` makes one)") from None
    return {"task": wanted, "path": f".flow/{FOLDER}/{wanted}.md", "content": content}
