"""Functions on threads whose caller has left: every way in which they refuse to stop."""

from __future__ import annotations

import asyncio
import random
import threading
import time

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause, Handoff, Orphan
from tests.cancel.bodies import TASK, Body, double, leave, run, until_true


def test_abort_before_start_runs_nothing(threads: Handoff) -> None:
    token = CancelToken()
    token.abort(AbortReason.USER, "button")
    ran: list[None] = []

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        run(threads.call(ran.append, None, token=token))

    assert ran == []


def test_a_cancelled_call_returns_at_once_and_aborts_its_token(threads: Handoff) -> None:
    body, token = Body(), CancelToken()

    async def main() -> float:
        task = await body.start(threads, token=token, grace=60)
        began = time.monotonic()
        await leave(task)
        return time.monotonic() - began

    assert run(main()) < 5
    assert token.cause == TASK
    assert not body.ended
    body.told.set()


@pytest.mark.parametrize("grace", [60, 0.01], ids=["that ends", "that does not"])
def test_a_body_that_runs_on_lingers_until_it_ends_and_at_most_for_its_grace(threads: Handoff, grace: float) -> None:
    body, told = Body(), []

    async def main() -> None:
        task = await body.start(threads, grace=grace, linger=lambda: lambda: told.append(body.ended))
        await leave(task)
        if grace > 1:
            assert not told
            body.told.set()
        await until_true(lambda: told)
        body.told.set()

    run(main())
    assert grace < 1 or told == [True]


def test_a_call_that_ends_or_never_began_does_not_linger(threads: Handoff) -> None:
    asked: list[None] = []

    async def main() -> None:
        assert await threads.call(double, 2, linger=lambda: asked.append(None) or asked.clear) == 4
        passed = CancelToken()
        passed.abort()
        with pytest.raises(Aborted):
            await threads.call(double, 2, token=passed, linger=lambda: asked.append(None) or asked.clear)

    run(main())
    assert asked == []


def test_the_token_keeps_the_cause_it_had(threads: Handoff) -> None:
    body, token = Body(), CancelToken()

    async def main() -> None:
        task = await body.start(threads, token=token, grace=0)
        token.abort(AbortReason.TIMEOUT, "race")
        await leave(task)
        await until_true(lambda: body.ended)

    run(main())
    assert [aborted.cause for aborted in body.raised] == [Cause(AbortReason.TIMEOUT, "race")]


def test_a_body_that_obeys_its_token_is_not_forced(threads: Handoff) -> None:
    ended: list[str] = []
    began = threading.Event()

    def work(token: CancelToken) -> None:
        began.set()
        try:
            while True:
                token.heartbeat()
        except Aborted as aborted:
            ended.append(type(aborted).__qualname__ + str(aborted.cause.by))

    async def main() -> None:
        token = CancelToken()
        task = asyncio.get_running_loop().create_task(threads.call(work, token, token=token, grace=0.3))
        await until_true(began.is_set)
        await leave(task)
        await until_true(lambda: bool(ended))
        await asyncio.sleep(0.4)

    run(main())
    assert ended == ["Abortedtask"]


@pytest.mark.parametrize("swallows", [0, 1, 3], ids=["obeys", "swallows one", "swallows three"])
def test_an_endless_body_is_ended_after_the_grace_and_not_before(threads: Handoff, swallows: int) -> None:
    body = Body(swallows)

    async def main() -> float:
        task = await body.start(threads, grace=0.15)
        left = time.monotonic()
        await leave(task)
        await asyncio.sleep(0.05)
        is_early, looked = not body.raised, time.monotonic() - left  # a busy machine may sleep through the grace
        assert is_early or looked >= 0.14
        await until_true(lambda: body.ended)
        return time.monotonic() - left

    assert run(main()) >= 0.14
    assert [str(aborted) for aborted in body.raised] == ["Aborted: Signal"] * (swallows + 1)


def test_a_body_stuck_outside_python_is_named_until_it_ends(threads: Handoff) -> None:
    gate = threading.Lock()
    gate.acquire()

    def stuck(value: None) -> None:
        gate.acquire()  # no bytecode runs meanwhile, as in time.sleep or a regex

    async def main() -> list[Orphan]:
        before = time.time()
        task = asyncio.get_running_loop().create_task(threads.call(stuck, None, grace=0.05))
        await asyncio.sleep(0.02)
        left = time.monotonic()
        await leave(task)
        assert threads.orphans == [] or time.monotonic() - left >= 0.05  # not within its grace
        await until_true(lambda: threads.orphans != [])
        named = threads.orphans
        assert before <= named[0].since <= time.time()
        gate.release()
        await until_true(lambda: threads.orphans == [])
        return named

    (orphan,) = run(main())
    assert orphan.function == f"{__name__}.test_a_body_stuck_outside_python_is_named_until_it_ends.<locals>.stuck"
    assert orphan.thread.startswith("flowbench-")


