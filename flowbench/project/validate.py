"""Validate: what is wrong with a project: files, ids, dependencies, statuses, and what its state says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from flowbench.project import events, ids, sections
from flowbench.project.config import read_json
from flowbench.project.dag import Dag
from flowbench.project.documents import load
from flowbench.project.errors import Cycle, DocumentError, DuplicateRecord, InvalidConfig, NotFound, ProjectError
from flowbench.project.files import scan, sign
from flowbench.project.front_matter import conflict
from flowbench.project.index import Catalogue
from flowbench.project.meta import FILE as META
from flowbench.project.meta import READABLE
from flowbench.project.records import DOMAINS, Epic, Task
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

_Last = dict[str, tuple[str | None, str | None]]  # {task: (status that a verb has given it last, in which flow dir)}
_PRIORITIES = ("required", "important", "nice-to-have")


class EpicReport(msgspec.Struct, frozen=True):
    """Of one epic and its tasks."""

    epic: str
    errors: list[str]
    warnings: list[str]
    task_count: int

    @property
    def valid(self) -> bool:
        return not self.errors


class Report(msgspec.Struct, frozen=True):
    """root_errors, root_warnings: of the project as a whole; empty when one epic was asked for."""

    root_errors: list[str]
    root_warnings: list[str]
    epics: list[EpicReport]

    @property
    def valid(self) -> bool:
        return not self.root_errors and all(each.valid for each in self.epics)

    @property
    def total_errors(self) -> int:
        return len(self.root_errors) + sum(len(each.errors) for each in self.epics)

    @property
    def total_warnings(self) -> int:
        return len(self.root_warnings) + sum(len(each.warnings) for each in self.epics)

    @property
    def total_tasks(self) -> int:
        return sum(each.task_count for each in self.epics)


def validate(project: Project, epic: str | None = None) -> Report:
    """One epic, or all. Raises: InvalidId, NotFound (for the one)."""
    if epic is not None:
        epic = project.resolve(epic)
        ids.epic_id(epic)
    try:
        catalogue = project.catalogue()
    except DuplicateRecord as error:
        return Report([str(error)], [], [])
    listed = project.listed(catalogue)
    rows = project.state.read("SELECT task_id, status, root FROM runtime")
    last: _Last = {task: (status, root) for task, status, root in rows}
    tasks: dict[str, list[Task]] = {}
    for task in listed:
        tasks.setdefault(task.epic, []).append(task)
    if epic is not None:
        broken = [problem for problem in catalogue.problems if problem.id == epic]
        if epic not in catalogue.epics and not broken:
            raise NotFound(epic, project.layout.epics / f"{epic}.md")
        return Report([], [], [_epic(project, catalogue, epic, tasks.get(epic, []), last)])
    known = dict.fromkeys(
        [*catalogue.epics, *(each.id for each in catalogue.problems if each.id and "." not in each.id)]
    )
    reports = [_epic(project, catalogue, id, tasks.get(id, []), last) for id in sorted(known, key=ids.key)]
    return Report(list(_root_errors(project, catalogue)), list(_root_warnings(project, catalogue)), reports)


def _root_errors(project: Project, catalogue: Catalogue) -> Iterator[str]:
    flow = project.layout.flow
    try:
        meta = read_json(flow / META)
        if meta is None:
            yield f"{META} missing"
        elif meta.get("schema_version") not in READABLE:
            yield f"schema_version unsupported in {META} (expected 1, 2, got {meta.get('schema_version')!r})"
    except (DocumentError, InvalidConfig) as error:
        yield str(error)
    try:
        _ = project.config
    except (DocumentError, InvalidConfig) as error:
        yield str(error)
    if project.layout.git is None:
        for name in project.layout.lacking:
            yield f"Required directory missing: {name}/"
    numbers: dict[int, list[str]] = {}
    for id, epic in catalogue.epics.items():
        if not epic.placeholder:
            numbers.setdefault(ids.epic_id(id).number, []).append(id)
    for number, same in sorted(numbers.items()):
        if len(same) > 1:
            yield f"Epic number {number} is there more than once: {', '.join(same)}"
    for problem in catalogue.problems:
        if not problem.id:
            yield str(problem)
    damaged = events.broken(project.state)
    if damaged is not None:
        yield f"state.db: event {damaged} is not as it was written, or events before it are missing"


def _root_warnings(project: Project, catalogue: Catalogue) -> Iterator[str]:
    if project.layout.git is not None:
        for name in project.layout.lacking:
            yield f"Directory missing: {name}/; git keeps no empty ones, `flowctl init` makes it"
    for name in sorted(scan(project.layout.specs, (".md",))):
        id = name.removesuffix(".md")
        if id not in catalogue.epics:
            yield f"Orphaned spec: specs/{name} has no epic"
    for task in sorted(project.state.claims().keys() - catalogue.tasks.keys(), key=ids.key):
        yield f"Task {task} is claimed, but its file is not here; it may be in another worktree"


def _epic(project: Project, catalogue: Catalogue, id: str, tasks: list[Task], last: _Last) -> EpicReport:
    errors = [str(each) for each in catalogue.problems if id in (each.id, ids.epic_of(each.id))]
    warnings: list[str] = []
    epic = catalogue.epics.get(id)
    if epic is not None and not epic.placeholder:
        errors += _epic_errors(project, catalogue, epic, tasks)
    for task in tasks:
        errors += _task_errors(project, catalogue, task)
        warnings += _task_warnings(project, task, last.get(task.id))
    known = {task.id for task in tasks}
    try:
        Dag([(task.id, [each for each in task.depends_on if each in known]) for task in tasks])
    except Cycle as error:
        errors.append(str(error))
    return EpicReport(id, errors, warnings, len(tasks))


def _holds_its_spec(project: Project, epic: Epic) -> bool:
    """Below its fields, as flowctl in Rust had it."""
    return epic.form == "markdown" and not epic.placeholder and bool(project.stored(epic.id).body.strip())


def _epic_errors(project: Project, catalogue: Catalogue, epic: Epic, tasks: list[Task]) -> Iterator[str]:
    spec = project.layout.specs / f"{epic.id}.md"
    if sign(spec) is None and not _holds_its_spec(project, epic):
        yield f"Epic spec missing: specs/{epic.id}.md"
    for each in epic.depends_on_epics:
        if not ids.is_id(each) or "." in each:
            yield f"Epic {epic.id}: depends_on_epics has an invalid id: {each!r}"
        elif each == epic.id:
            yield f"Epic {epic.id}: depends_on_epics names the epic itself"
        elif each not in catalogue.epics and not (project.layout.archive / each).is_dir():
            yield f"Epic {epic.id}: depends_on_epics names {each}, which is not there"
    try:
        gaps = project.gaps(epic.id)
    except ProjectError as error:
        yield str(error)
        gaps = []
    yield from _gap_errors(epic.id, gaps)
    if epic.status == "done":
        for task in tasks:
            if not task.status.is_satisfied:
                yield f"Epic {epic.id} is done, but task {task.id} is {task.status}"


def _gap_errors(epic: str, gaps: list[dict[str, object]]) -> Iterator[str]:
    seen = set()
    for gap in gaps:
        name = gap.get("id")
        if not isinstance(name, str) or not name:
            yield f"Epic {epic}: a gap has no id"
            continue
        if name in seen:
            yield f"Epic {epic}: gap {name} is there twice"
        seen.add(name)
        if not gap.get("capability"):
            yield f"Epic {epic}: gap {name} has no capability"
        if gap.get("status") not in {"open", "resolved"}:
            yield f"Epic {epic}: gap {name} has an unknown status: {gap.get('status')!r}"
        if gap.get("priority") not in _PRIORITIES:
            yield f"Epic {epic}: gap {name} has an unknown priority: {gap.get('priority')!r}"


def _task_errors(project: Project, catalogue: Catalogue, task: Task) -> Iterator[str]:
    for each in task.depends_on:
        if not ids.is_id(each) or "." not in each:
            yield f"Task {task.id}: depends_on has an invalid id: {each!r}"
        elif ids.epic_of(each) != task.epic:
            yield f"Task {task.id}: dependency {each} is outside of the epic"
        elif each not in catalogue.tasks:
            yield f"Task {task.id}: dependency {each} is missing"
    if task.domain is not None and task.domain not in DOMAINS:
        yield f"Task {task.id}: unknown domain {task.domain!r} (one of {', '.join(DOMAINS)})"
    if sign(project.layout.tasks / f"{task.id}.md") is None:
        yield f"Task spec missing: tasks/{task.id}.md"
        return
    try:
        body = load(project.layout, task.id).body
    except ProjectError as error:
        yield str(error)
        return
    where = conflict(body)
    if where is not None:
        yield f"Task {task.id}: git has left a merge conflict in its text"
    for fault in sections.faults(body):
        yield f"Task {task.id}: {fault}"


def _task_warnings(project: Project, task: Task, last: tuple[str | None, str | None] | None) -> Iterator[str]:
    """Where the file and the state say different things."""
    if task.form != "markdown":
        return
    if task.status is not task.written:
        yield f"Task {task.id}: claimed by {task.assignee}, so it is {task.status}; its file says {task.written}"
        return
    if last is None or last[0] is None or last[0] == task.written.value:
        if task.written is Status.IN_PROGRESS and task.assignee is None:
            yield f"Task {task.id}: its file says in_progress, but nobody on this machine has claimed it"
        return
    status, root = last
    where = "" if root in (None, str(project.layout.flow)) else f" in {root}"
    yield f"Task {task.id}: its file says {task.written}; flowctl has last made it {status}{where}"
