"""Frames: outputs of the data plane as a DataFrame. The one file of this room that knows pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowbench.engine.data_plane import SHOWN, Output, OutputStore
from flowbench.engine.outputs import Artifact, Final, Partial, content

if TYPE_CHECKING:
    import pandas as pd


def outputs_frame(outputs: OutputStore, limit: int = SHOWN) -> pd.DataFrame:
    """One row per output, in the order of their appending: id, task_id, attempt, producer, type (progress, partial,
    artifact, final), name (of an artifact, stage of a progress), ok (of a final), value, parents.

    value: the JSON value, or the reference of a file as an object. What does not apply is None.
    """
    import pandas as pd

    found = outputs.list(limit)
    columns: dict[str, list[Any]] = {
        "id": [each.id for each in found],
        "task_id": [each.task_id for each in found],
        "attempt": [each.attempt for each in found],
        "producer": [each.producer for each in found],
        "type": [type(each.event).__name__.lower() for each in found],
        "name": [getattr(each.event, "name", None) or getattr(each.event, "stage", None) for each in found],
        "ok": [each.event.ok if isinstance(each.event, Final) else None for each in found],
        "value": [_value(each) for each in found],
        "parents": [list(each.parents) for each in found],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _value(output: Output) -> Any:
    event = output.event
    if isinstance(event, Artifact | Final):
        return content(event.content)
    return event.chunk if isinstance(event, Partial) else event.note
