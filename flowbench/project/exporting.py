"""Exporting: a whole project as one piece of plain data, and such data, or another project, taken in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench.project import ids
from flowbench.project.adopting import fields
from flowbench.project.config import FILE as CONFIG
from flowbench.project.errors import AlreadyThere, DocumentError, NoProject, NotFound, ProjectError
from flowbench.project.events import Event
from flowbench.project.files import read, sign
from flowbench.project.layout import ARCHIVE, FLOW, at
from flowbench.project.meta import FILE as META

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project

FORMAT, VERSION = "flowbench-project", 1
LARGEST = 256 << 20  # bytes of an export
_OWN = ("epics", "tasks", "specs", "state")  # told as records; `state` is the runtime of the Python original
_KEPT = ("task_id", "evidence", "extra", "root")


def export(project: Project) -> dict[str, Any]:
    """All of a project as JSON can hold it; records as they would be written in Markdown.

    {"format", "version", "exported_at", "config", "epics": [{"fields", "body", "spec", "gaps"}], "tasks": [{"fields",
    "body", "runtime", "evidence", "phases"}], "events", "files": {name: text}, "warnings"}. Raises: DuplicateRecord.
    """
    catalogue = project.catalogue()
    epics = []
    for epic in catalogue.epics.values():
        if not epic.placeholder:
            stored = project.stored(epic.id)
            written = stored.values if stored.form == "markdown" else fields(stored, epic, {})
            spec = _spec(project, epic.id)
            epics.append({"fields": written, "body": stored.body, "spec": spec, "gaps": project.gaps(epic.id)})
    tasks = []
    for task in project.listed(catalogue):
        stored = project.stored(task.id)
        runtime = project.runtime(task.id)
        told = {key: getattr(runtime, key) for key in runtime.__struct_fields__ if key not in _KEPT}
        tasks.append(
            {
                "fields": stored.values if stored.form == "markdown" else fields(stored, task, {}),
                "body": stored.body,
                "runtime": {key: value for key, value in told.items() if value not in (None, "", 0)},
                "evidence": runtime.evidence,
                "phases": project.phases(task.id),
            }
        )
    files, left_out = _files(project.layout.flow)
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": project.now(),
        "config": project.config.written,
        "epics": epics,
        "tasks": tasks,
        "events": [msgspec.to_builtins(event) for event in project.events()],
        "files": files,
        "warnings": [str(problem) for problem in catalogue.problems] + left_out,
    }


def import_(
    project: Project, source: Path | Mapping[str, Any] | None = None, *, dry_run: bool = False
) -> dict[str, Any]:
    """Take in another project or an export; without a source, make this project's own records Markdown.

    {"epics": ids, "tasks": ids, "files": names, "runtime_states_migrated", "warnings"}. All of it happens, or nothing.
    Raises: AlreadyThere for what is here already; ProjectError, DocumentError for what cannot be taken in.
    """
    if source is None:
        return _own_records(project, dry_run)
    told = source if isinstance(source, Mapping) else _told(source)
    if told.get("format") != FORMAT or told.get("version") != VERSION:
        raise ProjectError(f"no export of a project: its format is {told.get('format')!r} {told.get('version')!r}")
    made: dict[str, Any] = {"epics": [], "tasks": [], "files": [], "runtime_states_migrated": 0}
    with project.change("import", dry_run=dry_run) as change:
        for epic in told["epics"]:
            made["epics"].append(_epic(change, epic))
        for task in told["tasks"]:
            made["tasks"].append(_task(change, task))
            made["runtime_states_migrated"] += bool(task.get("runtime"))
        for name, text in told["files"].items():
            if change.read(name) != text.encode():
                change.create(name, text)
                made["files"].append(name)
        change.events += [msgspec.convert(event, Event) for event in told["events"]]
        change.event("project_imported", payload={"epics": len(made["epics"]), "tasks": len(made["tasks"])})
    return {**made, "warnings": list(told.get("warnings", ()))}


def _own_records(project: Project, dry_run: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"epics": [], "tasks": [], "files": []}
    migrated = project.reindex(dry_run=dry_run)["runtime_states_migrated"]
    with project.change("import", dry_run=dry_run) as change:
        catalogue = project.catalogue()
        made["epics"] = [
            epic.id for epic in catalogue.epics.values() if epic.form != "markdown" and not epic.placeholder
        ]
        made["tasks"] = [task.id for task in catalogue.tasks.values() if task.form != "markdown"]
        for id in (*made["epics"], *made["tasks"]):
            change.adopt(id)
        if made["epics"] or made["tasks"]:
            change.event("records_rewritten", payload={"epics": len(made["epics"]), "tasks": len(made["tasks"])})
    warnings = [str(problem) for problem in catalogue.problems]
    return {**made, "runtime_states_migrated": migrated, "warnings": warnings}


def _told(source: Path) -> Mapping[str, Any]:
    """The export that a path leads to: a project, its flow dir, or a JSON file."""
    from flowbench.project.project import Project

    if source.is_dir():
        flow = source if source.name == FLOW or sign(source / META) is not None else source / FLOW
        if not flow.is_dir():
            raise NoProject(source)
        other = Project(at(flow.resolve()))
        try:
            return export(other)
        finally:
            other.close()
    try:
        data, _ = read(source, LARGEST)
        found = json.loads(data)
    except FileNotFoundError:
        raise ProjectError(f"{source}: there is no such file or folder") from None
    except ValueError as error:
        raise DocumentError(source, f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise DocumentError(source, "is no JSON object")
    return found


def _epic(change: Change, told: Mapping[str, Any]) -> str:
    id = ids.epic_id(str(told["fields"].get("id"))).text
    _free(change, id)
    change.put_record(id, told["fields"], told["body"])
    if told["spec"] is not None:
        change.create(f"specs/{id}.md", told["spec"])
    if told["gaps"]:
        change.set_gaps(id, told["gaps"])
    return id


def _task(change: Change, told: Mapping[str, Any]) -> str:
    id = ids.task_id(str(told["fields"].get("id"))).text
    _free(change, id)
    change.put_record(id, told["fields"], told["body"])
    if told["runtime"]:
        change.note(id, **told["runtime"], root=str(change.project.layout.flow))
    if told["evidence"]:
        change.evidence(id, told["evidence"])
    for phase, completed_at in told["phases"].items():
        change.phase(id, phase, completed_at)
    return id


def _free(change: Change, id: str) -> None:
    """Raises: AlreadyThere, whatever form the record has."""
    try:
        stored = change.stored(id)
    except NotFound:
        return
    raise AlreadyThere(next(iter(stored.signs)))


def _spec(project: Project, epic: str) -> str | None:
    try:
        return read(project.layout.specs / f"{epic}.md")[0].decode(errors="replace")
    except (FileNotFoundError, DocumentError):
        return None


def _files(flow: Path) -> tuple[dict[str, str], list[str]]:
    """({name: text} of all other visible files and of the archive, what was left out)."""
    found, left_out = {}, []
    for path in sorted(flow.rglob("*")):
        name = path.relative_to(flow)
        if name.parts[0] in _OWN or (name.parts[0].startswith(".") and name.parts[0] != ARCHIVE) or path.is_dir():
            continue
        if name.as_posix() in (META, CONFIG):
            continue
        try:
            found[name.as_posix()] = read(path)[0].decode()
        except (DocumentError, OSError, UnicodeDecodeError) as error:
            left_out.append(f"{name}: left out: {error}")
    return found, left_out
