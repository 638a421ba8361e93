"""Stats: verbs that say how the work goes; JSON also where standard output is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.table import aligned, counted
from flowbench.cli.flowctl.verb import verb


@click.group("stats")
def stats() -> None:
    """Say how the work goes: counts, durations, tokens, what holds it up."""


@verb(of=stats)
def summary(session: Session) -> Answer:
    """Count epics, tasks, events, tokens and cost."""
    facts = session.project.metrics.summary()
    parts = f"{facts['done_tasks']} done, {facts['in_progress_tasks']} in progress, {facts['blocked_tasks']} blocked"
    rows = [
        ("epics", f"{facts['total_epics']} ({facts['open_epics']} open)"),
        ("tasks", f"{facts['total_tasks']} ({parts})"),
        ("events", facts["total_events"]),
        ("tokens", tokens_said(facts["total_tokens"])),
        ("cost", cost_said(facts["total_cost_usd"])),
    ]
    return _answer(facts, aligned(rows))


@verb(of=stats)
@click.option("--id", metavar="ID", help="Only this epic.")
def epic(session: Session, id: str | None) -> Answer:
    """Show how far each epic is, and what it has used."""
    rows = session.project.metrics.epics(id)
    table = [
        (
            row["epic_id"],
            row["status"],
            f"{row['done_count']}/{row['task_count']}",
            duration_said(row["avg_duration_secs"]),
            tokens_said(row["total_tokens"]),
            cost_said(row["total_cost"]),
            row["title"],
        )
        for row in rows
    ]
    head = ("epic", "status", "done", "average", "tokens", "cost", "title")
    return _answer({"epics": rows, "count": len(rows)}, _table(head, table, "No epics."))


@verb(of=stats)
@click.option("--weeks", type=click.IntRange(min=1, max=10_000), default=8, show_default=True)
def weekly(session: Session, weeks: int) -> Answer:
    """Count tasks started, completed and failed by week."""
    rows = session.project.metrics.weekly(weeks)
    head = ("week", "started", "completed", "failed")
    return _answer(
        {"weekly_trends": rows}, _table(head, [tuple(row.values()) for row in rows], "Nothing has happened.")
    )


@verb(of=stats)
@click.option("--epic", metavar="ID", help="Only this epic.")
def tokens(session: Session, epic: str | None) -> Answer:
    """Show tokens and cost by epic and model."""
    rows = session.project.metrics.tokens(epic)
    counts = ("input_tokens", "output_tokens", "cache_read", "cache_write")
    table = [
        (
            row["epic_id"],
            row["model"],
            *(tokens_said(row[name]) for name in counts),
            cost_said(row["estimated_cost"]),
        )
        for row in rows
    ]
    head = ("epic", "model", "in", "out", "cache read", "cache write", "cost")
    return _answer({"token_usage": rows}, _table(head, table, "No tokens were counted."))


@verb(of=stats)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
def bottlenecks(session: Session, limit: int) -> Answer:
    """Show what is blocked, and what took longest."""
    rows = session.project.metrics.bottlenecks(limit)
    table = [
        (
            row["task_id"],
            row["status"],
            duration_said(row["duration_secs"]),
            f"{row['title']}: {_first_line(row['blocked_reason'])}" if row["blocked_reason"] else row["title"],
        )
        for row in rows
    ]
    head = ("task", "status", "time", "title")
    return _answer({"bottlenecks": rows}, _table(head, table, "Nothing was begun."))


@verb(of=stats)
def dora(session: Session) -> Answer:
    """Show lead time, throughput, failure rate and time to restore of the last weeks."""
    facts = session.project.metrics.dora()
    lead, restore = (
        None if hours is None else hours * 3600 for hours in (facts["lead_time_hours"], facts["time_to_restore_hours"])
    )
    rows = [
        ("lead time", duration_said(lead)),
        ("throughput", f"{facts['throughput_per_week']:.1f} tasks per week"),
        ("failure rate", f"{facts['change_failure_rate']:.0%}"),
        ("time to restore", duration_said(restore)),
    ]
    return _answer(facts, aligned(rows))


@verb(of=stats, changes=True)
def rollup(session: Session) -> Answer:
    """Count anew by month."""
    facts = session.project.metrics.rollup(dry_run=session.dry_run)
    return _answer(facts, f"{counted(facts['months_updated'], 'month')} counted")


@verb(of=stats, changes=True)
def cleanup(session: Session) -> Answer:
    """Forget events of more than 90 days ago, and counts by day of more than a year ago."""
    facts = session.project.metrics.cleanup(dry_run=session.dry_run)
    return _answer(facts, f"{counted(facts['deleted'], 'row')} deleted")


def tokens_said(number: int) -> str:
    """`950`, `1.5K`, `2.0M`."""
    if number < 1000:
        return str(number)
    return f"{number / 1e3:.1f}K" if number < 999_950 else f"{number / 1e6:.1f}M"


def cost_said(dollars: float) -> str:
    """`$0.0421`."""
    return f"${dollars:.4f}"


def duration_said(seconds: float | None) -> str:
    """`10s`, `3m`, `1.5h`; `-` if it is not known."""
    if seconds is None:
        return "-"
    if seconds < 59.5:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 3570 else f"{seconds / 3600:.1f}h"


def _answer(facts: Mapping[str, Any], text: str) -> Answer:
    return Answer(facts, text, is_data=True)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], nothing: str) -> str:
    return aligned([head, *rows]) if rows else nothing


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
