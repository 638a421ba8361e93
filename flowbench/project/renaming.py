"""Renaming: an epic gets another title, and with it another id: its files, its tasks and whoever names them follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.errors import AlreadyThere, DocumentError
from flowbench.project.files import names, sign

if TYPE_CHECKING:
    from flowbench.project.change import Change


def rename_epic(change: Change, epic: str, title: str) -> dict[str, Any]:
    """{"old_id", "new_id", "title", "files_renamed", "tasks_updated", "updated_deps_in"}: the number stays.

    Raises: InvalidId, NotFound, AlreadyThere, ProjectError.
    """
    title = " ".join(title.split())
    before = change.epic(epic)
    number = ids.epic_id(epic).number
    new = epic if title == before.title or ids.slug(title) == ids.epic_id(epic).slug else ids.new_epic(number, title)
    told: dict[str, Any] = {
        "old_id": epic,
        "new_id": new,
        "title": title,
        "files_renamed": 0,
        "tasks_updated": 0,
        "updated_deps_in": [],
    }
    if new == epic:
        change.set(epic, title=title)
    else:
        layout = change.project.layout
        for path in (layout.epics / f"{new}.md", layout.epics / f"{new}.json", layout.specs / f"{new}.md"):
            if sign(path) is not None:
                raise AlreadyThere(path)
        _epic(change, epic, new, title, told)
        _tasks(change, epic, new, told)
        _others(change, epic, new, told)
        for table in ("approvals", "token_usage"):
            change.sql(
                f"UPDATE {table} SET epic_id=?, task_id=? || substr(task_id, ?) WHERE epic_id=?",  # noqa: S608
                *(new, new, len(epic) + 1, epic),
            )
    change.event("epic_renamed", epic=new, payload={"old_id": epic, "title": title})
    return told


def _epic(change: Change, old: str, new: str, title: str, told: dict[str, Any]) -> None:
    gaps = change.project.gaps(old)
    stored = change.stored(old)
    branch = {"branch_name": new} if stored.epic.branch_name == old else {}
    change.rename_record(old, new, {"title": title, **branch}, stored.body)
    told["files_renamed"] += 1
    if change.remove(f"epics/{old}.gaps.json"):
        told["files_renamed"] += 1
    if gaps:
        change.set_gaps(new, [_gap(gap, old, new) for gap in gaps])
    spec = change.read(f"specs/{old}.md")
    if spec is not None:
        change.remove(f"specs/{old}.md")
        change.create(
            f"specs/{new}.md",
            _heading(spec.decode(errors="surrogateescape"), old, new, title).encode(errors="surrogateescape"),
        )
        told["files_renamed"] += 1


def _tasks(change: Change, old: str, new: str, told: dict[str, Any]) -> None:
    mine = [task.id for task in change.project.tasks(old)]
    for problem in change.project.unread(old):  # else its task would be left behind, without an epic
        raise DocumentError(change.project.layout.flow / problem.name, f"has to be mended first: {problem.message}")
    for id in mine:
        stored = change.stored(id)
        to = _moved(id, old, new)
        depends_on = [_moved(each, old, new) for each in stored.task.depends_on]
        fields: dict[str, Any] = {"epic": new}
        if stored.task.depends_on:
            fields["depends_on"] = depends_on
        for key in ("split_from", "split_into"):
            named = getattr(stored.task, key)
            if named:
                fields[key] = (
                    _moved(named, old, new) if isinstance(named, str) else [_moved(each, old, new) for each in named]
                )
        change.rename_record(id, to, fields, _heading(stored.body, id, to, None))
        change.rename_state(id, to)
        told["files_renamed"] += 1
        told["tasks_updated"] += 1


def _others(change: Change, old: str, new: str, told: dict[str, Any]) -> None:
    for epic in change.project.epics():
        if old in epic.depends_on_epics and epic.id != old:
            change.set(epic.id, depends_on_epics=[new if each == old else each for each in epic.depends_on_epics])
            told["updated_deps_in"].append(epic.id)
    for task in change.project.tasks():
        if task.epic != old and any(ids.epic_of(each) == old for each in task.depends_on):
            change.set(task.id, depends_on=[_moved(each, old, new) for each in task.depends_on])
            told["updated_deps_in"].append(task.id)
    for name in _companions(change, old):
        at = name.rfind(old)
        change.move(name, name[:at] + new + name[at + len(old) :])
        told["files_renamed"] += 1


def _companions(change: Change, epic: str) -> list[str]:
    """Its checkpoint, and receipts `reviews/<type>-<id>-<mode>.json` and outputs `<id>.md` of it and its tasks."""
    flow = change.project.layout.flow
    found = [f".checkpoint-{epic}.json"] if sign(flow / f".checkpoint-{epic}.json") is not None else []
    named = re.compile(rf"(?:[a-z_]+-)?{re.escape(epic)}(?:\.[0-9]+)?(?:-[a-z]+)?\.(?:json|md)")
    for folder in ("outputs", "reviews"):
        found += [f"{folder}/{name}" for name in sorted(names(flow / folder)) if named.fullmatch(name)]
    return found


def _moved(id: str, old: str, new: str) -> str:
    return new + id[len(old) :] if ids.epic_of(id) == old else id


def _heading(body: str, old: str, new: str, title: str | None) -> str:
    """The body with the id in its first heading rewritten."""
    first, line, rest = body.partition("\n")
    if first.startswith("# ") and old in first:
        end = "\r" if first.endswith("\r") else ""
        first = first.replace(old, new) if title is None else f"# {new} {title}{end}"
    return first + line + rest


def _gap(gap: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    task = gap.get("task")
    return {**gap, "task": _moved(task, old, new)} if isinstance(task, str) else gap
