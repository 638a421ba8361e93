"""Frames: issues and the log of the Enhance loop as DataFrames. The one file here that knows pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.runtime.enhance.issues import Applied, IssueStore, Rejected
from flowbench.runtime.enhance.log import EnhanceLogStore

if TYPE_CHECKING:
    import pandas as pd


def issues_frame(issues: IssueStore) -> pd.DataFrame:
    """One row per issue in the order of creation: issue_id, blueprint_id, intent, status (pending, in_flight, applied,
    rejected), new_version, reason, run_id. What does not apply is None.
    """
    import pandas as pd

    words = {"Pending": "pending", "InFlight": "in_flight", "Applied": "applied", "Rejected": "rejected"}
    records = issues.list()
    columns = {
        "issue_id": [each.issue.issue_id for each in records],
        "blueprint_id": [each.issue.blueprint_id for each in records],
        "intent": [each.issue.intent for each in records],
        "status": [words[type(each.status).__name__] for each in records],
        "new_version": [each.status.new_version if isinstance(each.status, Applied) else None for each in records],
        "reason": [each.status.reason if isinstance(each.status, Rejected) else None for each in records],
        "run_id": [each.run_id or None for each in records],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def enhance_log_frame(log: EnhanceLogStore, blueprint_id: str | None = None) -> pd.DataFrame:
    """One row per issue that has ended, in ascending time: ended (UTC), issue_id, blueprint_id, intent, rationale,
    status, prev_hash, new_hash, reasons (text), `axis.<name>` with pass or deny, run_id.
    """
    import pandas as pd

    entries = log.list_all() if blueprint_id is None else log.list_by_blueprint(blueprint_id)
    named = ("issue_id", "blueprint_id", "intent", "rationale", "status", "prev_hash", "new_hash")
    columns = {name: [getattr(each, name) for each in entries] for name in named}
    columns["reasons"] = ["; ".join(each.reasons) for each in entries]
    for axis in dict.fromkeys(verdict.axis for each in entries for verdict in each.verdicts):
        said = [{verdict.axis: verdict.status for verdict in each.verdicts} for each in entries]
        columns[f"axis.{axis}"] = [each.get(axis) for each in said]
    columns["run_id"] = [each.run_id for each in entries]
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    frame.insert(0, "ended", pd.to_datetime([each.ts_ms for each in entries], unit="ms", utc=True))
    return frame
