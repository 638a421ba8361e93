"""Codex: verbs that let the `codex` program review."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.task import listed
from flowbench.cli.flowctl.verb import verb
from flowbench.project import codex as reviews

if TYPE_CHECKING:
    from flowbench.project import Project

F = Callable[..., Answer]
BASE = click.option("--base", default="main", show_default=True, metavar="BRANCH")
FOCUS = click.option("--focus", metavar="TEXT", help="What to look at above all.")
RECEIPT = click.option(
    "--receipt", metavar="FILE", help="Where the verdict is written; a session that it tells is gone on with."
)


def how(function: F) -> F:
    """The options that all reviews share."""
    function = click.option("--effort", type=click.Choice(reviews.EFFORTS), default="high", show_default=True)(function)
    return click.option("--sandbox", type=click.Choice(reviews.SANDBOXES), default="auto", show_default=True)(function)


@click.group("codex")
def codex() -> None:
    """Have plans and changes reviewed by the `codex` program.

    FLOW_CODEX_TIMEOUT: seconds, 600. FLOW_CODEX_MODEL: by default codex's own. FLOW_CODEX_EMBED_MAX_BYTES: of files in
    a prompt, 512000; 0 is no limit. Exit codes: 2 codex is not there or failed or gave no verdict, 3 its sandbox
    blocked it, or it was out of time.
    """


@verb(of=codex)
def check(session: Session) -> Answer:
    """Say whether codex is installed, and which version."""
    facts = reviews.check(session.cwd)
    said = f"codex {facts['version'] or '(unknown version)'}" if facts["available"] else "codex is not installed"
    return Answer(facts, said)


@verb(of=codex, changes=True)
@click.argument("task", required=False)
@click.option("--base", required=True, metavar="BRANCH", help="The changes since it are reviewed.")
@FOCUS
@RECEIPT
@how
def impl_review(session: Session, task: str | None, base: str, **given: Any) -> Answer:
    """Review the changes that implement a task; without one, those of the branch."""
    project = session.project if task is not None else _project(session)
    return _said(_warned(session, reviews.impl_review(session.root, project, task, base, _terms(session, **given))))


@verb(of=codex, changes=True)
@click.argument("epic")
@click.option("--files", required=True, metavar="FILES", help="Of the code that the plan is about; with commas.")
@click.option("--base", default="main", hidden=True)
@RECEIPT
@how
def plan_review(session: Session, epic: str, files: str, base: str, **given: Any) -> Answer:
    """Review the plan of an epic before anybody works on it."""
    facts = reviews.plan_review(session.root, session.project, epic, listed(files), _terms(session, **given))
    skipped = facts.pop("skipped", [])
    if skipped:
        session.hear(f"Warning: skipped, not there: {', '.join(skipped)}\n")
    return _said(facts)


@verb(of=codex, changes=True)
@click.argument("epic")
@BASE
@RECEIPT
@how
def completion_review(session: Session, epic: str, base: str, **given: Any) -> Answer:
    """Review whether a finished epic has all that its plan asks for."""
    facts = reviews.completion_review(session.root, session.project, epic, base, _terms(session, **given))
    return _said(_warned(session, facts))


@verb(of=codex, changes=True)
@BASE
@FOCUS
@how
def adversarial(session: Session, base: str, **given: Any) -> Answer:
    """Have somebody try to break what the branch has changed."""
    return _said(reviews.adversarial(session.root, base, _terms(session, **given)))


def _terms(session: Session, receipt: str | None = None, **given: Any) -> reviews.Terms:
    path = None if receipt is None else session.cwd / receipt
    return reviews.Terms(**given, receipt=path, token=session.token, dry_run=session.dry_run)


def _project(session: Session) -> Project | None:
    from flowbench.project import NoProject

    try:
        return session.project
    except NoProject:
        return None


def _warned(session: Session, facts: dict[str, Any]) -> dict[str, Any]:
    if warning := facts.pop("warning", None):
        session.hear(f"Warning: {warning}\n")
    return facts


def _said(facts: dict[str, Any]) -> Answer:
    if facts.get("dry_run"):
        return Answer(facts, f"$ {' '.join(facts['command'])}\n\n{facts['prompt']}")
    text = facts.get("review") or facts.get("output") or facts.get("summary") or ""
    found = facts.get("findings")
    lines = [
        str(text).rstrip(),
        *(
            f"[{each.get('severity')}] {each.get('location')}: {each.get('title')}"
            for each in (found if isinstance(found, list) else ())
            if isinstance(each, dict)
        ),
    ]
    return Answer(facts, "\n".join([*filter(None, lines), f"VERDICT={facts['verdict']}"]))