def test_stuck_bodies_do_not_starve_the_others() -> None:
    threads = Handoff(limit=2)
    bodies = [Body(swallows=10**9) for _ in range(4)]

    async def main() -> int:
        for body in bodies:
            await leave(await body.start(threads, grace=60))
        return await threads.call(double, 21)

    assert run(main()) == 42
    for body in bodies:
        body.told.set()
    threads.close()


@pytest.mark.parametrize("grace", [0.0, 60.0], ids=["forced", "ended by itself"])
def test_a_thread_whose_caller_has_left_takes_no_other_call(threads: Handoff, grace: float) -> None:
    body = Body()

    async def main() -> threading.Thread:
        task = await body.start(threads, grace=grace)
        (thread,) = (thread for thread in threading.enumerate() if thread.ident == body.thread)
        await leave(task)
        if grace:
            body.told.set()
        return thread

    thread = run(main())
    thread.join(30)

    assert not thread.is_alive()


def test_calls_that_wait_for_a_thread_get_the_place_of_one_that_is_stuck() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()

    async def main() -> int:
        task = await body.start(threads, grace=60)
        waiting = asyncio.ensure_future(threads.call(double, 21))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await leave(task)
        return await waiting

    assert run(main()) == 42
    body.told.set()
    threads.close()


def test_a_call_that_is_cancelled_before_a_thread_began_it_never_runs() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()
    ran: list[int] = []

    async def main() -> None:
        task = await body.start(threads)
        waiting = asyncio.get_running_loop().create_task(threads.call(ran.append, 1))
        await asyncio.sleep(0.01)
        await leave(waiting)
        body.told.set()
        await task
        await threads.call(ran.append, 2)

    run(main())
    assert ran == [2]
    threads.close()


def test_an_abort_meant_for_one_body_never_hits_another() -> None:
    """Bodies that end just when they are forced, on few threads, with innocent ones in between."""
    threads = Handoff(limit=4)
    chance = random.Random(5)
    hit: list[BaseException] = []

    def guilty(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass

    def innocent(number: int) -> int:
        try:
            return sum(range(200)) + number
        except BaseException as error:
            hit.append(error)
            raise

    async def one() -> None:
        task = asyncio.get_running_loop().create_task(threads.call(guilty, chance.random() * 0.004, grace=0.001))
        await asyncio.sleep(chance.random() * 0.002)
        task.cancel()
        await asyncio.wait([task])

    async def main() -> list[int]:
        answers = []
        for _ in range(150):
            await asyncio.gather(one(), one())
            answers += [await threads.call(innocent, number) for number in range(3)]
        await until_true(lambda: not threads._reaper._due)
        return answers

    assert run(main()) == [19900, 19901, 19902] * 150
    assert hit == []
    assert threads.orphans == []
    threads.close()


def test_forcing_outlives_the_loop_of_the_caller(threads: Handoff) -> None:
    body = Body()

    async def main() -> None:
        await leave(await body.start(threads, grace=0.05))

    run(main())
    until = time.monotonic() + 30
    while not body.ended and time.monotonic() < until:
        time.sleep(0.002)

    assert body.ended


def test_an_answer_after_the_loop_was_closed_disturbs_nobody() -> None:
    threads = Handoff(patience=0.0)
    loop, body = asyncio.new_event_loop(), Body()
    call = threads.call(body, None)
    task = loop.create_task(call)
    loop.run_until_complete(until_true(body.began.is_set))
    loop.close()  # with a task that waits: nobody can be told of the answer

    body.told.set()

    while not body.ended or not threads._idle:
        time.sleep(0.001)
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    threads.close()


def test_settling_waits_for_what_was_left_and_not_longer(threads: Handoff) -> None:
    async def main() -> None:
        body = Body()
        await leave(await body.start(threads, grace=60))
        assert not threads.settle(0.05)
        asyncio.get_running_loop().call_later(0.05, body.told.set)
        assert await asyncio.to_thread(threads.settle, 30)

    assert threads.settle(0)
    run(main())
