"""Frames: a run as DataFrames. The one file of this room that knows pandas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowbench.engine import StepRecord
from flowbench.runtime.changes import MISSING, Change, changes, leaves
from flowbench.runtime.columns import Columns, Row

if TYPE_CHECKING:
    import pandas as pd

    from flowbench.runtime.explaining import Explanation
    from flowbench.runtime.heartbeats import CancelRow

COLUMNS = (
    *("address", "agent", "attempt", "status", "started", "seconds"),
    *("input", "output", "error", "recorded", "parts"),
)

EXPLAINED = (
    *("agent", "kind", "layers", "operator_kind", "tier", "operator_id", "hook", "bridge", "backend", "place", "reads"),
    *("form", "prompt", "system", "token_role", "token_scopes", "token_ttl", "token_bound_to"),
)


def steps_frame(steps: Sequence[StepRecord], columns: Columns, rows: Mapping[str, Row]) -> pd.DataFrame:
    """One row per step visit, in the order they ended; columns as in COLUMNS, `started` in UTC, then those of ctx.

    rows: address -> what the ctx columns hold there; only the last attempt at an address has them. What a ctx does not
    have is NaN, which no ctx holds; null is None.
    """
    import pandas as pd

    data: dict[str, Any] = {
        name: pd.Series([getattr(step, name) for step in steps], dtype=_dtype(name)) for name in COLUMNS
    }
    data["started"] = pd.to_datetime(data["started"], unit="s", utc=True)
    last = {step.address: at for at, step in enumerate(steps)}
    held = [rows.get(step.address, {}) if last[step.address] == at else {} for at, step in enumerate(steps)]
    for name in columns.paths:
        data[name] = pd.Series([row.get(name, math.nan) for row in held], dtype=object)
    frame = pd.DataFrame(data)
    frame.attrs["ctx_keys_left_out"] = columns.left_out
    return frame


def ctx_frame(before: Any, after: Any) -> pd.DataFrame:
    """One row per path of either ctx: path, before, after, changed (bool). MISSING: not there."""
    import pandas as pd

    old, new = dict(leaves(before)), dict(leaves(after))
    paths = [*new, *(path for path in old if path not in new)]
    differs = {path for each in changes(before, after) for path in _below(each)}
    return pd.DataFrame(
        {
            "path": pd.Series(paths, dtype=object),
            "before": pd.Series([old.get(path, MISSING) for path in paths], dtype=object),
            "after": pd.Series([new.get(path, MISSING) for path in paths], dtype=object),
            "changed": pd.Series([path in differs for path in paths], dtype=bool),
        }
    )


def diff_frame(found: Sequence[Change]) -> pd.DataFrame:
    """One row per change: path, change (added, removed, changed), before, after. MISSING: not there."""
    import pandas as pd

    return pd.DataFrame(
        {
            "path": pd.Series([each.path for each in found], dtype=object),
            "change": pd.Series([each.kind for each in found], dtype=object),
            "before": pd.Series([each.before for each in found], dtype=object),
            "after": pd.Series([each.after for each in found], dtype=object),
        }
    )


def explanation_frame(told: Explanation) -> pd.DataFrame:
    """One row per agent and step that calls it, in the order of the Blueprint; an agent that no step calls has one row
    without a step. layers: outermost first. What is not known before a run is None.
    """
    import pandas as pd

    rows = [
        {
            "agent": agent.name,
            "kind": agent.kind,
            "layers": list(agent.layers),
            "operator_kind": str(agent.operator_kind),
            "tier": str(agent.tier),
            "operator_id": agent.operator_id,
            **{face: agent.faces.get(face) for face in ("hook", "bridge", "backend")},
            "work": agent.work,
            "place": None if step is None else step.place,
            "reads": None if step is None else step.reads,
            "form": None if step is None else step.form,
            "prompt": None if step is None else step.prompt,
            "system": None if step is None else step.system,
            "token_role": str(agent.token.role),
            "token_scopes": list(agent.token.scopes),
            "token_ttl": agent.token.ttl,
            "token_bound_to": agent.token.bound_to,
        }
        for agent in told.agents
        for step in agent.steps or (None,)
    ]
    return pd.DataFrame(rows, columns=list(EXPLAINED), dtype=object)


def cancel_frame(rows: Sequence[CancelRow]) -> pd.DataFrame:
    """One row per step visit; columns are the fields of a CancelRow, and a figure that there is none of is NaN."""
    import pandas as pd

    types = {"attempt": "int64", "seconds": "float64", "longest_gap": "float64", "abort_latency": "float64"}
    names = ("address", "agent", "attempt", "status", "seconds", "longest_gap", "abort_latency", "note")
    return pd.DataFrame(
        {name: pd.Series([getattr(row, name) for row in rows], dtype=types.get(name, object)) for name in names}
    )


def _below(change: Change) -> set[str]:
    """Leaves that one change touches."""
    sides = [each for each in (change.before, change.after) if each is not MISSING]
    return {path for side in sides for path, _ in leaves(side, change.path)}


def _dtype(name: str) -> Any:
    """Values of ctx stay Python objects: pandas must not guess numbers into them."""
    return {"attempt": "int64", "started": "float64", "seconds": "float64", "recorded": "bool"}.get(name, object)
