"""Memory: verbs that keep what the project has learned, find it again, and hand it on."""

from __future__ import annotations

from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.verb import verb
from flowbench.project import memory as memories

TYPE = click.option("--type", metavar="TYPE", help="Only pitfalls, conventions or decisions.")


@click.group("memory")
def memory() -> None:
    """Keep what the project has learned: pitfalls, conventions, decisions."""


@verb(of=memory, changes=True)
def init(session: Session) -> Answer:
    """Make .flow/memory/, and take over what an earlier flowctl kept in it."""
    facts = memories.init(session.project, dry_run=session.dry_run)
    more = f"; {facts['migrated']} taken over" if facts["migrated"] else ""
    return Answer(facts, f"{facts['message']} at {facts['path']}{more}")


@verb(of=memory, changes=True)
@click.argument("type")
@click.argument("text")
def add(session: Session, type: str, text: str) -> Answer:
    """Keep something: TYPE is pitfall, convention or decision; TEXT - reads standard input."""
    content = session.stdin.read() if text == "-" else text
    facts = memories.add(session.project, type, content, dry_run=session.dry_run)
    if facts.get("duplicate"):
        return Answer(facts, f"#{facts['id']} says that already")
    tags = f" ({', '.join(facts['tags'])})" if facts["tags"] else ""
    return said({**facts, "message": f"{facts['type']} #{facts['id']} kept{tags}"})._replace(payload=facts)


@verb(of=memory)
@TYPE
def read(session: Session, type: str | None) -> Answer:
    """Print entries whole."""
    facts = memories.read(session.project, type)
    return Answer(facts, _texts(facts["entries"]) or "Nothing is kept.")


@verb("list", of=memory)
def list_(session: Session) -> Answer:
    """List all entries: how often each was handed out, and which should be verified again."""
    facts = memories.index(session.project)
    rows = [
        (
            f"#{row['id']}",
            row["type"],
            row["last_verified"],
            f"{row['refs']}x",
            "stale" if row["stale"] else "",
            row["summary"],
        )
        for row in facts["index"]
    ]
    last = ", ".join(counted(number, word) for word, number in sorted(facts["counts"].items()))
    return Answer(facts, "\n".join([aligned(rows), last]) if rows else "Nothing is kept.")


@verb(of=memory)
@click.argument("pattern", metavar="REGEX")
def search(session: Session, pattern: str) -> Answer:
    """Find entries by a regular expression, in any case, in summaries, tags and texts."""
    facts = memories.search(session.project, pattern)
    return Answer(facts, _texts(facts["matches"]) or "Nothing matches.")


@verb(of=memory, changes=True)
@TYPE
@click.option("--tags", metavar="TAGS", help="Only entries with one of them; with commas.")
@click.option("--full", is_flag=True, help="Whole texts of all entries, not summaries.")
def inject(session: Session, type: str | None, tags: str | None, full: bool) -> Answer:
    """Hand entries to a worker; they count as used."""
    wanted = None if tags is None else tags.split(",")
    facts = memories.inject(session.project, type=type, tags=wanted, full=full, dry_run=session.dry_run)
    if facts["level"] != "L1":
        return Answer(facts, _texts(facts["entries"]) or "Nothing matches.")
    rows = [(f"#{each['id']}", each["type"], each["summary"]) for each in facts["entries"]]
    return Answer(facts, aligned(rows) or "Nothing is kept.")


@verb(of=memory, changes=True)
@click.argument("id_", metavar="ID", type=int)
def verify(session: Session, id_: int) -> Answer:
    """Say that an entry is still true."""
    return said(memories.verify(session.project, id_, dry_run=session.dry_run))


@verb(of=memory, changes=True)
@click.option("--days", type=click.IntRange(min=0), default=memories.STALE_DAYS, show_default=True)
def gc(session: Session, days: int) -> Answer:
    """Remove entries that are older than that and were never handed out."""
    facts = memories.gc(session.project, days=days, dry_run=session.dry_run)
    if session.dry_run:
        rows = [(f"#{each['id']}", each["type"], each["summary"]) for each in facts["stale"]]
        return Answer(facts, aligned(rows) or "Nothing would be removed.")
    return Answer(facts, f"{facts['removed']} removed, {facts['kept']} kept")


def _texts(entries: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"#{each['id']} {each['type']}\n{each['content'].rstrip()}" for each in entries)
