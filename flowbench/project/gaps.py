"""Gaps: what an epic was found to lack; one that is required or important keeps the epic open until it is resolved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flowbench.project import findings, ids
from flowbench.project.answering import told
from flowbench.project.errors import GapRefused

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project

PRIORITIES = ("required", "important", "nice-to-have")
BLOCKING = ("required", "important")
STATUSES = ("open", "resolved")


def gap_id(epic: str, capability: str) -> str:
    """The same for the same words, whatever their case and the blanks around them. Source: flowctl.py, gap."""
    return "gap-" + hashlib.sha256(f"{epic}:{capability.strip().lower()}".encode()).hexdigest()[:8]


def add(
    project: Project,
    epic: str,
    capability: str,
    *,
    priority: str = "required",
    source: str = "manual",
    task: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """{id, created, gap, message}; created is False for one that is there already, which stays as it is.

    Raises: NotFound, InvalidId, GapRefused.
    """
    with project.change("gap add", dry_run=dry_run) as change:
        id = change.project.stored(epic).id
        gaps = _read(change, id)
        if task is not None:
            ids.task_id(task)
            task = project.resolve(task)
        gap = _new(change, id, capability, priority, source, task)
        found = _of(gaps, gap["id"])
        if found is None:
            _keep(change, id, [*gaps, gap], [gap])
    if found is not None:
        return told(change, id=found["id"], created=False, gap=found, message=f"Gap already exists: {found['id']}")
    return told(change, id=gap["id"], created=True, gap=gap, message=f"Gap {gap['id']} added to {id}")


def register(
    project: Project,
    epic: str,
    found: Iterable[Mapping[str, Any]],
    *,
    source: str = "manual",
    task: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """{registered, warnings}: findings of a review become gaps; those that are gaps already are not counted again.

    A critical one is required, a major one important, a minor one none; see findings.priority. Raises: NotFound.
    """
    warnings = []
    with project.change("parse-findings", dry_run=dry_run) as change:
        id = change.project.stored(epic).id
        gaps = _read(change, id)
        before = len(gaps)
        for each in found:
            priority, warning = findings.priority(dict(each))
            if warning:
                warnings.append(warning)
            title = str(each["title"])
            if priority is None or not title.strip():
                continue
            gap = _new(change, id, title, priority, source, task)
            if _of(gaps, gap["id"]) is None:
                gaps.append(gap)
        if len(gaps) > before:
            _keep(change, id, gaps, gaps[before:])
    return told(change, registered=len(gaps) - before, warnings=warnings)


def listed(project: Project, epic: str, status: str | None = None) -> dict[str, Any]:
    """{epic, count, gaps}. status: only those that are open, or resolved. Raises: NotFound."""
    id = project.stored(epic).id
    gaps = [gap for gap in project.gaps(id) if status is None or gap.get("status") == status]
    return {"epic": id, "count": len(gaps), "gaps": gaps}


def resolve(
    project: Project,
    epic: str,
    *,
    evidence: str,
    capability: str | None = None,
    gap: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """{id, changed, gap, message}: the gap with that id, or of those words, is closed; evidence says by what.

    Raises: NotFound, GapRefused for one that is not there.
    """
    with project.change("gap resolve", dry_run=dry_run) as change:
        id = change.project.stored(epic).id
        wanted = gap if gap is not None else gap_id(id, capability or "")
        gaps = _read(change, id)
        found = _of(gaps, wanted)
        if found is None:
            what = f"capability {capability!r} (computed id: {wanted})" if gap is None else wanted
            raise GapRefused(f"Gap not found: {what}")
        is_new = found.get("status") != "resolved"
        if is_new:
            closed = {**found, "status": "resolved", "resolved_at": change.now, "evidence": evidence}
            change.set_gaps(id, [closed if each is found else each for each in gaps])
            change.event("gap_resolved", epic=id, payload={"gap": wanted, "evidence": evidence})
            found = closed
    message = f"Gap {wanted} {'' if is_new else 'already '}resolved"
    return told(change, id=wanted, changed=is_new, gap=found, message=message)


def check(project: Project, epic: str) -> dict[str, Any]:
    """{epic, gate: pass | fail, total, open_blocking, open_non_blocking, resolved}. Raises: NotFound."""
    id = project.stored(epic).id
    gaps = project.gaps(id)
    still = [gap for gap in gaps if gap.get("status") != "resolved"]
    blocking = [gap for gap in still if is_blocking(gap)]
    return {
        "epic": id,
        "gate": "fail" if blocking else "pass",
        "total": len(gaps),
        "open_blocking": blocking,
        "open_non_blocking": [gap for gap in still if not is_blocking(gap)],
        "resolved": [gap for gap in gaps if gap.get("status") == "resolved"],
    }


def is_blocking(gap: Mapping[str, Any]) -> bool:
    """By its priority; one that has none counts as required."""
    return gap.get("priority", "required") in BLOCKING


def _read(change: Change, epic: str) -> list[dict[str, Any]]:
    change.read(f"epics/{epic}.gaps.json")  # who edits it meanwhile is noticed
    return change.project.gaps(epic)


def _of(gaps: Iterable[dict[str, Any]], id: str) -> dict[str, Any] | None:
    return next((gap for gap in gaps if gap.get("id") == id), None)


def _new(change: Change, epic: str, capability: str, priority: str, source: str, task: str | None) -> dict[str, Any]:
    if not capability.strip():
        raise GapRefused("A gap needs a capability: what the epic lacks")
    if priority not in PRIORITIES:
        raise GapRefused(f"Invalid priority {priority!r}. Use: {', '.join(PRIORITIES)}")
    return {
        "id": gap_id(epic, capability),
        "capability": capability.strip(),
        "priority": priority,
        "status": "open",
        "source": source,
        "task": task,
        "added_at": change.now,
        "resolved_at": None,
        "evidence": None,
    }


def _keep(change: Change, epic: str, gaps: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    change.set_gaps(epic, gaps)
    for gap in new:
        payload = {"gap": gap["id"], "capability": gap["capability"], "priority": gap["priority"]}
        change.event("gap_added", epic=epic, task=gap["task"], payload=payload)
