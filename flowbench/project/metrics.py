"""Metrics: how the work on a project goes: counts, durations, tokens and cost, from its records and its event log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flowbench.project import ids
from flowbench.project.answering import told
from flowbench.project.status import Status

if TYPE_CHECKING:
    from flowbench.project.change import Change
    from flowbench.project.project import Project
    from flowbench.project.records import Task

MONTH_DAYS, THROUGHPUT_DAYS = 30, 28  # of the figures of delivery
EVENT_DAYS, ROLLUP_DAYS = 90, 365  # kept by a cleanup
UNKNOWN = "unknown"  # the model of a row that names none
HOUR = 3600.0
_FORGOTTEN = "id < coalesce((SELECT min(id) FROM events WHERE timestamp >= ?), 9223372036854775807)"
_UNBLOCKS = ("task_started", "task_completed", "task_skipped", "task_restarted", "task_reset", "task_failed")


_Place = tuple[int, int]
"""Numbers of an epic and its task: they stay when the epic gets another title, and the log keeps the older ids."""


class Metrics:
    """Rows are plain dicts: they become JSON, or a DataFrame. Durations in seconds unless the name says hours."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def summary(self) -> dict[str, Any]:
        """total_epics, open_epics, total_tasks, done_tasks, in_progress_tasks, blocked_tasks, total_events,
        total_tokens (in and out), total_cost_usd."""
        catalogue = self.project.catalogue()
        epics = [epic for epic in catalogue.epics.values() if not epic.placeholder]
        statuses = [task.status for task in self.project.listed(catalogue)]
        events = self.project.state.read("SELECT count(*) FROM events")
        spent = self._spent()
        return {
            "total_epics": len(epics),
            "open_epics": sum(epic.status == "open" for epic in epics),
            "total_tasks": len(statuses),
            "done_tasks": statuses.count(Status.DONE),
            "in_progress_tasks": statuses.count(Status.IN_PROGRESS),
            "blocked_tasks": statuses.count(Status.BLOCKED),
            "total_events": events[0][0] if events else 0,
            "total_tokens": sum(tokens for tokens, _ in spent.values()),
            "total_cost_usd": sum((cost for _, cost in spent.values()), 0.0),
        }

    def epics(self, id: str | None = None) -> list[dict[str, Any]]:
        """[{epic_id, title, status, task_count, done_count, avg_duration_secs, total_tokens, total_cost}], by age.

        avg_duration_secs: of the tasks that were finished, None if none was. Raises: InvalidId, NotFound.
        """
        wanted = None if id is None else self.project.epic(id).id
        catalogue = self.project.catalogue()
        tasks: dict[str, list[Task]] = {}
        for task in self.project.listed(catalogue, wanted):
            tasks.setdefault(task.epic, []).append(task)
        durations, spent = self._durations(), self._spent()
        rows = []
        for epic in sorted(catalogue.epics.values(), key=lambda epic: epic.created_at):
            if epic.placeholder or wanted not in (None, epic.id):
                continue
            own = tasks.get(epic.id, [])
            tokens, cost = spent.get(epic.id, (0, 0.0))
            rows.append(
                {
                    "epic_id": epic.id,
                    "title": epic.title,
                    "status": epic.status,
                    "task_count": len(own),
                    "done_count": sum(task.status is Status.DONE for task in own),
                    "avg_duration_secs": _mean(durations[task.id] for task in own if task.id in durations),
                    "total_tokens": tokens,
                    "total_cost": cost,
                }
            )
        return rows

    def weekly(self, weeks: int = 8) -> list[dict[str, Any]]:
        """[{week: "2026-W46", tasks_started, tasks_completed, tasks_failed}], oldest first; weeks begin on Monday."""
        found = self.project.state.read(
            "SELECT strftime('%Y-W%W', day) AS week, sum(tasks_started), sum(tasks_completed), sum(tasks_failed)"
            " FROM daily_rollup WHERE day >= ? GROUP BY week ORDER BY week",
            self._day(7 * weeks),
        )
        return _rows(("week", "tasks_started", "tasks_completed", "tasks_failed"), found)

    def tokens(self, epic: str | None = None) -> list[dict[str, Any]]:
        """[{epic_id, model, input_tokens, output_tokens, cache_read, cache_write, estimated_cost}], dearest first.

        Raises: InvalidId, NotFound.
        """
        wanted = None if epic is None else self.project.epic(epic).id
        found = self.project.state.read(
            "SELECT epic_id, coalesce(model, ?) AS model, sum(input_tokens), sum(output_tokens), sum(cache_read),"
            " sum(cache_write), coalesce(sum(estimated_cost), 0.0) AS cost FROM token_usage"
            " WHERE ? IS NULL OR epic_id=? GROUP BY epic_id, coalesce(model, ?) ORDER BY cost DESC, epic_id, model",
            *(UNKNOWN, wanted, wanted, UNKNOWN),
        )
        names = ("epic_id", "model", "input_tokens", "output_tokens", "cache_read", "cache_write", "estimated_cost")
        return _rows(names, found)

    def bottlenecks(self, limit: int = 10) -> list[dict[str, Any]]:
        """[{task_id, epic_id, title, duration_secs, status, blocked_reason}]: blocked ones first, then the longest.

        duration_secs: of the work if it is done, so far if somebody works on it, and since it is blocked.
        """
        durations = self._durations()
        reasons = dict(self.project.state.read("SELECT task_id, blocked_reason FROM runtime"))
        log = self.project.state.read(
            "SELECT task_id, timestamp FROM events WHERE event_type='task_blocked' AND task_id IS NOT NULL ORDER BY id"
        )
        blocked = {_place(id): at for id, at in log}
        rows: list[dict[str, Any]] = []
        for task in self.project.tasks():
            if task.status not in (Status.DONE, Status.BLOCKED, Status.IN_PROGRESS):
                continue
            if task.status is Status.DONE:
                seconds = durations.get(task.id)
            else:
                seconds = self._since(
                    task.claimed_at if task.status is Status.IN_PROGRESS else blocked.get(_place(task.id))
                )
            is_blocked = task.status is Status.BLOCKED
            rows.append(
                {
                    "task_id": task.id,
                    "epic_id": task.epic,
                    "title": task.title,
                    "duration_secs": seconds,
                    "status": task.status.value,
                    "blocked_reason": reasons.get(task.id) if is_blocked else None,
                }
            )
        rows.sort(key=lambda row: (row["status"] != Status.BLOCKED.value, -(row["duration_secs"] or 0.0)))
        return rows[:limit]

    def dora(self) -> dict[str, Any]:
        """lead_time_hours, throughput_per_week, change_failure_rate (0 to 1), time_to_restore_hours.

        lead time: from claim to done, of what was done in 30 days; throughput: of 28 days; time to restore: from
        being blocked to going on, of what went on in 30 days. None where there is nothing to measure.
        """
        month, fortnights = self._moment(MONTH_DAYS), self._moment(THROUGHPUT_DAYS)
        done = self._completed()
        counts = dict(
            self.project.state.read(
                "SELECT event_type, count(*) FROM events WHERE timestamp >= ?"
                " AND event_type IN ('task_completed', 'task_failed') GROUP BY event_type",
                month,
            )
        )
        failed = counts.get("task_failed", 0)
        ended = failed + counts.get("task_completed", 0)
        lead = _mean(seconds for at, seconds in done.values() if at >= month and seconds is not None)
        restore = _mean(self._restored(month))
        return {
            "lead_time_hours": None if lead is None else lead / HOUR,
            "throughput_per_week": sum(at >= fortnights for at, _ in done.values()) / (THROUGHPUT_DAYS / 7),
            "change_failure_rate": failed / ended if ended else 0.0,
            "time_to_restore_hours": None if restore is None else restore / HOUR,
        }

    def rollup(self, *, dry_run: bool = False) -> dict[str, Any]:
        """{months_updated}: the table `monthly_rollup` follows the days that are counted."""
        with self.project.change("stats rollup", dry_run=dry_run) as change:
            months = self._roll_up(change)
        return told(change, months_updated=months)

    def cleanup(self, *, dry_run: bool = False) -> dict[str, Any]:
        """{deleted}: rows of the event log older than 90 days and of the counts by day older than 365; their months
        are counted first. The log is forgotten from its beginning: an old event behind a newer one, as an import
        brings them, stays until that one goes, for each event vouches for those before it."""
        old_events, old_days = self._moment(EVENT_DAYS), self._day(ROLLUP_DAYS)
        with self.project.change("stats cleanup", dry_run=dry_run) as change:
            self._roll_up(change)
            found = self.project.state.read(
                f"SELECT (SELECT count(*) FROM events WHERE {_FORGOTTEN})"  # noqa: S608
                " + (SELECT count(*) FROM daily_rollup WHERE day < ?)",
                *(old_events, old_days),
            )
            deleted = found[0][0] if found else 0
            change.sql(f"DELETE FROM events WHERE {_FORGOTTEN}", old_events)  # noqa: S608
            change.sql("DELETE FROM daily_rollup WHERE day < ?", old_days)
            if deleted:
                change.event("log_cleaned", epic="", payload={"deleted": deleted})
        return told(change, deleted=deleted)

    def _roll_up(self, change: Change) -> int:
        """A month whose events may be gone already keeps what was told of them."""
        months = [
            row[0] for row in self.project.state.read("SELECT DISTINCT substr(day, 1, 7) FROM daily_rollup ORDER BY 1")
        ]
        whole = self._day(EVENT_DAYS)
        for month in months:
            partly = f"{month}-01" < whole
            keep = "max(monthly_rollup.epics_completed, excluded.epics_completed)" if partly else None
            lead = "coalesce(monthly_rollup.avg_lead_time_h, excluded.avg_lead_time_h)" if partly else None
            like = f"{month}%"
            change.sql(
                "INSERT INTO monthly_rollup SELECT ?,"  # noqa: S608
                " (SELECT count(*) FROM events WHERE event_type='epic_closed' AND timestamp LIKE ?),"
                " (SELECT coalesce(sum(tasks_completed), 0) FROM daily_rollup WHERE day LIKE ?),"
                " (SELECT avg(json_extract(payload, '$.duration_seconds')) / 3600.0 FROM events"
                "  WHERE event_type='task_completed' AND timestamp LIKE ?),"
                " (SELECT coalesce(sum(input_tokens + output_tokens), 0) FROM token_usage WHERE timestamp LIKE ?),"
                " (SELECT coalesce(sum(estimated_cost), 0.0) FROM token_usage WHERE timestamp LIKE ?)"
                " WHERE true ON CONFLICT(month) DO UPDATE SET"
                f" epics_completed={keep or 'excluded.epics_completed'},"
                f" avg_lead_time_h={lead or 'excluded.avg_lead_time_h'},"
                " tasks_completed=max(excluded.tasks_completed, monthly_rollup.tasks_completed),"
                " total_tokens=excluded.total_tokens, total_cost_usd=excluded.total_cost_usd",
                *(month, like, like, like, like, like),
            )
        return len(months)

    def _spent(self) -> dict[str, tuple[int, float]]:
        """{epic: (tokens, cost)}."""
        found = self.project.state.read(
            "SELECT epic_id, sum(input_tokens + output_tokens), coalesce(sum(estimated_cost), 0.0)"
            " FROM token_usage GROUP BY epic_id"
        )
        return {epic: (tokens, cost) for epic, tokens, cost in found}

    def _durations(self) -> dict[str, float]:
        return dict(
            self.project.state.read("SELECT task_id, duration_seconds FROM runtime WHERE duration_seconds IS NOT NULL")
        )

    def _completed(self) -> dict[_Place, tuple[str, float | None]]:
        """{task: (when, duration)}: its last completion. What an earlier flowctl has done is in no log."""
        found: dict[_Place, tuple[str, float | None]] = {}
        rows = self.project.state.read(
            "SELECT task_id, completed_at, duration_seconds FROM runtime WHERE completed_at IS NOT NULL"
        )
        rows += self.project.state.read(
            "SELECT task_id, timestamp, json_extract(payload, '$.duration_seconds') FROM events"
            " WHERE event_type='task_completed' AND task_id IS NOT NULL ORDER BY id"
        )
        for task, at, seconds in rows:
            found[_place(task)] = (at, seconds)
        return found

    def _restored(self, since: str) -> list[float]:
        """Seconds from each block to the next thing that ended it."""
        marks = ", ".join("?" * len(_UNBLOCKS))
        rows = self.project.state.read(
            "SELECT task_id, event_type, timestamp FROM events"  # noqa: S608
            f" WHERE event_type IN ('task_blocked', {marks}) AND task_id IS NOT NULL ORDER BY id",
            *_UNBLOCKS,
        )
        blocked: dict[_Place, str] = {}
        found = []
        for id, kind, at in rows:
            task = _place(id)
            if kind == "task_blocked":
                blocked.setdefault(task, at)
            elif (begun := blocked.pop(task, None)) is not None and at >= since:
                found.append((_instant(at) - _instant(begun)).total_seconds())
        return found

    def _since(self, at: str | None) -> float | None:
        return None if not at else max(0.0, self.project.clock() - _instant(at).timestamp())

    def _moment(self, days: int) -> str:
        """ISO 8601, so many days ago."""
        when = datetime.fromtimestamp(self.project.clock(), UTC) - timedelta(days=days)
        return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _day(self, days: int) -> str:
        return self._moment(days)[:10]


