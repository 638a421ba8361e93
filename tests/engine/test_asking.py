"""Asking: polling a task, and a question that a senior answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.engine import Role, Site, TaskState
from flowbench.engine.errors import (
    InvalidTransition,
    PollTimeout,
    ResumeKeyNotFound,
    RoleViolation,
    TaskCancelled,
)
from tests.engine.desks import Desk, run, until


def test_a_question_suspends_the_task_until_it_is_answered() -> None:
    desk = Desk()
    task = desk.start()

    key = desk.engine.query_senior(desk.token, task, {"may": "I"})
    waiting = desk.state(task)

    async def answered() -> Any:
        first = asyncio.ensure_future(desk.engine.await_resume(key))
        await asyncio.sleep(0)
        desk.engine.resume(key, {"yes": 1})
        return await first, await desk.engine.await_resume(key, 0)

    assert run(answered()) == ({"yes": 1}, {"yes": 1})
    assert (key, waiting.status, waiting.suspended_on) == (f"R-senior-{task}", "suspended", key)
    assert desk.state(task).status == "pending"
    assert desk.told()[-4:] == ["SeniorQueried", "TaskSuspended", "TaskResumed", "SeniorAnswered"]


def test_asking_again_forgets_the_question_before() -> None:
    desk = Desk()
    task = desk.start()
    key = desk.engine.query_senior(desk.token, task, "first")
    desk.engine.resume(key, 1)

    assert desk.engine.query_senior(desk.token, task, "second") == key

    with pytest.raises(PollTimeout) as raised:
        run(desk.engine.await_resume(key, 0))
    assert str(raised.value) == "poll timeout"
    desk.engine.resume(key, 2)
    assert run(desk.engine.await_resume(key, 0)) == 2


def test_an_answer_is_given_once_by_who_may_answer() -> None:
    desk = Desk()
    key = desk.engine.query_senior(desk.token, desk.start(), "?")

    with pytest.raises(RoleViolation):
        desk.engine.resume(key, 1, desk.token)
    desk.engine.resume(key, 1, desk.engine.attach("wise", Role.SENIOR))
    with pytest.raises(InvalidTransition):
        desk.engine.resume(key, 2)

    assert run(desk.engine.await_resume(key)) == 1


@pytest.mark.parametrize("key", ["R-senior-T-0", "nonsense", ""])
def test_an_unknown_key_is_refused(key: str) -> None:
    desk = Desk()
    desk.start()

    with pytest.raises(ResumeKeyNotFound) as raised:
        desk.engine.resume(key, 1)
    with pytest.raises(ResumeKeyNotFound):
        run(desk.engine.await_resume(key))

    assert str(raised.value) == "resume key not found"


def test_nobody_waits_for_the_answer_to_a_cancelled_task() -> None:
    desk = Desk()
    task = desk.start()
    key = desk.engine.query_senior(desk.token, task, "?")

    async def both() -> None:
        waiting = asyncio.ensure_future(desk.engine.await_resume(key))
        await asyncio.sleep(0)
        desk.engine.cancel_task(desk.token, task)
        await waiting

    with pytest.raises(TaskCancelled) as raised:
        run(both())

    assert str(raised.value) == "cancelled"


def test_a_poll_waits_for_the_next_change() -> None:
    desk = Desk()
    task = desk.start()

    async def both() -> list[TaskState]:
        polls = [asyncio.ensure_future(desk.engine.poll_task(desk.token, task, 600)) for _ in range(3)]
        await asyncio.sleep(0)
        await desk.dispatch(task, lambda site, value: 1)
        return [*await asyncio.gather(*polls), await desk.engine.poll_task(desk.token, task, 600)]

    states = run(both())

    assert states[-1].status == "pass"
    assert {state.status.value for state in states[:-1]} <= {"running", "pass"}
    assert run(desk.engine.poll_task(desk.token, desk.start())).status == "pending"  # at once: nothing is held
    with pytest.raises(PollTimeout):
        run(desk.engine.poll_task(desk.token, desk.start(), 0.01))


def test_a_poll_is_heard_on_another_loop() -> None:
    desk = Desk()
    task = desk.start()

    async def both() -> TaskState:
        polled = asyncio.ensure_future(asyncio.to_thread(lambda: run(desk.engine.poll_task(desk.token, task, 600))))
        work = desk.engine._work[task]
        await until(lambda: bool(work.waiters))
        desk.engine.cancel_task(desk.token, task)
        return await polled

    assert run(both()).status == "cancelled"
    assert desk.engine._work[task].waiters == []


def test_a_wait_ends_with_its_token() -> None:
    desk = Desk()
    task = desk.start()
    key = desk.engine.query_senior(desk.token, task, "?")
    other = desk.start()

    for wait in (
        lambda stop: desk.engine.poll_task(desk.token, other, 600, stop),
        lambda stop: desk.engine.await_resume(key, None, stop),
        lambda stop: desk.engine.start_detach_loop(stop),
    ):

        async def both(wait: Any = wait) -> None:
            stop = CancelToken()
            waiting = asyncio.ensure_future(wait(stop))
            await asyncio.sleep(0)
            stop.abort(AbortReason.USER, "test")
            await waiting

        with pytest.raises(Aborted):
            run(both())


def test_an_answer_reaches_a_task_that_has_gone_on_without_it() -> None:
    desk = Desk()
    task = desk.start()

    async def work(site: Site, value: Any) -> Any:
        key = desk.engine.query_senior(desk.token, task, "?")
        assert desk.state(task).status == "suspended"
        desk.engine.resume(key, "late")
        return await desk.engine.await_resume(key)

    assert run(desk.dispatch(task, work)).value == "late"
    assert desk.state(task).status == "pass"
