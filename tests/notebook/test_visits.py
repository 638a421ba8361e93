from __future__ import annotations

import time
from typing import Any

from flowbench.engine import StepRecord
from flowbench.notebook.visits import Visits, look
from flowbench.runtime import Progress


def record(address: str, status: str = "done", **more: Any) -> StepRecord:
    return StepRecord(address, "work", status, 100.0, 0.5, {"x": address}, **more)


def progress(*running: tuple[str, str, float]) -> Progress:
    return Progress("running", 0, 0, 0, running, {}, {})


def test_the_last_visit_is_told_whole_and_all_are_counted() -> None:
    steps = [record("0.f0"), record("0.f1", "failed", error="no luck"), record("0.f2", output=7)]

    told = look("0.f", Visits(steps), progress())

    assert (told["address"], told["status"], told["visits"], told["done"], told["failed"]) == ("0.f2", "done", 3, 2, 1)
    assert (told["output"], told["total"]) == ("7", 1.5)
    assert '"0.f2"' in told["input"]


def test_an_error_stays_in_sight_with_its_address() -> None:
    steps = [record("0.f1", "failed", error="no luck"), record("0.f2", output=7)]

    told = look("0.f", Visits(steps), progress())

    assert (told["error"], told["wrong"]) == ("no luck", "0.f1")


def test_records_that_come_later_are_seen_and_none_twice() -> None:
    steps = [record("0")]
    visits = Visits(steps)
    visits.seen()

    steps.append(record("0", output=2))

    assert [at.visits for at in visits.seen().values()] == [2]
    assert [at.visits for at in visits.seen().values()] == [2]


def test_a_node_that_is_no_step_counts_what_is_inside() -> None:
    told = look("0", Visits([record("0.f0"), record("0.f1"), record("1")]), progress())

    assert (told["visits"], told["below"]) == (0, 2)


def test_a_step_that_runs_for_the_first_time_is_named() -> None:
    told = look("0.f", Visits([]), progress(("0.f3", "work", time.time())))

    assert (told["agent"], told["visits"], told["running"][0][0]) == ("work", 0, "0.f3")


def test_of_many_that_run_the_first_are_named_and_the_others_counted() -> None:
    told = look("0.f", Visits([]), progress(*((f"0.f{number}", "work", time.time()) for number in range(8))))

    assert len(told["running"]) + told["more"] == 8
    assert told["more"] > 0


def test_values_are_cut() -> None:
    told = look("0", Visits([record("0", output="é" * 100_000)]), progress(), 50)

    assert len(told["output"]) == 50
