"""Dispatching: however an attempt ends, its task says so, and nobody waits for what will not come."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.engine import (
    Blocked,
    FileRef,
    Final,
    Inline,
    Internal,
    NotRegistered,
    Outcome,
    Progress,
    Site,
    SpawnRejected,
    TaskSpec,
)
from flowbench.engine.errors import DispatchFailed, InvalidTransition, SpawnDepthExceeded, TaskNotFound
from tests.engine.desks import Desk, Worker, run, until


def fails(error: BaseException) -> Any:
    async def work(site: Site, value: Any) -> Any:
        raise error

    return work


async def forever(site: Site, value: Any) -> Any:
    await asyncio.sleep(600)


def test_a_step_that_goes_well_tells_what_the_seed_told() -> None:
    desk = Desk()
    task = desk.start({"b": 1, "a": [1.0]})
    worker = Worker(lambda site, value: {"got": value})

    outcome = run(desk.engine.dispatch_attempt_with(desk.token, task, worker))

    assert outcome == Outcome("pass", {"got": {"b": 1, "a": [1.0]}})
    assert desk.told() == ["SessionAttached", "TaskCreated", "WorkerOutput", "TaskAttemptCompleted", "TaskPass"]
    assert desk.engine.output_tail(task, 1) == [Final(Inline({"got": {"b": 1, "a": [1.0]}}), True)]
    state = desk.state(task)
    assert (state.status, state.attempt, state.last_result) == ("pass", 1, outcome.value)


def test_a_worker_may_be_chosen_by_the_agents_name() -> None:
    desk = Desk()
    desk.engine.spawner = {"agent": Worker(lambda site, value: "by name")}

    assert run(desk.engine.dispatch_attempt(desk.token, desk.start())).value == "by name"
    with pytest.raises(DispatchFailed) as raised:
        run(desk.engine.dispatch_attempt(desk.token, desk.start(agent="stranger")))
    assert str(raised.value) == "dispatch failed: worker not registered: stranger"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotRegistered("agent"), "worker not registered: agent"),
        (SpawnRejected("not today"), "spawn rejected by middleware: not today"),
        (Internal("render system_prompt: no"), "internal: render system_prompt: no"),
        (ValueError("intentional boom"), "worker fn returned error: intentional boom"),
        (asyncio.CancelledError(), "worker fn returned error: cancelled from inside"),
    ],
    ids=["no worker", "rejected", "internal", "raised", "cancelled itself"],
)
def test_a_failure_blocks_the_task_tells_it_and_wakes_who_polls(error: BaseException, said: str) -> None:
    desk = Desk()
    task = desk.start()

    async def both() -> Any:
        seen = asyncio.ensure_future(desk.engine.poll_task(desk.token, task, 600))
        await asyncio.sleep(0)
        with pytest.raises(DispatchFailed) as raised:
            await desk.dispatch(task, fails(error))
        await seen
        return raised.value, await desk.engine.poll_task(desk.token, task, 600)

    raised, state = run(both())

    assert str(raised) == f"dispatch failed: {said}"
    assert (state.status, state.last_result) == ("blocked", {"error": said})
    assert desk.told()[-2:] == ["TaskAttemptCompleted", "TaskBlocked"]


def test_a_spawn_that_fails_leaves_no_task_running() -> None:
    class NoBody(Worker):
        def body(self, site: Site) -> Any:
            raise SpawnRejected("no")

    desk = Desk()
    task = desk.start()

    with pytest.raises(DispatchFailed):
        run(desk.engine.dispatch_attempt_with(desk.token, task, NoBody(forever)))

    assert desk.state(task).status == "blocked"


def test_a_worker_that_is_not_ok_blocks_with_its_value() -> None:
    desk = Desk()
    task = desk.start()

    outcome = run(desk.dispatch(task, fails(Blocked({"why": 1}, "", ""))))

    assert outcome == Outcome("blocked", {"why": 1})
    assert desk.state(task).last_result == {"why": 1}
    assert desk.engine.output_tail(task, 1) == [Final(Inline({"why": 1}), False)]


def test_of_several_finals_the_last_one_counts_and_a_file_is_named() -> None:
    desk = Desk()

    def work(site: Site, value: Any) -> Any:
        task = site.task()
        task.submit(Progress("half"))
        task.submit(Final(Inline(1), False))
        task.submit(Final(FileRef("/tmp/x", "text/plain"), True))
        return task.outcome()

    outcome = run(desk.dispatch(desk.start(), work))

    assert outcome == Outcome("pass", {"file_ref": "/tmp/x", "mime": "text/plain", "size_hint": None})


def test_no_final_is_a_failure() -> None:
    desk = Desk()
    task = desk.start()

    with pytest.raises(DispatchFailed) as raised:
        run(desk.dispatch(task, lambda site, value: site.task().outcome()))

    assert str(raised.value) == "dispatch failed: no Final in output_tail"
    assert desk.state(task).status == "blocked"


def test_what_is_no_json_is_a_failure() -> None:
    desk = Desk()

    with pytest.raises(DispatchFailed, match=r"worker fn returned error: \$: set is no JSON value"):
        run(desk.dispatch(desk.start(), lambda site, value: {1}))


def test_cancelling_stops_the_worker_for_good_and_a_late_final_revives_nothing() -> None:
    desk = Desk()
    task = desk.start()
    ended: list[str] = []

    async def work(site: Site, value: Any) -> Any:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            site.task().submit(Final(Inline("late"), True))
            ended.append("cleaned up")
            raise

    async def both() -> Outcome:
        going = asyncio.ensure_future(desk.dispatch(task, work))
        await until(lambda: desk.state(task).status == "running")
        await asyncio.sleep(0)
        desk.engine.cancel_task(desk.token, task)
        desk.engine.cancel_task(desk.token, task)
        return await going

    assert run(both()) == Outcome("cancelled")

    assert ended in ([], ["cleaned up"])  # it may not have begun
    assert desk.state(task).status == "cancelled"
    assert desk.told().count("TaskCancelledNews") == 1
    with pytest.raises(InvalidTransition):
        run(desk.dispatch(task, forever))


def test_a_late_final_is_recorded() -> None:
    desk = Desk()
    task = desk.start()
    tokens: list[Any] = []

    async def work(site: Site, value: Any) -> Any:
        tokens.append(site.task().token())
        raise ValueError("gone")

    with pytest.raises(DispatchFailed):
        run(desk.dispatch(task, work))
    late = Final(Inline("late"), True)

    desk.engine.submit_output(tokens[0], task, 1, late)

    assert list(desk.engine.output_tail(task, 1)) == [late]
    assert desk.state(task).status == "blocked"


def test_a_worker_that_swallows_its_cancellation_does_not_revive_the_task() -> None:
    desk = Desk()
    task = desk.start()
    began = threading.Event()

    async def work(site: Site, value: Any) -> Any:
        began.set()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            return "went on"

    async def both() -> Outcome:
        going = asyncio.ensure_future(desk.dispatch(task, work))
        await until(began.is_set)
        desk.engine.cancel_task(desk.token, task)
        return await going

    assert run(both()) == Outcome("cancelled")
    assert desk.state(task).status == "cancelled"


@pytest.mark.parametrize("how", ["leaves", "aborts"])
def test_whoever_leaves_a_dispatch_takes_the_worker_along(how: str) -> None:
    desk = Desk()
    task = desk.start()
    stop = CancelToken()
    ended: list[str] = []

    async def work(site: Site, value: Any) -> Any:
        ended.append("began")
        try:
            await asyncio.sleep(600)
        finally:
            ended.append("ended")

    async def both() -> None:
        going = asyncio.ensure_future(desk.dispatch(task, work, stop=stop))
        await until(lambda: bool(ended))
        if how == "leaves":
            going.cancel()
        else:
            stop.abort()
        with pytest.raises(asyncio.CancelledError if how == "leaves" else Aborted):
            await going

    run(both())

    assert ended == ["began", "ended"]
    assert desk.state(task).status == "cancelled"


def test_a_new_attempt_takes_the_place_of_the_one_that_runs() -> None:
    desk = Desk()
    task = desk.start()

    async def both() -> tuple[Outcome, Outcome]:
        first = asyncio.ensure_future(desk.dispatch(task, forever))
        await until(lambda: desk.state(task).status == "running")
        second = await desk.dispatch(task, lambda site, value: site.task().attempt)
        return await first, second

    assert run(both()) == (Outcome("cancelled"), Outcome("pass", 2))
    assert desk.state(task).status == "pass"


def test_tasks_in_tasks_go_as_deep_as_is_allowed() -> None:
    desk = Desk()
    below: list[str] = []

    async def work(site: Site, value: Any) -> Any:
        token = site.task().token()
        child = desk.engine.start_task(token, TaskSpec("agent", value))
        below.append(child)
        return (await desk.engine.dispatch_attempt_with(token, child, Worker(work))).value

    root = desk.start()
    with pytest.raises(DispatchFailed) as raised:
        run(desk.dispatch(root, work))

    assert len(below) == 3
    assert [desk.state(task).spawn_depth for task in (root, *below)] == [0, 1, 2, 3]
    assert str(raised.value).endswith("spawn depth exceeded: 4 >= max 4")
    assert str(SpawnDepthExceeded(4, 4)) == "spawn depth exceeded: 4 >= max 4"


def test_what_a_task_has_started_ends_with_it_and_what_was_done_stays_done() -> None:
    desk = Desk()
    below: list[str] = []

    async def work(site: Site, value: Any) -> Any:
        token = site.task().token()
        below.extend(desk.engine.start_task(token, TaskSpec("agent", name)) for name in ("quick", "slow"))
        await desk.engine.dispatch_attempt_with(token, below[0], Worker(lambda site, value: value))
        await desk.engine.dispatch_attempt_with(token, below[1], Worker(forever))

    async def both() -> Outcome:
        root = desk.start()
        going = asyncio.ensure_future(desk.dispatch(root, work))
        await until(lambda: len(below) == 2 and desk.state(below[1]).status == "running")
        desk.engine.cancel_task(desk.token, root)
        return await going

    assert run(both()) == Outcome("cancelled")
    assert [desk.state(task).status for task in below] == ["pass", "cancelled"]


def test_an_unknown_task_is_named() -> None:
    desk = Desk()

    with pytest.raises(TaskNotFound) as raised:
        run(desk.dispatch("T-0", forever))

    assert str(raised.value) == "task not found: T-0"


def test_ended_tasks_are_forgotten_the_oldest_first() -> None:
    desk = Desk(kept_tasks=2)
    tasks = [desk.start() for _ in range(4)]
    for task in tasks[:3]:
        run(desk.dispatch(task, lambda site, value: site.task().handle()))

    with pytest.raises(TaskNotFound):
        desk.state(tasks[0])
    assert [desk.state(task).status for task in tasks[1:]] == ["pass", "pass", "pending"]
    assert len(desk.engine.tokens) == 3  # of the operator, and of the two that are kept


def test_a_plain_worker_that_blocks_a_thread_is_left() -> None:
    desk = Desk()
    inside, freed = threading.Event(), threading.Event()
    task = desk.start()

    async def work(site: Site, value: Any) -> Any:
        return await site.threads.call(lambda _: (inside.set(), freed.wait(60)), None, token=site.step_token())

    async def both() -> Outcome:
        going = asyncio.ensure_future(desk.dispatch(task, work))
        await until(inside.is_set)
        desk.engine.cancel_task(desk.token, task)
        return await going

    assert run(both()) == Outcome("cancelled")
    freed.set()
