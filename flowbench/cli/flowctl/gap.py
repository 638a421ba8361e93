"""Gap: verbs about what an epic lacks, written down by hand or read out of a review."""

from __future__ import annotations

from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.epic import said
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.verb import verb
from flowbench.project import findings, gaps

EPIC = click.option("--epic", required=True, metavar="ID")
CAPABILITY = click.option("--capability", "--title", "capability", metavar="TEXT", help="What the epic lacks.")


@click.group("gap")
def gap() -> None:
    """Note what an epic lacks, and keep it open until that is there."""


@verb(of=gap, changes=True)
@EPIC
@click.option("--capability", "--title", "capability", required=True, metavar="TEXT", help="What the epic lacks.")
@click.option("--priority", type=click.Choice(gaps.PRIORITIES), default="required", show_default=True)
@click.option("--source", default="manual", show_default=True, metavar="TEXT", help="Who has found it.")
@click.option("--task", metavar="ID", help="The task that it was found in.")
def add(session: Session, epic: str, capability: str, priority: str, source: str, task: str | None) -> Answer:
    """Note what an epic lacks."""
    return said(
        gaps.add(
            session.project,
            epic,
            capability,
            priority=priority,
            source=source,
            task=task,
            dry_run=session.dry_run,
        )
    )


@verb("list", of=gap)
@EPIC
@click.option("--status", type=click.Choice(gaps.STATUSES))
def list_(session: Session, epic: str, status: str | None) -> Answer:
    """List what an epic lacks, or lacked."""
    facts = gaps.listed(session.project, epic, status)
    rows = [
        (
            "[x]" if each.get("status") == "resolved" else "[ ]",
            each.get("id"),
            each.get("priority"),
            each.get("task"),
            each.get("capability"),
        )
        for each in facts["gaps"]
    ]
    return Answer(facts, aligned(rows) or f"{facts['epic']} has no {f'{status} ' if status else ''}gaps.")


@verb(of=gap, changes=True)
@EPIC
@CAPABILITY
@click.option("--id", "id_", metavar="GAP", help="Instead of its words.")
@click.option("--evidence", required=True, metavar="TEXT", help="What has closed it.")
def resolve(session: Session, epic: str, capability: str | None, id_: str | None, evidence: str) -> Answer:
    """Say what has closed a gap."""
    if (capability is None) == (id_ is None):
        raise click.UsageError("give either --capability TEXT or --id GAP")
    facts = gaps.resolve(
        session.project, epic, evidence=evidence, capability=capability, gap=id_, dry_run=session.dry_run
    )
    return said(facts)


@verb(of=gap)
@EPIC
def check(session: Session, epic: str) -> Answer:
    """Fail while a gap is open that is required or important."""
    facts = gaps.check(session.project, epic)
    blocking = facts["open_blocking"]
    tail = f"{len(facts['resolved'])} resolved, {len(facts['open_non_blocking'])} open that do not matter"
    lines = [
        f"{facts['epic']}: {counted(len(blocking), 'open gap')} ({tail})",
        aligned([("[ ]", each.get("id"), each.get("priority"), each.get("capability")) for each in blocking]),
    ]
    return Answer(facts, "\n".join(filter(None, lines)), 1 if blocking else 0)


@verb("parse-findings", changes=True)
@click.option("--file", required=True, metavar="FILE", help="What a reviewer wrote; - reads standard input.")
@click.option("--epic", metavar="ID", help="The epic that --register makes gaps of.")
@click.option("--register", is_flag=True, help="Critical findings become required gaps, major ones important.")
@click.option("--source", default="manual", show_default=True, metavar="TEXT", help="Who has found them.")
def parse_findings(session: Session, file: str, epic: str | None, register: bool, source: str) -> Answer:
    """Read the findings of a review out of its text, and make gaps of them."""
    from flowbench.project import GapRefused

    if register and epic is None:
        raise GapRefused("--epic is required when --register is used")
    found, warnings = findings.parse(session.text(file, "--file"))
    facts: dict[str, Any] = {"findings": found, "count": len(found), "registered": 0, "warnings": warnings}
    if register and epic is not None:
        made = gaps.register(session.project, epic, found, source=source, dry_run=session.dry_run)
        facts |= {**made, "warnings": [*warnings, *made["warnings"]]}
    rows = [(f"[{each['severity']}]", each["location"], each["title"]) for each in found]
    last = f"{counted(len(found), 'finding')}, {counted(facts['registered'], 'new gap')}"
    return Answer(facts, "\n".join(filter(None, [aligned(rows), *facts["warnings"], last])))
