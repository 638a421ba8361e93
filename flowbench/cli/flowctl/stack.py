"""Stack: verbs about what the repository is made of, and the gates that its commands make: stack, guard, invariants."""

from __future__ import annotations

import json
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned
from flowbench.cli.flowctl.verb import verb
from flowbench.project import gate
from flowbench.project import stack as stacks

_MARKS = {"passed": "ok", "failed": "XX", "skipped": "--"}


@click.group("stack")
def stack() -> None:
    """Show what the repository is made of, and the commands that check it."""


@verb(of=stack, changes=True, marked=False)
def detect(session: Session) -> Answer:
    """Look what the repository is made of, and keep it."""
    facts = stacks.look(session.project, dry_run=session.dry_run)
    facts.pop("dry_run", None)
    return Answer(facts, "\n".join(filter(None, [facts["message"], _told(facts["stack"])])))


@verb("set", of=stack, changes=True)
@click.option("--file", required=True, metavar="FILE", help="A JSON object; - reads standard input.")
def set_(session: Session, file: str) -> Answer:
    """Say what the repository is made of."""
    from flowbench.project import BadStack

    try:
        given = json.loads(session.text(file, "--file"))
    except ValueError as error:
        raise BadStack(f"Stack config is no JSON: {error}") from None
    facts = stacks.put(session.project, given, dry_run=session.dry_run)
    return Answer(facts, facts["message"])


@verb(of=stack)
def show(session: Session) -> Answer:
    """Show what is kept."""
    found = session.project.config.get("stack") or {}
    return Answer({"stack": found}, _told(found) or "No stack: `flowctl stack detect` looks for one.")


@verb()
@click.option("--layer", default="all", metavar="NAME", help="Only backend, frontend, ...")
def guard(session: Session, layer: str) -> Answer:
    """Run the tests, linters and type checks of the stack."""
    facts = gate.guard(session.project, layer=layer, token=session.token, voice=session.hear)
    return _gated(facts, ("layer", "type", "command"))


@click.group("invariants")
def invariants() -> None:
    """Keep and check what must always hold."""


@verb(of=invariants, changes=True)
@click.option("--force", is_flag=True, help="Over the one that is there.")
def init(session: Session, force: bool) -> Answer:
    """Begin invariants.md."""
    facts = gate.begin_invariants(session.project, force=force, dry_run=session.dry_run)
    return Answer(facts, facts["message"])


@verb("show", of=invariants)
def show_invariants(session: Session) -> Answer:
    """Show invariants.md."""
    text = gate.invariants(session.project)
    if text is not None:
        return Answer({"invariants": text}, text)
    message = f"no {gate.INVARIANTS} \N{EM DASH} create with 'flowctl invariants init'"
    return Answer({"invariants": None, "message": message}, message)


@verb(of=invariants)
def check(session: Session) -> Answer:
    """Run what verifies each invariant."""
    facts = gate.check(session.project, token=session.token, voice=session.hear)
    return _gated(facts, ("name", "command"))


def _gated(facts: dict[str, Any], keys: tuple[str, ...]) -> Answer:
    failed = any(each["status"] == "failed" for each in facts["results"])
    rows = [
        (_MARKS[each["status"]], *(each[key] for key in keys), each.get("reason") or f"exit {each['exit_code']}")
        for each in facts["results"]
    ]
    return Answer(facts, aligned(rows) or facts["message"], 1 if failed else 0)


def _told(layers: dict[str, Any]) -> str:
    rows = [
        (name, key, value if isinstance(value, str) else json.dumps(value))
        for name, layer in layers.items()
        for key, value in (layer.items() if isinstance(layer, dict) else [("", layer)])
    ]
    return aligned(rows)
