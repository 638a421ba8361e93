"""Epics: what verbs do to one: its plan, reviews, branch, title, back ends, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.project import ids, sections
from flowbench.project.answering import told
from flowbench.project.errors import EpicRefused
from flowbench.project.front_edit import REMOVE
from flowbench.project.layout import ARCHIVE
from flowbench.project.reaching import way

if TYPE_CHECKING:
    from flowbench.project.project import Project

BACKENDS = ("impl", "review", "sync")
BLOCKING = ("required", "important")  # priorities of gaps that keep an epic open


def create(project: Project, title: str, *, branch: str | None = None, dry_run: bool = False) -> dict[str, Any]:
    """{id, title, spec_path, message}. branch: by default the id. Raises: ProjectError without a title."""
    with project.change("epic create", dry_run=dry_run) as change:
        made = change.create_epic(title, branch)
    return told(
        change, id=made.id, title=made.title, spec_path=f".flow/specs/{made.id}.md", message=f"Epic {made.id} created"
    )


def set_plan(project: Project, epic: str, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, spec_path, message}: another spec. Raises: NotFound, EpicRefused for a heading that is there twice."""
    id = _resolved(project, epic)
    found = sections.duplicates(text)
    if found:
        raise EpicRefused(
            "Spec validation failed: " + "; ".join(f"Duplicate heading: {name} (found {n} times)" for name, n in found)
        )
    with project.change("epic set-plan", dry_run=dry_run) as change:
        change.write(f"specs/{id}.md", text)
        change.set(id)
        change.event("epic_plan_set", epic=id)
    path = project.layout.specs / f"{id}.md"
    return told(change, id=id, spec_path=str(path), message=f"Epic {id} spec updated")


def set_review(project: Project, epic: str, which: str, status: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, <which>_review_status, <which>_reviewed_at, message}. which: plan | completion. status: ship | needs_work |
    unknown, which takes the time away. Raises: NotFound.
    """
    id = _resolved(project, epic)
    with project.change(f"epic set-{which}-review-status", dry_run=dry_run) as change:
        at = None if status == "unknown" else change.now
        names = (f"{which}_review_status", f"{which}_reviewed_at")
        change.set(id, **{names[0]: status, names[1]: REMOVE if at is None else at})
        change.event(f"epic_{which}_reviewed", epic=id, payload={"status": status})
    message = f"Epic {id} {which} review status set to {status}"
    return told(change, id=id, **{names[0]: status, names[1]: at}, message=message)


def set_branch(project: Project, epic: str, branch: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, branch_name, message}. Raises: NotFound, EpicRefused for an empty name."""
    id = _resolved(project, epic)
    if not branch.strip():
        raise EpicRefused("A branch needs a name")
    with project.change("epic set-branch", dry_run=dry_run) as change:
        change.set(id, branch_name=branch.strip())
        change.event("epic_branch_set", epic=id, payload={"branch": branch.strip()})
    return told(change, id=id, branch_name=branch.strip(), message=f"Epic {id} branch_name set to {branch.strip()}")


