"""Failing: a task fails; it is tried again, or whatever waits for it fails with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections, status
from flowbench.project.answering import told
from flowbench.project.errors import TaskRefused
from flowbench.project.reaching import downstream
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.project import Project


def fail(
    project: Project, task: str, *, reason: str = "", force: bool = False, dry_run: bool = False
) -> dict[str, Any]:
    """{id, status, message, reason, upstream_failed?}: up_for_retry while `max_retries` allows it, then failed.

    upstream_failed: the tasks of the epic that waited for it; what is done, skipped or failed itself stays so.
    force: though nobody works on it. Raises: InvalidId, NotFound, TaskRefused, InvalidTransition.
    """
    wanted = project.resolve(ids.task_id(task).text)
    with project.change("fail", dry_run=dry_run) as change:
        found = change.task(wanted)
        if found.status is not Status.IN_PROGRESS and not force:
            raise TaskRefused(
                f"Cannot fail task {wanted}: status is '{found.status}', not 'in_progress'. Use --force to fail it all "
                "the same."
            )
        retries = project.runtime(wanted).retry_count
        failure = status.fail(found.status, retries, project.config.max_retries, force=force)
        change.set(wanted, status=failure.status)
        if reason.strip():
            change.body(wanted, lambda body: sections.appended(body, sections.SUMMARY, f"Failed:\n{reason.strip()}"))
        change.note(wanted, retry_count=failure.retries, claimed_at=None, assignee=None)
        payload = {"reason": reason.strip(), "retries": failure.retries, **({"forced": True} if force else {})}
        change.event("task_failed" if failure.spreads else "task_up_for_retry", task=wanted, payload=payload)
        hit = []
        if failure.spreads:
            for each in downstream(change.tasks(found.epic), wanted):
                if status.hit(each.status) is not each.status:
                    change.set(each.id, status=Status.UPSTREAM_FAILED)
                    change.note(each.id, claimed_at=None, assignee=None)
                    change.event("task_upstream_failed", task=each.id, payload={"failed": wanted})
                    hit.append(each.id)
    answer: dict[str, Any] = {
        "id": wanted,
        "status": failure.status.value,
        "message": f"Task {wanted} {'failed' if failure.spreads else 'is up for retry'}",
        "reason": reason.strip() or None,
    }
    if hit:
        answer["upstream_failed"] = hit
    if not failure.spreads:
        answer["retry_count"] = failure.retries
    return told(change, **answer)
