"""Stopping: by anybody, from any thread, once, through every try; a body that cancels its own task only fails."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause
from flowbench.flow import DispatcherError, Evaluation, evaluate, evaluate_sync
from tests.flow.flows import attempt, evaluation, fan, go, inc, let, lit, loop, path, seq, step
from tests.flow.sinks import Memory

USER = Cause(AbortReason.USER, "button")
TIMEOUT = Cause(AbortReason.TIMEOUT, "deadline")
FOREVER = loop(step("inc"), 2**32 - 1)


async def forever(value: Any) -> Any:
    await asyncio.sleep(30)
    return value


def later(made: Evaluation, seconds: float = 0.02, cause: Cause = USER, begun: int = 0) -> None:
    """Stop it from another thread, in a while. begun: not before that many bodies have begun."""

    def stop() -> None:
        time.sleep(seconds)
        until = time.monotonic() + 30
        while len(started) < begun and time.monotonic() < until:
            time.sleep(0.001)
        made.stop(cause)

    started: list[str] = []
    if begun:
        tell = made.sink.start

        def start(address: str, ref: str, run: Evaluation) -> None:
            tell(address, ref, run)
            started.append(address)

        made.sink.start = start  # type: ignore[method-assign]
    threading.Thread(target=stop, daemon=True).start()


def test_a_stop_before_the_start_runs_nothing() -> None:
    calls: list[Any] = []
    sink = Memory()
    made = evaluation(step("a"), {"a": calls.append}, sink)

    assert made.stop(TIMEOUT)
    with pytest.raises(Aborted) as met:
        go(made, {"x": 1})

    assert str(met.value) == "Aborted: Timeout"
    assert calls == []
    assert [(t.what, t.facts) for t in sink.told] == [("abort", {"reason": AbortReason.TIMEOUT, "by": "deadline"})]


def test_a_stop_before_the_start_counts_even_if_there_is_nothing_to_run() -> None:
    made = evaluation(seq(), {})
    made.stop(USER)

    with pytest.raises(Aborted):
        go(made)


@pytest.mark.parametrize("way", [go, evaluate_sync])
def test_inline_work_that_never_waits_is_stopped_through_every_try(way: Any) -> None:
    sink = Memory()
    made = evaluation(attempt(attempt(FOREVER)), {"inc": inc}, sink)
    later(made)
    began = time.perf_counter()

    with pytest.raises(Aborted, match="User"):
        way(made, {"x": 0})

    assert time.perf_counter() - began < 5
    assert len(sink.kinds("abort")) == 1


def test_a_loop_without_steps_is_stopped() -> None:
    made = evaluation(loop(let("$.y", lit(1)), 2**32 - 1), {})
    later(made)

    with pytest.raises(Aborted):
        evaluate_sync(made, {})


def test_waiting_bodies_are_cancelled_through_every_try() -> None:
    sink = Memory()
    made = evaluation(attempt(fan(attempt(step("a", "$.i", "$.o")), range(10))), {"a": forever}, sink)
    later(made, begun=10)

    with pytest.raises(Aborted, match="User"):
        go(made)

    assert sorted(sink.addresses("cancel")) == [f"0.b.f{n}.b" for n in range(10)]
    assert {t.facts["why"] for t in sink.kinds("cancel")} == {"User"}
    assert sink.kinds("fail", "done") == []


def test_the_first_cause_counts() -> None:
    sink = Memory()
    made = evaluation(step("a"), {"a": forever}, sink)
    answers: list[bool] = []

    async def both() -> None:
        asyncio.get_running_loop().call_soon(
            lambda: answers.extend([made.stop(USER), made.stop(TIMEOUT), made.stop(USER)])
        )
        await evaluate(made, {"x": 1})

    with pytest.raises(Aborted) as met:
        asyncio.run(both())

    assert met.value.cause is USER
    assert answers == [True, False, False]
    assert [t.facts["by"] for t in sink.kinds("abort")] == ["button"]


def test_one_of_many_threads_is_first() -> None:
    made = evaluation(attempt(FOREVER), {"inc": inc})
    firsts: list[int] = []
    gate = threading.Barrier(8)

    def ask(number: int) -> None:
        gate.wait()
        if made.stop(Cause(AbortReason.USER, str(number))):
            firsts.append(number)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    with pytest.raises(Aborted) as met:
        go(made, {"x": 0})
    for thread in threads:
        thread.join()

    assert [str(number) for number in firsts] == [met.value.by]


def test_a_stop_after_the_end_changes_nothing() -> None:
    sink = Memory()
    made = evaluation(step("inc"), {"inc": inc}, sink)

    async def around() -> Any:
        end = await evaluate(made, {"x": 1})
        made.stop(USER)
        await asyncio.sleep(0.001)
        return end

    assert asyncio.run(around()) == {"x": 2}
    assert sink.kinds("abort") == []


def test_a_stop_after_the_loop_has_gone_is_harmless() -> None:
    made = evaluation(seq(), {})
    go(made)

    assert made.stop(USER)


def test_a_stop_cancels_each_body_once() -> None:
    told: list[int] = []

    async def counts(value: int) -> int:
        for _ in range(3):
            try:
                await asyncio.sleep(0.005 if told.count(value) else 30)
            except asyncio.CancelledError:
                told.append(value)
        return value

    made = evaluation(fan(fan(step("a", "$.i", "$.o")) | {"bind": path("$.i")}, range(2)), {"a": counts})
    later(made, begun=6)

    with pytest.raises(Aborted):
        go(made)

    assert sorted(told) == [1, 1, 2, 2, 3, 3]


def test_a_stop_that_comes_while_losers_end_leaves_them_their_grace() -> None:
    ended: list[int] = []

    async def body(value: int) -> int:
        if value == 1:
            await asyncio.sleep(0.001)
            return value
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            made.stop(USER)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.01)
            ended.append(value)
            raise
        return value

    made = evaluation(fan(step("a", "$.i", "$.o"), join="any"), {"a": body})

    with pytest.raises(Aborted):
        go(made)

    assert ended == [2, 3]


def test_an_inline_body_that_cancels_its_task_hangs_nothing() -> None:
    def body(value: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        time.sleep(0.01)  # longer than a slice: the next wait is the evaluator's own
        return value

    with pytest.raises(asyncio.CancelledError):
        go(evaluation(fan(step("a", "$.i", "$.o")), {"a": body}))


def test_a_body_that_turns_its_cancellation_into_a_failure_does_not_hide_the_stop() -> None:
    async def sour(value: Any) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ValueError("sour") from None

    made = evaluation(attempt(step("a")), {"a": sour})
    later(made, begun=1)

    with pytest.raises(Aborted):
        go(made, {"x": 1})


def test_a_body_that_swallows_its_cancellation_is_the_last_one() -> None:
    calls: list[int] = []

    async def deaf(value: int) -> int:
        calls.append(value)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return value + 1

    sink = Memory()
    made = evaluation(seq(step("a"), step("a")), {"a": deaf}, sink)
    later(made, begun=1)

    with pytest.raises(Aborted):
        go(made, {"x": 1})

    assert calls == [1]
    assert sink.addresses("done") == ["0"]


def test_an_abort_that_a_body_meets_first_ends_the_run_with_its_cause() -> None:
    for data in (attempt(step("a")), attempt(fan(step("a", "$.i", "$.o")))):
        for way in (go, evaluate_sync):
            sink, token = Memory(), CancelToken()

            def body(value: Any, token: CancelToken = token) -> Any:
                token.abort(*TIMEOUT)
                token.heartbeat()

            with pytest.raises(Aborted, match="Timeout"):
                way(evaluation(data, {"a": body}, sink, token=token), {"x": 1})
            assert [t.facts["by"] for t in sink.kinds("abort")] == ["deadline"]


def test_an_abort_of_the_bodys_own_is_its_failure() -> None:
    def body(value: Any) -> Any:
        CancelToken(0).heartbeat()

    sink = Memory()

    end = go(evaluation(attempt(step("a")), {"a": body}, sink, token=CancelToken()), {"x": 1})

    assert end == {"x": 1, "err": "dispatcher error for ref 'a': Aborted: Timeout"}
    assert sink.kinds("abort") == []


def test_the_task_around_the_evaluation_is_not_left_cancelled() -> None:
    made = evaluation(step("a"), {"a": forever})
    later(made, begun=1)

    async def around() -> int:
        with pytest.raises(Aborted):
            await evaluate(made, {"x": 1})
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(around()) == 0


def test_a_cancellation_of_the_task_around_is_a_cancellation() -> None:
    sink = Memory()
    made = evaluation(attempt(fan(step("a", "$.i", "$.o"))), {"a": forever}, sink)

    async def around() -> None:
        async with asyncio.timeout(0.01):
            await evaluate(made, {})

    with pytest.raises(TimeoutError):
        asyncio.run(around())

    assert sorted(sink.addresses("cancel")) == ["0.b.f0", "0.b.f1", "0.b.f2"]


# -- what a body does to its own task


async def cancels_what_it_awaits(value: Any) -> Any:
    inner = asyncio.ensure_future(asyncio.sleep(30))
    inner.cancel()
    await inner


async def cancels_its_task_and_waits(value: Any) -> Any:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def waits_and_cancels_its_task(value: Any) -> Any:
    await asyncio.sleep(0)
    await cancels_its_task_and_waits(value)


async def cancels_after_a_timeout(value: Any) -> Any:
    try:
        async with asyncio.timeout(0.001):
            await asyncio.sleep(30)
    except TimeoutError:
        await cancels_what_it_awaits(value)


def raises_it(value: Any) -> Any:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    "body",
    [
        cancels_what_it_awaits,
        cancels_its_task_and_waits,
        waits_and_cancels_its_task,
        cancels_after_a_timeout,
        raises_it,
    ],
)
def test_a_body_that_cancels_itself_is_a_failed_step(body: Any) -> None:
    text = "dispatcher error for ref 'a': cancelled from inside"
    flow = seq(attempt(step("a")), step("soon"), attempt(fan(step("a", "$.i", "$.o"), join="all_settled")))

    async def soon(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    sink = Memory()
    end = go(evaluation(flow, {"a": body, "soon": soon}, sink), {"x": 1})

    assert end["err"] == text
    assert [branch["reason"] for branch in end["r"]] == [text] * 3
    assert sink.kinds("cancel") == []


def test_a_body_that_cancels_itself_and_fails_the_join_does_not_hang_it() -> None:
    with pytest.raises(DispatcherError, match="cancelled from inside"):
        go(evaluation(fan(step("a", "$.i", "$.o")), {"a": cancels_its_task_and_waits}))


class Stop(BaseException):
    """As test runners raise it to end a test."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), Stop("now")], ids=repr)
def test_an_exit_in_a_body_is_the_bodys_failure(error: BaseException) -> None:
    def leave(value: Any) -> Any:
        raise error

    async def leave_later(value: Any) -> Any:
        await asyncio.sleep(0)
        raise error

    said = ": ".join([type(error).__name__, *([str(error)] if str(error) else [])])
    for body in (leave, leave_later):
        end = go(evaluation(attempt(step("a")), {"a": body}), {"x": 1})
        assert end == {"x": 1, "err": f"dispatcher error for ref 'a': {said}"}
