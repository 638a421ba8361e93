"""Record: the facts about a run that its output in a notebook carries as data, and how they are found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowbench.runtime import PastRun, Run

MIME = "application/vnd.flowbench.run+json"


def facts(run: Run | PastRun) -> dict[str, Any]:
    """{"id", "blueprint", "state": str, "steps": int, "seconds", "started": float, "error": str | None}, and of a
    cancelled run {"reason", "by": str}."""
    cause = run.cause if run.state == "cancelled" else None
    return {
        "id": run.id,
        "blueprint": run.blueprint.id,
        "state": run.state,
        "steps": run.step_count,
        "seconds": round(run.seconds, 6),
        "started": run.started,
        "error": run.error,
        **({} if cause is None else {"reason": str(cause.reason), "by": cause.by}),
    }


def run_facts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Facts of all runs whose outputs are in the notebook, by first appearance; the last output of a run counts."""
    found: dict[str, dict[str, Any]] = {}
    for cell in notebook.get("cells", ()):
        found.update({facts["id"]: dict(facts) for facts in facts_of(cell)})
    return list(found.values())


def facts_of(cell: Mapping[str, Any]) -> Iterator[Any]:
    """Facts of the runs in the outputs of one cell, in order; the very objects that the cell holds."""
    for output in cell.get("outputs", ()):
        data = output.get("data")
        facts = data.get(MIME) if isinstance(data, Mapping) else None
        if isinstance(facts, Mapping) and isinstance(facts.get("id"), str):
            yield facts
