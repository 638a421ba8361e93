"""Answering: what a verb that changes something says: its facts, and on a dry run the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowbench.project.change import Change


def told(change: Change, **facts: Any) -> dict[str, Any]:
    """The facts; on a dry run also `dry_run` and `plan`, what would be written."""
    return {**facts, "dry_run": True, "plan": change.plan} if change.dry_run else facts
