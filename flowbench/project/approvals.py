"""Approvals: questions to a person that somebody's work waits for, and what was decided."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from flowbench.cancel import CancelToken, bound
from flowbench.project import ids
from flowbench.project.answering import told
from flowbench.project.errors import ApprovalRefused

if TYPE_CHECKING:
    from flowbench.project.project import Project

STATUSES = ("pending", "approved", "rejected")
POLL_SECONDS = 0.25  # a look is one indexed row; a person who has just decided does not notice the rest of it
_COLUMNS = "id, epic_id, task_id, kind, question, payload, status, created_at, created_by, decided_at, decided_by, note"


class Approval(msgspec.Struct, frozen=True):
    """status: pending | approved | rejected. payload: what the question is about, for whoever asks. Times: ISO 8601."""

    id: str
    epic: str | None
    task: str | None
    kind: str
    question: str
    payload: Any
    status: str
    created_at: str
    created_by: str
    decided_at: str | None = None
    decided_by: str | None = None
    note: str = ""


class Approvals:
    """Of one project, all its worktrees share them."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def create(
        self,
        question: str,
        *,
        task: str | None = None,
        epic: str | None = None,
        kind: str = "generic",
        payload: Any = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """The new approval as `facts` has it, with `message`. payload: JSON. epic: that of the task unless given.

        Raises: ApprovalRefused, InvalidId, NotFound.
        """
        project = self.project
        if not question.strip():
            raise ApprovalRefused("a question is needed")
        if task is not None:
            task = project.task(task).id
        epic = project.epic(epic).id if epic is not None else ids.epic_of(task) if task else None
        encoded = None if payload is None else msgspec.json.encode(payload).decode()
        with project.change("approvals create", dry_run=dry_run) as change:
            made = Approval(
                id=f"ap-{self._last() + 1}",
                epic=epic,
                task=task,
                kind=kind,
                question=question.strip(),
                payload=payload,
                status="pending",
                created_at=change.now,
                created_by=project.actor,
            )
            change.sql(
                "INSERT INTO approvals(id, epic_id, task_id, kind, question, payload, created_at, created_by)"
                " VALUES(?,?,?,?,?,?,?,?)",
                *(made.id, epic, task, kind, made.question, encoded, change.now, made.created_by),
            )
            told_of = {"approval": made.id, "question": made.question}
            change.event("approval_created", task=task, epic=epic or "", payload=told_of)
        return told(change, **facts(made), message=f"Approval {made.id} waits for a decision")

    def list(self, *, status: str | None = None, task: str | None = None, epic: str | None = None) -> list[Approval]:
        """In the order of asking. status: only pending, approved or rejected ones. Raises: InvalidId."""
        asked = [
            ("status=?", status),
            ("task_id=?", task and self.project.resolve(task)),
            ("epic_id=?", epic and self.project.resolve(epic)),
        ]
        terms = [(term, value) for term, value in asked if value is not None]
        where = f" WHERE {' AND '.join(term for term, _ in terms)}" if terms else ""
        sql = f"SELECT {_COLUMNS} FROM approvals{where} ORDER BY created_at, length(id), id"  # noqa: S608
        return [_approval(row) for row in self.project.state.read(sql, *(value for _, value in terms))]

    def get(self, id: str) -> Approval:
        """Raises: ApprovalRefused if there is none of that id."""
        rows = self.project.state.read(f"SELECT {_COLUMNS} FROM approvals WHERE id=?", id)  # noqa: S608
        if not rows:
            raise ApprovalRefused(f"No such approval: {id} (`flowctl approvals list` shows them)")
        return _approval(rows[0])

    def decide(
        self, id: str, decision: Literal["approved", "rejected"], *, note: str = "", dry_run: bool = False
    ) -> dict[str, Any]:
        """The approval as it is now, with `message`. Saying the same again changes nothing.

        Raises: ApprovalRefused if there is none, or the other thing was decided.
        """
        if decision not in STATUSES[1:]:
            raise ApprovalRefused(f"a decision is approved or rejected, not {decision!r}")
        with self.project.change(f"approvals {decision}", dry_run=dry_run) as change:
            found = self.get(id)
            if found.status == decision:
                return told(change, **facts(found), message=f"Approval {id} was {decision} already")
            if found.status != "pending":
                by = f" by {found.decided_by}" if found.decided_by else ""
                raise ApprovalRefused(f"Approval {id} was {found.status}{by} at {found.decided_at}; ask anew")
            made = msgspec.structs.replace(
                found, status=decision, decided_at=change.now, decided_by=self.project.actor, note=note.strip()
            )
            change.sql(
                "UPDATE approvals SET status=?, decided_at=?, decided_by=?, note=? WHERE id=?",
                *(made.status, made.decided_at, made.decided_by, made.note, id),
            )
            payload: Mapping[str, Any] = {"approval": id, **({"note": made.note} if made.note else {})}
            change.event(f"approval_{decision}", task=found.task, epic=found.epic or "", payload=payload)
        return told(change, **facts(made), message=f"Approval {id} {decision}")

    def wait(
        self, id: str, seconds: float | None = None, *, every: float = POLL_SECONDS, token: CancelToken | None = None
    ) -> Approval:
        """Abort raises Aborted. The approval once it is decided, or as it is after so many seconds (None: for ever).

        every: seconds between looks. Raises: ApprovalRefused if there is none of that id.
        """
        ended = None if seconds is None else time.monotonic() + seconds
        stop = bound(token)
        while True:
            stop.heartbeat()
            found = self.get(id)
            left = every if ended is None else min(every, ended - time.monotonic())
            if found.status != "pending" or left <= 0:
                return found
            time.sleep(left)

    def _last(self) -> int:
        """Under the lock of a change, or two would take one number."""
        rows = self.project.state.read("SELECT max(CAST(substr(id, 4) AS INTEGER)) FROM approvals")
        return int(rows[0][0] or 0) if rows else 0


def facts(approval: Approval) -> dict[str, Any]:
    """As JSON has it."""
    found = msgspec.to_builtins(approval)
    assert isinstance(found, dict)
    return found


def _approval(row: tuple[Any, ...]) -> Approval:
    id, epic, task, kind, question, payload, status, created_at, created_by, decided_at, decided_by, note = row
    return Approval(
        id=id,
        epic=epic,
        task=task,
        kind=kind or "generic",
        question=question,
        payload=None if payload is None else msgspec.json.decode(payload),
        status=status,
        created_at=created_at,
        created_by=created_by or "",
        decided_at=decided_at,
        decided_by=decided_by,
        note=note or "",
    )
