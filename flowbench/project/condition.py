"""Condition: how far a project is, which epics were left in the middle, and whether all that it needs is sound."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.errors import FlowbenchError
from flowbench.project import ids, legacy, ralph
from flowbench.project.config import DEFAULTS
from flowbench.project.errors import NoProject
from flowbench.project.layout import find
from flowbench.project.meta import FILE as META
from flowbench.project.meta import READABLE
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project

STALE_DAYS = 7  # of a task that somebody works on, without a sign of it
MANY_LOCKS = 50
COUNTED = ("todo", "in_progress", "blocked", "done")
EXTRA_KEYS = frozenset({"max_retries"})  # of config.json, without a default


def detect(start: Path | None = None) -> dict[str, Any]:
    """{exists, valid, path, issues?}. Never raises for want of a project."""
    from flowbench.project.config import read_json

    try:
        layout = find(start)
    except NoProject:
        return {"exists": False, "valid": False, "path": None}
    issues = []
    try:
        meta = read_json(layout.flow / META)
        if meta is None:
            issues.append(f"{META} missing")
        elif meta.get("schema_version") not in READABLE:
            issues.append(f"schema_version unsupported (expected 1, 2, got {meta.get('schema_version')!r})")
    except FlowbenchError as error:
        issues.append(str(error))
    if layout.git is None:
        issues += [f"{name}/ missing" for name in layout.lacking]
    facts: dict[str, Any] = {"exists": True, "valid": not issues, "path": str(layout.flow)}
    return {**facts, "issues": issues} if issues else facts


def overview(project: Project | None, root: Path) -> dict[str, Any]:
    """{flow_exists, epics: {open, done}, tasks: {todo, in_progress, blocked, done}, runs}; no other state is counted.

    project: None, if there is none. root: where the runs of loops are looked for.
    """
    epics: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    if project is not None:
        catalogue = project.catalogue()
        epics.update(epic.status for epic in catalogue.epics.values())
        tasks.update(task.status.value for task in project.listed(catalogue))
    return {
        "flow_exists": project is not None,
        "epics": {word: epics[word] for word in ("open", "done")},
        "tasks": {word: tasks[word] for word in COUNTED},
        "runs": ralph.runs(root),
    }


def interrupted(project: Project) -> dict[str, Any]:
    """{interrupted: [{id, title, total, done, todo, in_progress, blocked, skipped, reason, suggested}]}: open epics
    with work left. reason: planned_not_started, where nothing has begun, else partially_complete.
    """
    catalogue = project.catalogue()
    by_epic: dict[str, Counter[str]] = {id: Counter() for id in catalogue.epics}
    for task in project.listed(catalogue):
        by_epic.setdefault(task.epic, Counter())[task.status.value] += 1
    rows = []
    for epic in catalogue.epics.values():
        counts = by_epic[epic.id]
        if epic.status == "done" or not (counts["todo"] or counts["in_progress"]):
            continue
        begun = counts["done"] or counts["in_progress"]
        rows.append(
            {
                "id": epic.id,
                "title": epic.title,
                "total": sum(counts.values()),
                **{word: counts[word] for word in ("done", "todo", "in_progress", "blocked", "skipped")},
                "reason": "partially_complete" if begun else "planned_not_started",
                "suggested": f"flowctl ready --epic {epic.id}",
            }
        )
    return {"interrupted": rows}


def doctor(project: Project) -> dict[str, Any]:
    """{checks: [{name, status: pass | warn | fail, message}], summary: {pass, warn, fail}, healthy}."""
    checks = [{"name": name, "status": status, "message": message} for name, status, message in _checks(project)]
    summary = {word: sum(check["status"] == word for check in checks) for word in ("pass", "warn", "fail")}
    return {"checks": checks, "summary": summary, "healthy": not summary["fail"]}


def _checks(project: Project) -> Iterator[tuple[str, str, str]]:
    report = project.validate()
    if report.valid:
        yield "validate", "pass", "All epics and tasks validated successfully"
    else:
        yield "validate", "fail", f"{report.total_errors} errors; `flowctl validate --all` names them"
    yield "state_dir_access", *_access(project.layout.state)
    known = {task.id for task in project.tasks()}
    lost = sorted({*project.state.known(), *legacy.tasks(project.layout)} - known, key=ids.key)
    if lost:
        yield "orphaned_state", "warn", f"State of tasks that are not here: {', '.join(lost)}"
    else:
        yield "orphaned_state", "pass", "No orphaned state files"
    stale = _stale(project)
    if stale:
        yield "stale_tasks", "warn", f"In progress for more than {STALE_DAYS} days without a sign: {', '.join(stale)}"
    else:
        yield "stale_tasks", "pass", "No stale in_progress tasks"
    count = len(project.locks.held())
    more = "; `flowctl unlock --all` gives them back" if count > MANY_LOCKS else ""
    yield "lock_files", "warn" if count > MANY_LOCKS else "pass", f"{count} file locks held{more}"
    yield "config", *_config(project)
    git = project.layout.git
    if git is None:
        yield "git_common_dir", "warn", "No git repository: worktrees cannot share the state"
    else:
        yield "git_common_dir", "pass", f"git common-dir reachable: {git}"


def _access(state: Path) -> tuple[str, str]:
    here = state
    while not here.exists():
        here = here.parent
    if here.is_dir() and os.access(here, os.W_OK | os.X_OK):
        return "pass", f"State dir accessible: {state}"
    return "fail", f"State dir cannot be written: {state}"


def _stale(project: Project) -> list[str]:
    before = datetime.fromtimestamp(project.clock(), UTC) - timedelta(days=STALE_DAYS)
    found = []
    for task in project.tasks():
        if task.status is Status.IN_PROGRESS:
            runtime = project.runtime(task.id)
            signs = [runtime.heartbeat_at, runtime.updated_at, task.updated_at, task.claimed_at]
            last = max((each for each in map(_time, signs) if each is not None), default=None)
            if last is not None and last < before:
                found.append(task.id)
    return found


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _config(project: Project) -> tuple[str, str]:
    try:
        written = project.config.written
    except FlowbenchError as error:
        return "fail", str(error)
    unknown = sorted(set(written) - set(DEFAULTS) - EXTRA_KEYS)
    if unknown:
        return "warn", f"config.json has unknown keys: {', '.join(unknown)}"
    return "pass", "config.json valid with known keys"
