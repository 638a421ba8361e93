"""Approvals: verbs that ask a person something, decide it, and wait for it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli.exits import Exit
from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import verb

if TYPE_CHECKING:
    from flowbench.project import Approval

UNDECIDED = 3  # the time of --wait is over


class Seconds(click.ParamType[float]):
    """A number of seconds, or `forever`."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if str(value).lower() == "forever":
            return math.inf
        try:
            found = float(value)
        except ValueError:
            found = -1.0
        if not found >= 0:
            self.fail(f"{value!r} is no number of seconds, and not 'forever'", param, ctx)
        return found


waiting = click.option(
    "--wait",
    type=Seconds(),
    metavar="SECONDS|forever",
    help="Until it is decided; exit code 1 if it was rejected, 3 if nobody has decided in time.",
)


@click.group("approvals")
def approvals() -> None:
    """Ask a person, and decide what was asked."""


@verb(of=approvals, changes=True)
@click.argument("question", required=False)
@click.option("--question", "asked", metavar="TEXT", help="The same as QUESTION.")
@click.option("--task", metavar="ID", help="The task that waits for it.")
@click.option("--epic", metavar="ID")
@click.option("--kind", default="generic", metavar="WORD", help="What kind of question it is, for whoever sorts them.")
@click.option("--payload", metavar="FILE|JSON", help="What it is about, as JSON, or its file; - reads standard input.")
@waiting
def create(
    session: Session,
    question: str | None,
    asked: str | None,
    task: str | None,
    epic: str | None,
    kind: str,
    payload: str | None,
    wait: float | None,
) -> Answer:
    """Ask a person something; --wait stays until it is decided."""
    text = question if question is not None else asked
    if text is None or None not in (question, asked):
        raise click.UsageError("give the question, as QUESTION or by --question TEXT")
    given = _json(session, payload)
    facts = session.project.approvals.create(
        text, task=task, epic=epic, kind=kind, payload=given, dry_run=session.dry_run
    )
    if wait is None or session.dry_run:
        return said(facts)
    click.echo(facts["message"], err=True)  # whoever decides needs the id now
    return _waited(session, facts["id"], wait)


@verb("list", of=approvals)
@click.option("--status", type=click.Choice(["pending", "approved", "rejected"]))
@click.option("--task", metavar="ID")
@click.option("--epic", metavar="ID")
def list_(session: Session, status: str | None, task: str | None, epic: str | None) -> Answer:
    """List what was asked, oldest first."""
    from flowbench.project import approvals

    found = session.project.approvals.list(status=status, task=task, epic=epic)
    facts = [approvals.facts(each) for each in found]
    rows = [(each.id, each.status, each.task or each.epic or "", each.question) for each in found]
    return Answer({"approvals": facts, "count": len(found)}, aligned(rows) or "Nothing was asked.")


@verb(of=approvals)
@click.argument("id")
@waiting
def show(session: Session, id: str, wait: float | None) -> Answer:
    """Show one approval; --wait stays until it is decided."""
    if wait is not None:
        return _waited(session, id, wait)
    found = session.project.approvals.get(id)
    return Answer(_facts(found), _text(found))


@verb(of=approvals, changes=True)
@click.argument("id")
@click.option("--note", default="", metavar="TEXT")
def approve(session: Session, id: str, note: str) -> Answer:
    """Say yes."""
    return said(session.project.approvals.decide(id, "approved", note=note, dry_run=session.dry_run))


@verb(of=approvals, changes=True)
@click.argument("id")
@click.option("--note", "--reason", default="", metavar="TEXT")
def reject(session: Session, id: str, note: str) -> Answer:
    """Say no."""
    return said(session.project.approvals.decide(id, "rejected", note=note, dry_run=session.dry_run))


def _waited(session: Session, id: str, seconds: float) -> Answer:
    found = session.project.approvals.wait(id, None if seconds == math.inf else seconds, token=session.token)
    facts = _facts(found)
    if found.status == "pending":
        error = f"Approval {id} is not decided after {seconds:g} s"
        return Answer({**facts, "error": error, "timed_out": True}, error, UNDECIDED)
    return Answer(facts, _text(found), Exit.DONE if found.status == "approved" else Exit.FAILED)


def _facts(found: Approval) -> dict[str, Any]:
    from flowbench.project import approvals

    return approvals.facts(found)


def _text(found: Approval) -> str:
    rows: list[tuple[str, object]] = [("question", found.question), ("status", found.status)]
    rows += [("task", found.task)] if found.task else [("epic", found.epic)] if found.epic else []
    rows.append(("asked", f"{found.created_at} by {found.created_by}"))
    if found.decided_at:
        rows.append(("decided", f"{found.decided_at} by {found.decided_by}"))
    rows += [("note", found.note)] if found.note else []
    rows += [("payload", json.dumps(found.payload, ensure_ascii=False))] if found.payload is not None else []
    return f"{found.id}\n{aligned(rows)}"


def _json(session: Session, given: str | None) -> Any:
    from flowbench.project import ApprovalRefused

    if given is None:
        return None
    is_text = given.lstrip().startswith(("{", "[", '"'))
    try:
        return json.loads(given if is_text else session.text(given.removeprefix("@"), "--payload"))
    except ValueError as error:
        raise ApprovalRefused(f"--payload is no JSON: {error}") from None
