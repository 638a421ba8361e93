"""Exchange: verbs that write a whole project to one file, and take one in."""

from __future__ import annotations

import json
from typing import Any

import click

from flowbench.cli.exits import Exit, Refusal
from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import counted
from flowbench.cli.flowctl.verb import verb


@verb()
@click.option("-o", "--output", metavar="FILE", help="Written whole or not at all; without it, standard output.")
def export(session: Session, output: str | None) -> Answer:
    """Write all records, specs, gaps, runtime and events as one JSON value."""
    found = session.project.export()
    if output is None or output == "-":
        answer = Answer(found)
        return answer._replace(text=answer.as_json())
    from flowbench.storage import StorageError, atomic

    path = session.cwd / output
    try:
        atomic.write(path, json.dumps(found, indent=2, ensure_ascii=False).encode() + b"\n", mode=0o644)
    except (OSError, StorageError) as error:
        raise Refusal(f"--output {output}: {getattr(error, 'strerror', None) or error}", Exit.FAILED) from error
    counts = {name: len(found[name]) for name in ("epics", "tasks", "events", "files")}
    words = ", ".join(counted(number, name.removesuffix("s")) for name, number in counts.items())
    message = f"{words} written to {path}"
    return Answer({"path": str(path), **counts, "warnings": found["warnings"], "message": message}, message)


@verb("import", changes=True)
@click.argument("source", required=False)
@click.option("--file", metavar="FILE", help="The same as SOURCE.")
def import_(session: Session, source: str | None, file: str | None) -> Answer:
    """Take in an export or another project; without SOURCE, make records of earlier flowctls Markdown.

    SOURCE is a file that `flowctl export` has written (- reads it from standard input), or the folder of a project,
    of whichever flowctl. What is here already is never overwritten.
    """
    given = source if source is not None else file
    if None not in (source, file):
        raise click.UsageError("give SOURCE or --file, not both")
    where: Any = None if given is None else _read(session) if given == "-" else session.cwd / given
    facts = session.project.import_(where, dry_run=session.dry_run)
    words = [
        *(counted(len(facts["epics"]), "epic"), counted(len(facts["tasks"]), "task")),
        *(counted(len(facts["files"]), "other file"), counted(facts["runtime_states_migrated"], "runtime state")),
    ]
    message = f"{', '.join(words)} {'to be imported' if session.dry_run else 'imported'}"
    dry = {"dry_run": True} if session.dry_run else {}
    lines = [message, *(f"Warning: {text}" for text in facts["warnings"])]
    return Answer({**facts, "message": message, **dry}, "\n".join(lines))


def _read(session: Session) -> Any:
    try:
        found = json.loads(session.stdin.read())
    except ValueError as error:
        raise Refusal(f"standard input is no JSON: {error}", Exit.FAILED) from None
    if not isinstance(found, dict):
        raise Refusal("standard input is no JSON object", Exit.FAILED)
    return found
