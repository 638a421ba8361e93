"""Frames: the history of a stored Blueprint as a DataFrame. The one file here that knows pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.blueprint.versions.store import HISTORY, BlueprintStore

if TYPE_CHECKING:
    import pandas as pd


def history_frame(store: BlueprintStore, id: str, limit: int = HISTORY) -> pd.DataFrame:
    """One row per version, the newest first: version, version_label, rationale, written (UTC), parent, origin.

    parent: the version before it, None for the first.
    """
    import pandas as pd

    entries = store.history(id, limit)
    return pd.DataFrame(
        {
            "version": pd.Series([each.version for each in entries], dtype=object),
            "version_label": pd.Series([each.version_label for each in entries], dtype=object),
            "rationale": pd.Series([each.rationale for each in entries], dtype=object),
            "written": pd.to_datetime([each.trace.ts_ms for each in entries], unit="ms", utc=True),
            "parent": pd.Series([next(iter(each.trace.parents), None) for each in entries], dtype=object),
            "origin": pd.Series([type(each.trace.origin).__name__.lower() for each in entries], dtype=object),
        }
    )
