"""Review: who reviews, what reviews came to, and what is said to a reviewer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.several import takes_several
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.task import listed
from flowbench.cli.flowctl.verb import verb
from flowbench.project import receipts, repoprompt, reviewing

if TYPE_CHECKING:
    from flowbench.project import Project


@verb("review-backend")
@click.option("--compare", metavar="FILES", help="Receipts, with commas: do their reviewers agree?")
@click.option("--epic", metavar="ID", help="The same with all receipts of its tasks.")
def review_backend(session: Session, compare: str | None, epic: str | None) -> Answer:
    """Say who reviews: rp, codex, none, or ASK; or compare what reviews came to.

    FLOW_REVIEW_BACKEND, else review.backend of the config. One that is not installed counts as none.
    """
    if compare is not None:
        return _compared(receipts.compared((name, session.cwd / name) for name in listed(compare)))
    if epic is not None:
        found = receipts.of_epic(session.project, epic)
        return _compared(receipts.compared((str(path), path) for path in found))
    facts = receipts.backend(_project(session))
    warning = facts.pop("warning", None)
    if warning:
        session.hear(f"Warning: {warning}\n")
    return Answer(facts, facts["backend"])


@click.group("review")
def review() -> None:
    """Have what a task has changed reviewed by a function or a Blueprint of your own."""


@verb(of=review, changes=True)
@click.argument("task")
@click.option("--reviewer", required=True, metavar="FILE", help="A Python file or a Blueprint.")
@click.option("--base", default="main", show_default=True, metavar="BRANCH", help="The changes since it are reviewed.")
@click.option("--receipt", metavar="FILE", help="Where the receipt is written besides .flow/reviews/.")
@click.option("--register", is_flag=True, help="Critical findings become required gaps, major ones important.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=reviewing.SECONDS,
    show_default=True,
    metavar="SECONDS",
)
@click.option("--agents", multiple=True, metavar="NAME", help="Module, .py or .ipynb file with functions; repeatable.")
@click.option("--trust", metavar="HASH", help="Let the Blueprint of this hash run its commands this once.")
def impl(
    session: Session,
    task: str,
    reviewer: str,
    base: str,
    receipt: str | None,
    register: bool,
    timeout: float,
    agents: tuple[str, ...],
    trust: str | None,
) -> Answer:
    """Review the changes that implement a task.

    A Python file has a function `review(task, diff)`, which runs in a process of its own and returns {"verdict":
    "SHIP" | "NEEDS_WORK" | "MAJOR_RETHINK", "findings": [...], "review": TEXT}. A Blueprint begins with task, diff,
    base and files in its ctx, and leaves the same there. The receipt goes to .flow/reviews/.

    Exit codes: 2 the reviewer failed or gave no verdict, 3 it was out of time, 4 it would run commands that nobody has
    allowed.
    """
    from flowbench.blueprint import BlueprintError, UntrustedBlueprint
    from flowbench.cli import sources
    from flowbench.cli.exits import refusal
    from flowbench.engine import CompileError

    path = None if receipt is None else session.cwd / receipt
    terms = reviewing.Terms(base, timeout, path, register, trust, session.token, session.hear)
    try:
        sources.agents(agents, session.cwd)
        facts = reviewing.impl(session.project, task, session.cwd / reviewer, terms, dry_run=session.dry_run)
    except (BlueprintError, CompileError, UntrustedBlueprint) as error:
        raise refusal(error, agents) from error
    if session.dry_run:
        changed = counted(len(facts["files"]), "changed file")
        return Answer(facts, f"{facts['mode']} would review {facts['id']}: {changed} since {base}")
    lines = [
        facts["review"].rstrip(),
        *facts["warnings"],
        *([f"{counted(facts['registered'], 'new gap')}"] if register else []),
        f"VERDICT={facts['verdict']} ({facts['receipt']})",
    ]
    return Answer(facts, "\n".join(filter(None, lines)))


@verb("prep-chat")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--message-file", required=True, metavar="FILE", help="- reads standard input.")
@click.option("--mode", type=click.Choice(["chat", "ask"]), default="chat", show_default=True)
@click.option("--new-chat", is_flag=True)
@click.option("--chat-name", metavar="NAME")
@click.option("--selected-paths", metavar="PATH", multiple=True, help="One or more.")
@click.option("-o", "--output", metavar="FILE", help="Instead of standard output.")
def prep_chat(
    session: Session,
    id_: str | None,
    message_file: str,
    mode: str,
    new_chat: bool,
    chat_name: str | None,
    selected_paths: tuple[str, ...],
    output: str | None,
) -> Answer:
    """Print the JSON of a message to rp-cli's chat_send; any text is safe in it."""
    from flowbench.storage import write

    payload = repoprompt.chat_payload(
        session.text(message_file, "--message-file"),
        mode=mode,
        new_chat=new_chat,
        chat_name=chat_name,
        selected_paths=list(selected_paths),
    )
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if output is None:
        return Answer(payload, text, is_raw=True)
    write(session.cwd / output, text.encode(errors="replace"), mode=0o644)
    session.hear(f"Wrote {output}\n")
    return Answer({"output": output}, "")


takes_several(prep_chat, "--selected-paths")


def _compared(facts: dict[str, Any]) -> Answer:
    rows = [(each["mode"], each["verdict"], each["id"], each["file"]) for each in facts["details"]]
    last = "They disagree." if facts["has_conflict"] else f"Consensus: {facts['consensus']}"
    return Answer(facts, "\n".join([f"{counted(facts['reviews'], 'review')}:", aligned(rows), last]))


def _project(session: Session) -> Project | None:
    from flowbench.project import NoProject

    try:
        return session.project
    except NoProject:
        return None
