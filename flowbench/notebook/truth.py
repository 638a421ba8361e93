"""Truth: what a notebook says of runs whose end it did not see is put right from what they left on disk."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from flowbench.notebook.record import MIME, facts_of, run_facts


def now_true(notebook: Any) -> None:
    """Called when the kernel is gone: a run that the notebook calls running has ended or is interrupted.

    A run without a journal died with its kernel.
    """
    open_ids = {facts["id"] for facts in run_facts(notebook) if facts.get("state") in ("running", "paused")}
    if not open_ids:
        return
    from flowbench.runtime import runs

    known = {info.id: info for info in runs() if info.id in open_ids}
    for cell in notebook.cells:
        for facts in facts_of(cell):
            info = known.get(facts["id"])
            if facts["id"] in open_ids:
                facts["state"] = "lost" if info is None else info.state
                facts["error"] = facts["error"] if info is None else info.error
                facts["steps"] = facts["steps"] if info is None else info.steps


def left_behind(place: Path, known: Collection[str]) -> list[dict[str, Any]]:
    """Outputs of the runs that a dead kernel had launched and said nothing of. known: ids of those it told of."""
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = [json.loads(line) for line in lines if line.endswith("}")]
    data = [{MIME: facts, "text/plain": f"{facts['blueprint']} ({facts['id']})"} for facts in found]
    return [
        {"output_type": "display_data", "metadata": {}, "data": each} for each in data if each[MIME]["id"] not in known
    ]
