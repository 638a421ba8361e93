"""Record: the facts about a run that its output in a notebook carries as data, and how they are found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MIME = "application/vnd.flowbench.run+json"


def run_facts(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Facts of all runs whose outputs are in the notebook, by first appearance; the last output of a run counts."""
    found: dict[str, dict[str, Any]] = {}
    for data in _data(notebook):
        facts = data.get(MIME)
        if isinstance(facts, Mapping) and isinstance(facts.get("id"), str):
            found[facts["id"]] = dict(facts)
    return list(found.values())


def _data(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for cell in notebook.get("cells", ()):
        for output in cell.get("outputs", ()):
            data = output.get("data")
            if isinstance(data, Mapping):
                yield data
