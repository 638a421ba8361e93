"""Auditing: what an epic leaves open: criteria that no task covers, tasks without files or tests, open gaps; advice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections
from flowbench.project.errors import NotFound
from flowbench.project.listing import files, told_files
from flowbench.project.records import Task
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

_ITEM = re.compile(r"^[ \t]*[-*+][ \t]+(?:\[(?P<mark>[ xX])\][ \t]+)?(?P<text>.+?)[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]{4,}")
_ENOUGH = 0.5  # of the words of a criterion, for a task to be about it


def audit(project: Project, epic: str) -> dict[str, Any]:
    """{epic, title, status, advisory: True, task_count, acceptance, tasks, gaps, findings, counts}. Changes nothing.

    acceptance: [{text, checked, covered_by: [ids]}] of the epic's spec; a task covers a criterion if it shares half of
    its longer words. tasks: [{id, title, status, acceptance, checked, files, tests, commits}], numbers but for the
    first three. findings: [{kind, id, message}]. counts: {kind: how many}.
    Raises: InvalidId, NotFound, DocumentError.
    """
    found = project.epic(epic)
    tasks = project.tasks(found.id)
    bodies = {task.id: project.body(task.id) for task in tasks}
    try:
        spec = project.spec(found.id)
    except NotFound:
        spec = ""
    criteria = [
        {"text": text, "checked": checked, "covered_by": _covering(text, tasks, bodies)}
        for text, checked in _items(sections.section(spec, sections.ACCEPTANCE) or "")
    ]
    rows = [_row(project, task, bodies[task.id]) for task in tasks]
    gaps = [gap for gap in project.gaps(found.id) if gap.get("status", "open") == "open"]
    findings = [
        *_of_epic(found.id, spec, criteria, found.plan_review_status),
        *(each for task, row in zip(tasks, rows, strict=True) for each in _of_task(task, row, bodies[task.id])),
        *(_finding("gap_open", found.id, f"{gap.get('priority')} gap: {gap.get('capability')}") for gap in gaps),
        *(
            _finding("files_shared", found.id, f"{name} belongs to {', '.join(owners)}")
            for name, owners in files(project, found.id)["conflicts"].items()
        ),
    ]
    kinds = [each["kind"] for each in findings]
    return {
        "epic": found.id,
        "title": found.title,
        "status": found.status,
        "advisory": True,
        "task_count": len(tasks),
        "acceptance": criteria,
        "tasks": rows,
        "gaps": gaps,
        "findings": findings,
        "counts": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
    }


def _of_epic(epic: str, spec: str, criteria: list[dict[str, Any]], review: str) -> Iterator[dict[str, str]]:
    for heading in sections.headings(spec):
        if heading != sections.ACCEPTANCE and (sections.section(spec, heading) or "").lstrip("- ") == sections.TBD:
            yield _finding("plan_open", epic, f"{heading} is still {sections.TBD}")
    if not criteria:
        yield _finding("acceptance_missing", epic, "the plan names no acceptance criteria")
    if review != "ship":
        yield _finding("plan_not_reviewed", epic, f"the review of the plan is {review}")
    for each in criteria:
        if not each["covered_by"]:
            yield _finding("criterion_uncovered", epic, f"no task is about: {each['text']}")


def _of_task(task: Task, row: dict[str, Any], body: str) -> Iterator[dict[str, str]]:
    if task.status is Status.SKIPPED:
        return
    for fault in sections.faults(body):
        yield _finding("task_text", task.id, fault)
    if not row["acceptance"]:
        yield _finding("acceptance_missing", task.id, "names no acceptance criteria")
    if not row["files"]:
        yield _finding("files_missing", task.id, "names no files")
    if task.status is Status.DONE:
        if not row["tests"]:
            yield _finding("tests_missing", task.id, "is done, and its evidence names no tests")
        if not row["commits"]:
            yield _finding("commits_missing", task.id, "is done, and its evidence names no commits")
        if row["checked"] < row["acceptance"]:
            left = row["acceptance"] - row["checked"]
            yield _finding("acceptance_unchecked", task.id, f"is done with {left} of its criteria unchecked")


def _row(project: Project, task: Task, body: str) -> dict[str, Any]:
    items = _items(sections.section(body, sections.ACCEPTANCE) or "")
    proof = project.runtime(task.id).evidence or {}
    return {
        "id": task.id,
        "title": task.title,
        "status": task.status.value,
        "acceptance": len(items),
        "checked": sum(checked is not False for _, checked in items),
        "files": len(task.files or told_files(body)),
        "tests": len(proof.get("tests") or ()),
        "commits": len(proof.get("commits") or ()),
    }


def _items(text: str) -> list[tuple[str, bool | None]]:
    """(text, whether it is checked; None: it has no box) of each item; TBD is none."""
    return [
        (found["text"], None if found["mark"] is None else found["mark"] != " ")
        for found in _ITEM.finditer(text.replace("\r\n", "\n"))
        if found["text"] != sections.TBD
    ]


def _covering(criterion: str, tasks: list[Task], bodies: dict[str, str]) -> list[str]:
    words = _words(criterion)
    about = [
        task.id
        for task in tasks
        if task.status is not Status.SKIPPED
        and words
        and len(words & _words(f"{task.title}\n{bodies[task.id]}")) >= _ENOUGH * len(words)
    ]
    return sorted(about, key=ids.key)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}


def _finding(kind: str, id: str, message: str) -> dict[str, str]:
    return {"kind": kind, "id": id, "message": message}
