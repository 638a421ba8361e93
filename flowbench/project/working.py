"""Working: a task is started, done or blocked, by whoever works on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections, status
from flowbench.project.answering import told
from flowbench.project.documents import load
from flowbench.project.errors import InvalidId, NotFound, ProjectError, TaskRefused
from flowbench.project.layout import at
from flowbench.project.records import Task
from flowbench.project.status import SATISFIED, Status

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project

LISTS = ("commits", "tests", "prs")  # of evidence
_WORD = re.compile(r"[^A-Za-z0-9._-]+")


def start(project: Project, task: str, *, force: bool = False, note: str = "", dry_run: bool = False) -> dict[str, Any]:
    """{id, status, message}: the actor works on the task from now on; on one that they work on already they go on.

    force: though it waits for others, is blocked or failed, or somebody else works on it; never one that is done. It
    is logged. note: kept with the claim. Of several that start one task at once exactly one has it.
    Raises: InvalidId, NotFound, TaskRefused, InvalidTransition.
    """
    wanted = project.resolve(ids.task_id(task).text)
    with project.change("start", dry_run=dry_run) as change:
        found = change.task(wanted)
        was, owner, me = found.status, found.assignee, project.actor
        if was is Status.DONE:
            raise TaskRefused(f"Cannot start task {wanted}: status is 'done'; `flowctl restart {wanted}` reopens it")
        goes_on = was is Status.IN_PROGRESS
        if goes_on and owner not in (None, me) and not force:
            raise TaskRefused(
                f"Cannot start task {wanted}: claimed by '{owner}', and you are '{me}'. Use --force to take it over."
            )
        if was is Status.BLOCKED and not force:
            raise TaskRefused(f"Cannot start task {wanted}: it is blocked. Use --force to start it all the same.")
        if not goes_on:
            status.move(was, Status.IN_PROGRESS, force=force)
        if not force:
            _done_elsewhere(project, found)
            _waited_for(change, found)
        taken_over = goes_on and owner not in (None, me)
        if taken_over and not note:
            note = f"Taken over from {owner}"
        if goes_on and owner == me:
            if note:
                change.note(wanted, claim_note=note)
        else:
            change.set(wanted, status=Status.IN_PROGRESS)
            change.claim(wanted, note=note or found.claim_note)
            change.note(wanted, blocked_reason=None, completed_at=None)
        facts = {"note": note, "forced": force, "from": was.value, "taken_over_from": owner if taken_over else None}
        payload = {key: value for key, value in facts.items() if value}
        change.event("task_resumed" if goes_on and not taken_over else "task_started", task=wanted, payload=payload)
    word = "resumed" if goes_on and not taken_over else "started"
    return told(change, id=wanted, status=Status.IN_PROGRESS.value, message=f"Task {wanted} {word}")


def done(
    project: Project,
    task: str,
    *,
    summary: str = "",
    evidence: Mapping[str, Any] | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """{id, status, message, duration_seconds?, warning?}: the task is finished; summary and evidence go to its text.

    summary: by default one bullet. evidence: commits, tests and prs are lists, or one text each; `review_receipt` is
    kept in `reviews/`. force: though nobody, or somebody else, works on it. duration_seconds: since the claim.
    Raises: InvalidId, NotFound, TaskRefused, InvalidTransition.
    """
    wanted = project.resolve(ids.task_id(task).text)
    proof = _evidence(evidence or {})
    with project.change("done", dry_run=dry_run) as change:
        found = change.task(wanted)
        me = project.actor
        if found.status is Status.DONE:
            raise TaskRefused(f"Cannot complete task {wanted}: status is 'done' already.")
        if found.status is not Status.IN_PROGRESS and not force:
            raise TaskRefused(
                f"Cannot complete task {wanted}: status is '{found.status}', not 'in_progress'. Start it first, "
                "or use --force."
            )
        if found.assignee not in (None, me) and not force:
            raise TaskRefused(
                f"Cannot complete task {wanted}: claimed by '{found.assignee}', and you are '{me}'. "
                "Use --force to complete it all the same."
            )
        status.move(found.status, Status.DONE, force=force)
        seconds = _seconds(found.claimed_at, change.now)
        text = summary.strip() or "- Task completed"
        change.set(wanted, status=Status.DONE)
        change.body(
            wanted,
            lambda body: sections.patched(
                sections.patched(body, sections.SUMMARY, text),
                sections.EVIDENCE,
                sections.evidence_text(proof, seconds),
            ),
        )
        change.evidence(wanted, proof)
        change.note(wanted, completed_at=change.now, duration_seconds=seconds, blocked_reason=None, **_revisions(proof))
        receipt = proof.get("review_receipt")
        if isinstance(receipt, Mapping):
            _archive(change, wanted, receipt)
        payload = {"duration_seconds": seconds, **({"forced": True} if force else {})}
        change.event("task_completed", task=wanted, payload=payload)
    facts: dict[str, Any] = {"id": wanted, "status": Status.DONE.value, "message": f"Task {wanted} completed"}
    if seconds is not None:
        facts["duration_seconds"] = seconds
    if warning := _doubt(proof):
        facts["warning"] = warning
    return told(change, **facts)


def block(project: Project, task: str, *, reason: str, dry_run: bool = False) -> dict[str, Any]:
    """{id, status, message}: the task cannot go on; the reason goes to the end of its Done summary.

    Raises: InvalidId, NotFound, TaskRefused, InvalidTransition.
    """
    wanted = project.resolve(ids.task_id(task).text)
    if not reason.strip():
        raise TaskRefused("Reason cannot be empty")
    with project.change("block", dry_run=dry_run) as change:
        found = change.task(wanted)
        if found.status is Status.DONE:
            raise TaskRefused(f"Cannot block task {wanted}: status is 'done'.")
        status.move(found.status, Status.BLOCKED)
        change.set(wanted, status=Status.BLOCKED)
        change.body(wanted, lambda body: sections.appended(body, sections.SUMMARY, f"Blocked:\n{reason.strip()}"))
        change.note(wanted, blocked_reason=reason.strip())
        change.event("task_blocked", task=wanted, payload={"reason": reason.strip()})
    return told(change, id=wanted, status=Status.BLOCKED.value, message=f"Task {wanted} blocked")


def unmet(task: Task, known: Mapping[str, Status]) -> list[tuple[str, str]]:
    """(dependency, its status or `missing`) of what a task still waits for, in the order that it names them."""
    return [
        (id, known[id].value if id in known else "missing")
        for id in task.depends_on
        if id not in known or not known[id].is_satisfied
    ]


def _done_elsewhere(project: Project, task: Task) -> None:
    """A task that is finished in another worktree is not begun a second time here."""
    known = project.runtime(task.id)
    if known.root is None or known.root == str(project.layout.flow) or known.status not in SATISFIED:
        return
    try:
        there = load(at(Path(known.root)), task.id).task.written
    except ProjectError:  # that worktree is gone, or has another branch
        return
    if there.is_satisfied:
        raise TaskRefused(
            f"Cannot start task {task.id}: it is {there} in {Path(known.root).parent}. Merge that branch, or use "
            "--force to do it again."
        )


def _waited_for(change: Change, task: Task) -> None:
    known = {}
    for id in task.depends_on:
        with suppress(NotFound, InvalidId):
            known[id] = change.task(id).status
    for id, state in unmet(task, known):
        if state == "missing":
            raise TaskRefused(
                f"Cannot start task {task.id}: dependency {id} does not exist. `flowctl dep rm {task.id} {id}` takes "
                "it away, --force overrides it."
            )
        raise TaskRefused(
            f"Cannot start task {task.id}: dependency {id} is '{state}', not 'done'. Complete dependencies first or "
            "use --force to override."
        )


def _evidence(given: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(given)
    for key in LISTS:
        value = found.get(key)
        if isinstance(value, str):
            found[key] = [value]
        elif value is None:
            found[key] = []
        elif not isinstance(value, list):
            raise TaskRefused(f"Evidence {key} must be a list of texts, not {type(value).__name__}")
    return found


def _doubt(evidence: Mapping[str, Any]) -> str:
    changes = evidence.get("workspace_changes")
    if changes is None:
        return ""
    if not isinstance(changes, Mapping):
        return "workspace_changes is no object; it is kept, and not shown"
    missing = sorted(sections.WORKSPACE - changes.keys())
    return f"workspace_changes lacks {', '.join(missing)}; it is kept, and not shown" if missing else ""


def _revisions(evidence: Mapping[str, Any]) -> dict[str, str]:
    changes = evidence.get("workspace_changes")
    if not isinstance(changes, Mapping):
        return {}
    return {key: str(changes[key]) for key in ("baseline_rev", "final_rev") if changes.get(key)}


def _archive(change: Change, task: str, receipt: Mapping[str, Any]) -> None:
    """reviews/<type>-<task>-<mode>.json, as the review verbs look for it."""
    import json

    words = (receipt.get("type") or "review", receipt.get("mode") or "unknown")
    kind, mode = (_WORD.sub("_", str(word)) for word in words)
    change.write(f"reviews/{kind}-{task}-{mode}.json", json.dumps(receipt, indent=2, sort_keys=True) + "\n")


def _seconds(since: str | None, now: str) -> int | None:
    """Whole seconds between two ISO times; None if the first is none."""
    try:
        begun = datetime.fromisoformat(since or "")
    except ValueError:
        return None
    if begun.tzinfo is None:
        return None
    return max(0, int((datetime.fromisoformat(now) - begun).total_seconds()))
