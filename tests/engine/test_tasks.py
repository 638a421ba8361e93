"""Tasks: what becomes of a task, as a function of what happens to it."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench.engine import Status, TaskSpec, TaskState
from flowbench.engine.errors import InvalidTransition
from flowbench.engine.tasks import Broke, Cancelled, Dispatched, Ended, Happening, Posted, Resumed, Suspended, advance

KEY = "R-senior-T-1"


def after(*happenings: Happening) -> tuple[TaskState, list[str]]:
    """The task, and the names of what was told, in order."""
    task, told = TaskState("T-1", TaskSpec("agent", "do"), 0.0, 0.0), []
    for now, happening in enumerate(happenings, 1):
        task, news = advance(task, happening, float(now))
        told += [type(each).__name__ for each in news]
    return task, told


BEGIN = Dispatched()


@pytest.mark.parametrize(
    ("happenings", "status", "told"),
    [
        ((), "pending", ""),
        ((BEGIN,), "running", ""),
        ((BEGIN, Ended(1, 1, True)), "pass", "TaskAttemptCompleted TaskPass"),
        ((BEGIN, Ended(1, 1, False)), "blocked", "TaskAttemptCompleted TaskBlocked"),
        ((BEGIN, Broke(1, "no")), "blocked", "TaskAttemptCompleted TaskBlocked"),
        ((Cancelled(),), "cancelled", "TaskCancelledNews"),
        ((BEGIN, Cancelled()), "cancelled", "TaskCancelledNews"),
        ((BEGIN, Cancelled(), Cancelled()), "cancelled", "TaskCancelledNews"),
        ((BEGIN, Cancelled(), Ended(1, 1, True)), "cancelled", "TaskCancelledNews"),
        ((BEGIN, Ended(1, 1, True), Cancelled()), "cancelled", "TaskAttemptCompleted TaskPass TaskCancelledNews"),
        ((BEGIN, Broke(1, "no"), Ended(1, 1, True)), "blocked", "TaskAttemptCompleted TaskBlocked"),
        ((BEGIN, BEGIN, Ended(1, 1, True)), "running", ""),
        ((BEGIN, BEGIN, Cancelled(1)), "running", ""),
        ((BEGIN, BEGIN, Ended(2, 1, True)), "pass", "TaskAttemptCompleted TaskPass"),
        ((BEGIN, Suspended(KEY)), "suspended", "TaskSuspended"),
        ((BEGIN, Suspended(KEY), Suspended(KEY)), "suspended", "TaskSuspended TaskSuspended"),
        ((BEGIN, Suspended(KEY), Resumed(KEY)), "running", "TaskSuspended TaskResumed"),
        ((BEGIN, Suspended(KEY), Resumed("other")), "suspended", "TaskSuspended"),
        ((Suspended(KEY), Resumed(KEY)), "pending", "TaskSuspended TaskResumed"),
        (
            (BEGIN, Suspended(KEY), Ended(1, 1, True), Resumed(KEY)),
            "pass",
            "TaskSuspended TaskAttemptCompleted TaskPass",
        ),
        ((BEGIN, Suspended(KEY), Cancelled(), Resumed(KEY)), "cancelled", "TaskSuspended TaskCancelledNews"),
        ((BEGIN, Posted(5)), "running", ""),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(type(each).__name__ for each in value) or "nothing",
)
def test_what_becomes_of_it(happenings: tuple[Happening, ...], status: str, told: str) -> None:
    task, names = after(*happenings)

    assert (task.status, names) == (status, told.split())
    assert (task.suspended_on is None) == (task.status is not Status.SUSPENDED)


@pytest.mark.parametrize(
    ("happening", "said"),
    [
        (Dispatched(), "invalid state transition: cancelled -> running"),
        (Suspended(KEY), "invalid state transition: cancelled -> suspended"),
    ],
    ids=["dispatch", "suspend"],
)
def test_nothing_begins_on_a_cancelled_task(happening: Happening, said: str) -> None:
    with pytest.raises(InvalidTransition) as raised:
        after(Cancelled(), happening)

    assert str(raised.value).startswith(said)


def test_the_result_and_the_times_are_kept() -> None:
    task, _ = after(BEGIN, Ended(1, {"a": 1}, True))
    posted, _ = after(BEGIN, Posted(5))
    broken, _ = after(BEGIN, Broke(1, "worker fn returned error: boom"))

    assert (task.last_result, task.created_at, task.updated_at, task.attempt) == ({"a": 1}, 0.0, 2.0, 1)
    assert (posted.last_result, posted.status) == (5, "running")
    assert broken.last_result == {"error": "worker fn returned error: boom"}


def test_every_state_answers_to_everything_that_can_happen() -> None:
    ways: list[Any] = [
        (),
        (BEGIN,),
        (BEGIN, Ended(1, 1, True)),
        (BEGIN, Broke(1, "")),
        (Cancelled(),),
        (Suspended(KEY),),
    ]
    happenings = [BEGIN, Ended(1, 1, True), Broke(1, ""), Cancelled(), Suspended(KEY), Resumed(KEY), Posted(1)]

    for way in ways:
        for happening in happenings:
            try:
                task, _ = after(*way, happening)
            except InvalidTransition:
                task, _ = after(*way)
                assert task.status is Status.CANCELLED
