"""Samples: small Blueprints that differ in what a test looks at."""

from __future__ import annotations

from typing import Any

from flowbench import blueprint as bp


def sample(label: str | None = None, id: str = "main", **fields: Any) -> bp.Blueprint:
    """A Blueprint of one step. label: its version label."""
    metadata = {} if label is None else {"metadata": {"version_label": label}}
    flow = {"kind": "step", "ref": "work", "in": "$", "out": "$.done"}
    return bp.load({"id": id, "flow": flow, **metadata, **fields})
