"""Metrics: counted from what verbs have done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowbench.project import Project, working
from flowbench.project.failing import fail
from flowbench.project.metrics import spend
from tests.project.conftest import BEGIN

HOUR, DAY = 3600.0, 86400.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[Project]:
    """Three tasks, of which the first took two hours, and the second is blocked for one and done after one more."""
    project, _ = Project.init(tmp_path / "repo", clock=clock)
    with project.change("test") as change:
        epic = change.create_epic("Add auth").id
        for title in ("One", "Two", "Three"):
            change.create_task(epic, title)
    working.start(project, "fn-1.1")
    clock.now += 2 * HOUR
    working.done(project, "fn-1.1")
    working.start(project, "fn-1.2")
    working.block(project, "fn-1.2", reason="no key")
    clock.now += HOUR
    working.start(project, "fn-1.2", force=True)
    clock.now += HOUR
    working.done(project, "fn-1.2")
    yield project
    project.close()


def use(project: Project, **more: object) -> None:
    with project.change("test") as change:
        spend(change, "fn-1-add-auth", task="fn-1-add-auth.1", **more)  # type: ignore[arg-type]


def test_an_empty_project_has_done_nothing(project: Project) -> None:
    found = project.metrics

    assert set(found.summary().values()) == {0}
    assert found.epics() == found.weekly() == found.tokens() == found.bottlenecks() == []
    assert found.dora() == {
        "lead_time_hours": None,
        "throughput_per_week": 0.0,
        "change_failure_rate": 0.0,
        "time_to_restore_hours": None,
    }


def test_a_summary_counts_what_is_there(timed: Project) -> None:
    use(timed, model="m", input_tokens=1000, output_tokens=500, cost=0.25)

    found = timed.metrics.summary()

    assert (found["total_epics"], found["open_epics"], found["total_tasks"], found["done_tasks"]) == (1, 1, 3, 2)
    assert (found["total_tokens"], found["total_cost_usd"]) == (1500, 0.25)
    assert found["total_events"] == len(timed.events())


def test_an_epic_is_told_with_its_mean_duration_and_cost(timed: Project) -> None:
    use(timed, input_tokens=7, cost=0.5)
    with timed.change("test") as change:
        change.create_epic("Billing")

    first, second = timed.metrics.epics()

    assert (first["task_count"], first["done_count"], first["avg_duration_secs"]) == (3, 2, 1.5 * HOUR)
    assert (first["total_tokens"], first["total_cost"]) == (7, 0.5)
    assert (second["task_count"], second["avg_duration_secs"], second["total_tokens"]) == (0, None, 0)
    assert timed.metrics.epics("fn-2") == [second]


def test_weeks_are_counted_from_the_log(timed: Project, clock: Clock) -> None:
    clock.now += 21 * DAY
    working.start(timed, "fn-1.3")
    for _ in range(4):  # retries are used up
        fail(timed, "fn-1.3", force=True)

    found = timed.metrics.weekly()

    assert [(row["tasks_started"], row["tasks_completed"]) for row in found] == [(3, 2), (1, 0)]
    assert [row["week"] for row in timed.metrics.weekly(1)] == [found[1]["week"]]
    assert found[0]["week"].startswith("2026-W")


def test_tokens_are_summed_by_epic_and_model_dearest_first(timed: Project) -> None:
    for cost in (0.1, 0.2):
        use(timed, model="small", input_tokens=10, cache_read=3, cost=cost)
    use(timed, output_tokens=5, cache_write=2)
    use(timed, model="large", input_tokens=1, cost=9.0)

    found = timed.metrics.tokens("fn-1")

    assert [row["model"] for row in found] == ["large", "small", "unknown"]
    assert (found[1]["input_tokens"], found[1]["cache_read"]) == (20, 6)
    assert found[1]["estimated_cost"] == pytest.approx(0.3)
    assert (found[2]["output_tokens"], found[2]["cache_write"], found[2]["estimated_cost"]) == (5, 2, 0.0)
    with pytest.raises(ValueError, match="no count of tokens: words"):
        use(timed, words=3)


def test_bottlenecks_are_what_is_blocked_and_then_what_took_longest(timed: Project, clock: Clock) -> None:
    working.start(timed, "fn-1.3")
    working.block(timed, "fn-1.3", reason="waits for a key")
    clock.now += 60

    found = timed.metrics.bottlenecks()

    assert [(row["task_id"][-2:], row["status"]) for row in found] == [
        (".3", "blocked"),
        (".1", "done"),
        (".2", "done"),
    ]
    assert (found[0]["blocked_reason"], found[0]["duration_secs"]) == ("waits for a key", 60.0)
    assert (found[1]["duration_secs"], found[1]["blocked_reason"]) == (2 * HOUR, None)
    assert len(timed.metrics.bottlenecks(1)) == 1


def test_delivery_is_measured_from_claims_blocks_and_ends(timed: Project, clock: Clock) -> None:
    found = timed.metrics.dora()

    assert (found["lead_time_hours"], found["throughput_per_week"]) == (1.5, 0.5)
    assert (found["change_failure_rate"], found["time_to_restore_hours"]) == (0.0, 1.0)
    clock.now += 29 * DAY
    assert timed.metrics.dora()["throughput_per_week"] == 0.0
    assert timed.metrics.dora()["lead_time_hours"] == 1.5
    clock.now += 2 * DAY
    assert timed.metrics.dora()["time_to_restore_hours"] is None


def test_an_epic_with_another_title_is_measured_as_before(timed: Project, clock: Clock) -> None:
    use(timed, input_tokens=7, cost=0.5)
    timed.approvals.create("Go on?", task="fn-1.3")
    working.block(timed, "fn-1.3", reason="x")
    clock.now += 60
    before = timed.metrics.dora(), timed.metrics.bottlenecks()[0]["duration_secs"]

    with timed.change("test") as change:
        change.rename_epic("fn-1-add-auth", "Log in")

    assert (timed.metrics.dora(), timed.metrics.bottlenecks()[0]["duration_secs"]) == before
    assert timed.metrics.epics()[0]["total_tokens"] == 7
    assert timed.approvals.list(task="fn-1.3")[0].task == "fn-1-log-in.3"
    assert timed.state.read("SELECT task_id FROM token_usage") == [("fn-1-log-in.1",)]


def test_months_outlive_the_events_that_they_were_counted_from(timed: Project, clock: Clock) -> None:
    use(timed, input_tokens=10, cost=0.5)
    events = len(timed.events())
    assert timed.metrics.rollup() == {"months_updated": 1}
    counted = timed.state.read("SELECT * FROM monthly_rollup")
    assert counted[0][2:] == (2, 1.5, 10, 0.5)
    clock.now += 91 * DAY

    assert timed.metrics.cleanup(dry_run=True)["deleted"] == events
    assert timed.metrics.cleanup() == {"deleted": events}

    assert [event.type for event in timed.events()] == ["log_cleaned"]
    assert timed.metrics.rollup() == {"months_updated": 1}
    assert timed.state.read("SELECT * FROM monthly_rollup") == counted
    clock.now += 365 * DAY
    assert timed.metrics.cleanup()["deleted"] == 2  # the day, and that the log was cleaned
    assert timed.metrics.rollup() == {"months_updated": 0}


def test_an_old_event_behind_a_newer_one_stays_so_that_the_log_is_whole(timed: Project, clock: Clock) -> None:
    for days in (0, 100, -100, 100):  # as an import brings them, or a clock that was wrong
        clock.now += days * DAY
        with timed.change("note") as change:
            change.event("noted", epic="")
    before = len(timed.events())
    assert timed.validate().valid

    told = timed.metrics.cleanup()

    assert told == {"deleted": before - 3}
    assert [event.type for event in timed.events()] == ["noted", "noted", "noted", "log_cleaned"]
    assert timed.validate().valid
