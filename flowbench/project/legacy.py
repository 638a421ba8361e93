"""Legacy: what earlier flowctls knew of tasks: runtime files `tasks/<task>.state.json`, a database: read only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from flowbench.project import ids, rust_state
from flowbench.project.config import read_json
from flowbench.project.documents import load
from flowbench.project.errors import DocumentError, InvalidConfig, InvalidStatus, ProjectError
from flowbench.project.files import names
from flowbench.project.layout import Layout
from flowbench.project.state import COLUMNS, Statement, noted, phased, proven
from flowbench.project.status import parse

ENDING = ".state.json"
_TEXTS = (
    "assignee",
    "claimed_at",
    "blocked_reason",
    "skipped_reason",
    "completed_at",
    "updated_at",
    "baseline_rev",
    "final_rev",
)
_KNOWN = frozenset({*_TEXTS, *COLUMNS, "claim_note", "evidence", "phase_progress", "duration_secs", "task_id"})


def folders(layout: Layout) -> Iterator[Path]:
    """Where such files may be: the state dir, and the one that the original used without git."""
    yield layout.state / "tasks"
    yield layout.flow / "state" / "tasks"


def states(layout: Layout) -> dict[str, Path]:
    """{task: its runtime file}."""
    found: dict[str, Path] = {}
    for folder in folders(layout):
        for name in names(folder):
            id = name.removesuffix(ENDING)
            if name.endswith(ENDING) and id not in found and ids.is_id(id) and "." in id:
                found[id] = folder / name
    return found


def state_of(layout: Layout, task_id: str) -> dict[str, Any] | None:
    """What was known of one task; None: nothing, or nothing that can be read. The Rust one told no status here."""
    for folder in folders(layout):
        told = look(folder / f"{task_id}{ENDING}")
        if told is not None:
            return told
    return rust_state.states(layout, task_id).get(task_id)


def tasks(layout: Layout) -> list[str]:
    """Of which anything was known."""
    found = [id for id, path in states(layout).items() if look(path) is not None]
    return list(dict.fromkeys([*found, *(id for id in rust_state.states(layout) if ids.is_id(id) and "." in id)]))


def look(path: Path) -> dict[str, Any] | None:
    """The object in a runtime file; None: there is none."""
    try:
        return read_json(path)
    except (DocumentError, InvalidConfig):
        return None


def columns(told: Mapping[str, Any]) -> dict[str, Any]:
    """What it says as columns of runtime; what has none comes as `extra`."""
    made: dict[str, Any] = {key: str(told[key]) for key in _TEXTS if told.get(key) is not None}
    made["claim_note"] = str(told.get("claim_note") or "")
    seconds = told.get("duration_seconds", told.get("duration_secs"))
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        made["duration_seconds"] = seconds
    retries = told.get("retry_count")
    if isinstance(retries, int) and not isinstance(retries, bool):
        made["retry_count"] = retries
    if told.get("status"):
        try:
            made["status"] = parse(str(told["status"])).value
        except InvalidStatus:
            made["status"] = "todo"
    extra = {key: value for key, value in told.items() if key not in _KNOWN}
    if extra:
        made["extra"] = extra
    return made


def taken_over(layout: Layout, task_id: str, now: str) -> list[Statement]:
    """What was known of a task as rows of `state.db`; [] if nothing was."""
    told = state_of(layout, task_id)
    if told is None:
        return []
    if not told.get("status"):
        with suppress(ProjectError):  # its file may be in another worktree
            told = {**told, "status": load(layout, task_id).task.written.value}
    return imported(task_id, told, now)


def imported(task_id: str, told: Mapping[str, Any], now: str) -> list[Statement]:
    """The same as rows of `state.db`."""
    found = [noted(task_id, **columns(told))]
    evidence = told.get("evidence")
    if isinstance(evidence, dict):
        found.append(proven(task_id, evidence, str(told.get("completed_at") or now)))
    progress = told.get("phase_progress")
    done = progress.get("completed_phases") if isinstance(progress, dict) else None
    for phase in done if isinstance(done, list) else ():
        name = phase.get("phase") if isinstance(phase, dict) else phase
        at = phase.get("completed_at") if isinstance(phase, dict) else None
        found.append(phased(task_id, str(name), str(at or now)))
    return found