def set_title(project: Project, epic: str, title: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{old_id, new_id, title, files_renamed, tasks_updated, updated_deps_in?, message}: a new slug, the same number.

    Raises: NotFound, AlreadyThere, EpicRefused without a title.
    """
    id = _resolved(project, epic)
    if not title.strip():
        raise EpicRefused("A title is needed: text that is more than blanks")
    with project.change("epic set-title", dry_run=dry_run) as change:
        facts = change.rename_epic(id, title)
    message = f"Epic renamed: {id} -> {facts['new_id']}" if facts["new_id"] != id else f"Epic {id} has a new title"
    if not facts["updated_deps_in"]:
        del facts["updated_deps_in"]
    return told(change, **facts, message=message)


def set_backend(project: Project, epic: str, given: dict[str, str | None], *, dry_run: bool = False) -> dict[str, Any]:
    """{id, default_impl, default_review, default_sync, message}. given: by impl, review, sync; "" clears, None leaves.

    Raises: NotFound, EpicRefused if nothing is given.
    """
    id = _resolved(project, epic)
    changes = _backends(given)
    with project.change("epic set-backend", dry_run=dry_run) as change:
        change.set(id, **{f"default_{name}": spec or REMOVE for name, spec in changes.items()})
        change.event("epic_backend_set", epic=id, payload=changes)
        after = change.epic(id)
    facts = {f"default_{name}": getattr(after, f"default_{name}") for name in BACKENDS}
    said = ", ".join(f"default_{name}={spec or 'null'}" for name, spec in changes.items())
    return told(change, id=id, **facts, message=f"Epic {id} backend specs updated: {said}")


def set_auto_execute(project: Project, epic: str, pending: bool, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, auto_execute_pending, auto_execute_set_at, message}. Raises: NotFound."""
    id = _resolved(project, epic)
    with project.change("epic set-auto-execute", dry_run=dry_run) as change:
        change.set(id, auto_execute_pending=pending, auto_execute_set_at=change.now)
        change.event("epic_auto_execute_set", epic=id, payload={"pending": pending})
    word = "pending" if pending else "done"
    return told(
        change,
        id=id,
        auto_execute_pending=pending,
        auto_execute_set_at=change.now,
        message=f"Epic {id} auto_execute set to {word}",
    )


def add_dep(project: Project, epic: str, other: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, depends_on_epics, message}: the epic waits for another.

    Raises: NotFound, EpicRefused for itself and for a cycle.
    """
    id, to = _resolved(project, epic), _resolved(project, other)
    if id == to:
        raise EpicRefused("Epic cannot depend on itself")
    with project.change("epic add-dep", dry_run=dry_run) as change:
        before = change.epic(id).depends_on_epics
        change.epic(to)
        if to in before:
            return told(change, id=id, depends_on_epics=before, message=f"{to} already in dependencies")
        found = way({each.id: each.depends_on_epics for each in change.epics()}, to, id)
        if found:
            raise EpicRefused(f"Epic {id} cannot depend on {to}: that would be a cycle: {' -> '.join([id, *found])}")
        change.set(id, depends_on_epics=[*before, to])
        change.event("epic_dep_added", epic=id, payload={"depends_on": to})
    return told(change, id=id, depends_on_epics=[*before, to], message=f"Added {to} to {id} dependencies")


def rm_dep(project: Project, epic: str, other: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, depends_on_epics, message}; the other need not be there any more. Raises: NotFound."""
    id = _resolved(project, epic)
    to = project.resolve(ids.epic_id(other).text)
    with project.change("epic rm-dep", dry_run=dry_run) as change:
        before = change.epic(id).depends_on_epics
        if to not in before:
            return told(change, id=id, depends_on_epics=before, message=f"{to} not in dependencies")
        after = [each for each in before if each != to]
        change.set(id, depends_on_epics=after)
        change.event("epic_dep_removed", epic=id, payload={"depends_on": to})
    return told(change, id=id, depends_on_epics=after, message=f"Removed {to} from {id} dependencies")


def close(project: Project, epic: str, *, skip_gap_check: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{id, status, message, gaps_skipped, retro_suggested, retro_hint}: all tasks are done or skipped, and no gap that
    is required or important is open. skip_gap_check: such gaps stay open.

    Raises: NotFound, EpicRefused, which names what is left.
    """
    id = _resolved(project, epic)
    with project.change("epic close", dry_run=dry_run) as change:
        change.epic(id)
        left = [f"{task.id} ({task.status})" for task in change.tasks(id) if not task.status.is_satisfied]
        left += [f"{each.id} (cannot be read: {each.name})" for each in project.unread(id)]
        if left:
            raise EpicRefused(f"Cannot close epic: incomplete tasks - {', '.join(left)}")
        gaps = [
            gap
            for gap in project.gaps(id)
            if gap.get("status") == "open" and gap.get("priority", "required") in BLOCKING
        ]
        if gaps and not skip_gap_check:
            named = ", ".join(f"[{gap.get('priority', 'required')}] {gap.get('capability')}" for gap in gaps)
            raise EpicRefused(f"Cannot close epic: open gaps - {named}. Resolve them, or use --skip-gap-check.")
        change.set(id, status="done")
        change.event("epic_closed", epic=id, payload={"gaps_skipped": len(gaps)})
    return told(
        change,
        id=id,
        status="done",
        message=f"Epic {id} closed",
        gaps_skipped=len(gaps),
        retro_suggested=True,
        retro_hint="`flowctl memory add` keeps what was learned",
    )


def reopen(project: Project, epic: str, *, dry_run: bool = False) -> dict[str, Any]:
    """{id, previous_status, new_status, message}; both reviews are unknown again. Raises: NotFound, EpicRefused."""
    id = _resolved(project, epic)
    if (project.layout.flow / ARCHIVE / id).is_dir() and not _is_there(project, id):
        raise EpicRefused(f"Epic {id} is archived. Move its files from .flow/{ARCHIVE}/{id}/ back to reopen it.")
    with project.change("epic reopen", dry_run=dry_run) as change:
        before = change.epic(id).status
        if before == "open":
            raise EpicRefused(f"Epic {id} is already open")
        change.set(
            id,
            status="open",
            plan_review_status="unknown",
            plan_reviewed_at=REMOVE,
            completion_review_status="unknown",
            completion_reviewed_at=REMOVE,
        )
        change.event("epic_reopened", epic=id)
    return told(change, id=id, previous_status=before, new_status="open", message=f"Epic {id} reopened")


def archive(project: Project, epic: str, *, force: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{epic, archive_dir, moved, count}. force: though it is open. Raises: NotFound, EpicRefused."""
    id = _resolved(project, epic)
    with project.change("epic archive", dry_run=dry_run) as change:
        if change.epic(id).status != "done" and not force:
            raise EpicRefused(f"Cannot archive epic {id}: it is open. Close it first, or use --force.")
        moved = change.archive(id)
    folder = str(project.layout.flow / ARCHIVE / id)
    return told(change, epic=id, archive_dir=folder, moved=moved, count=len(moved))


def clean(project: Project, *, dry_run: bool = False) -> dict[str, Any]:
    """{archived, count}: every epic that is done goes to the archive."""
    with project.change("epic clean", dry_run=dry_run) as change:
        done = [epic.id for epic in change.epics() if epic.status == "done"]
        for id in done:
            change.archive(id)
    return told(change, archived=done, count=len(done))


def _backends(given: dict[str, str | None]) -> dict[str, str]:
    """Raises: EpicRefused."""
    changes = {name: spec.strip() for name, spec in given.items() if spec is not None}
    if not changes:
        raise EpicRefused("At least one of --impl, --review or --sync is required")
    return changes


def _resolved(project: Project, text: str) -> str:
    """The full id of an epic; it need not be there. Raises: InvalidId."""
    return project.resolve(ids.epic_id(text).text)


def _is_there(project: Project, id: str) -> bool:
    return any((project.layout.epics / f"{id}{ending}").is_file() for ending in (".md", ".json"))