def spend(
    change: Change,
    epic: str,
    *,
    task: str | None = None,
    phase: str | None = None,
    model: str | None = None,
    cost: float | None = None,
    **tokens: int,
) -> None:
    """What a piece of work has used, with the change that it belongs to.

    tokens: input_tokens, output_tokens, cache_read, cache_write. cost: US dollars.
    """
    counts = defaultdict(int, tokens)
    columns = ("input_tokens", "output_tokens", "cache_read", "cache_write")
    if unknown := set(tokens) - set(columns):
        raise ValueError(f"no count of tokens: {', '.join(sorted(unknown))}")
    change.sql(
        "INSERT INTO token_usage(timestamp, epic_id, task_id, phase, model, input_tokens, output_tokens, cache_read,"
        " cache_write, estimated_cost) VALUES(?,?,?,?,?,?,?,?,?,?)",
        *(change.now, epic, task, phase, model, *(counts[name] for name in columns), cost),
    )
    change.sql(
        "INSERT INTO daily_rollup(day, epic_id, input_tokens, output_tokens) VALUES(?,?,?,?)"
        " ON CONFLICT(day, epic_id) DO UPDATE SET input_tokens=input_tokens+excluded.input_tokens,"
        " output_tokens=output_tokens+excluded.output_tokens",
        *(change.now[:10], epic, counts["input_tokens"], counts["output_tokens"]),
    )


def _place(task: str) -> _Place:
    return ids.key(task)[:2]


def _rows(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _mean(numbers: Iterable[float]) -> float | None:
    found = list(numbers)
    return sum(found) / len(found) if found else None


def _instant(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
