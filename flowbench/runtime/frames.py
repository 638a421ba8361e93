"""Frames: a run as DataFrames. The one file of this room that knows pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowbench.engine import StepRecord

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("address", "agent", "attempt", "status", "started", "seconds", "input", "output", "error", "recorded")


def steps_frame(steps: Sequence[StepRecord]) -> pd.DataFrame:
    """One row per step visit, in the order they ended; columns as in COLUMNS, `started` in UTC."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [getattr(step, name) for step in steps] for name in COLUMNS}
    frame = pd.DataFrame({name: pd.Series(values, dtype=_dtype(name)) for name, values in columns.items()})
    frame["started"] = pd.to_datetime(frame["started"], unit="s", utc=True)
    return frame


def _dtype(name: str) -> Any:
    """Values of ctx stay Python objects: pandas must not guess numbers into them."""
    return {"attempt": "int64", "started": "float64", "seconds": "float64", "recorded": "bool"}.get(name, object)
