"""One launch, seen by its owner."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.engine import UnresolvedRef
from flowbench.flow import NotJson
from flowbench.runtime import entries, journal, launched
from tests.flows import attempt, blueprint, fan, loop, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent
    def inc(value: int) -> int:
        return value + 1

    @table.agent(inline=True)
    def twice(value: int) -> int:
        return value * 2

    @table.agent
    async def nap(value: Any) -> Any:
        await asyncio.sleep(0.01)
        return value

    @table.agent
    async def forever(value: Any) -> Any:
        await asyncio.sleep(600)

    @table.agent
    def bad(value: Any) -> Any:
        raise ValueError(f"no {value} today")

    return table


def test_a_flow_of_all_three_ways_to_write_a_function(functions: Functions) -> None:
    flow = seq(step("inc"), step("twice"), step("nap"))

    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions)

    assert run.result(30) == {"x": 4}
    assert (run.state, run.error, run.cause) == ("done", None, None)
    assert [(s.address, s.agent, s.status, s.input, s.output) for s in run.steps] == [
        ("0", "inc", "done", 1, 2),
        ("1", "twice", "done", 2, 4),
        ("2", "nap", "done", 4, 4),
    ]


def test_launch_returns_at_once_and_what_it_returned_is_on_disk(functions: Functions) -> None:
    run = fb.launch(blueprint(step("forever")), {"x": [1]}, functions=functions)

    assert run.path is not None
    first = journal.read(run.path)[0]
    assert isinstance(first, entries.Begun)
    assert (first.id, first.ctx, first.blueprint["id"]) == (run.id, {"x": [1]}, "test")
    assert run.state == "running"
    assert run.abort()
    run.wait(30)


def test_memory_leaves_nothing_on_disk(functions: Functions, home: Any) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions, durability="memory")

    assert run.result(30) == {"x": 2}
    assert run.path is None
    assert not (home / "runs").exists()


def test_power_survives_as_a_journal_too(functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions, durability="power")

    assert run.result(30) == {"x": 2}
    assert run.path is not None
    assert [type(line).__name__ for line in journal.read(run.path)][-2:] == ["Done", "End"]


def test_a_failure_names_the_step_and_keeps_the_bodys_own_error(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("inc"), step("bad"))), {"x": 1}, functions=functions)

    with pytest.raises(fb.RunFailed, match=r"at step 1: dispatcher error for ref 'bad': no 2 today") as caught:
        run.result(30)

    assert caught.value.address == "1"
    assert isinstance(caught.value.body_error, ValueError)
    shown = "\n".join(caught.value._render_traceback_())
    assert "raise ValueError" in shown
    assert "evaluate.py" not in shown
    assert run.state == "failed"
    assert run.ctx == {"x": 2}


def test_a_failure_that_is_none_of_the_bodys_code_is_told_once(functions: Functions) -> None:
    @functions.agent
    def nan(value: Any) -> Any:
        return float("nan")

    run = fb.launch(blueprint(step("nan")), {"x": 1}, functions=functions)

    with pytest.raises(fb.RunFailed) as caught:
        run.result(30)

    assert "\n".join(caught.value._render_traceback_()).count("nan is no JSON number") == 1


def test_a_caught_failure_is_a_record_and_no_failure_of_the_run(functions: Functions) -> None:
    run = fb.launch(blueprint(attempt(step("bad"))), {"x": 1}, functions=functions)

    assert run.result(30) == {"x": 1, "err": "dispatcher error for ref 'bad': no 1 today"}
    assert [(s.status, s.error) for s in run.steps] == [("failed", "no 1 today")]


def test_abort_is_the_outcome_with_its_first_cause(functions: Functions) -> None:
    run = fb.launch(blueprint(attempt(step("forever"))), {"x": 1}, functions=functions)

    first = run.abort(by="button")
    second = run.abort(fb.AbortReason.TIMEOUT)

    with pytest.raises(fb.RunCancelled, match=r"Aborted: User \(by button\)"):
        run.result(30)
    assert (first, second) == (True, False)
    assert run.state == "cancelled"


def test_a_step_that_was_cancelled_says_what_it_was_given(functions: Functions) -> None:
    begun = threading.Event()

    async def wait(_: object) -> None:
        begun.set()
        await asyncio.sleep(60)

    functions.register(wait, id="wait")
    run = fb.launch(blueprint(step("wait")), {"x": [1]}, functions=functions)
    assert begun.wait(30)
    run.abort()
    run.wait(30)

    assert [(each.status, each.input) for each in run.steps] == [("cancelled", [1])]


def test_abort_before_start_runs_nothing(functions: Functions) -> None:
    token = fb.CancelToken()
    token.abort()

    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions, token=token)

    assert run.wait(30)
    assert (run.state, list(run.steps), run.ctx) == ("cancelled", [], {"x": 1})
    assert run.cause is not None
    assert run.cause.by == "parent (api)"


def test_the_deadline_is_an_abort_with_reason_timeout(functions: Functions) -> None:
    run = fb.launch(blueprint(step("forever")), {"x": 1}, functions=functions, timeout=0.05)

    with pytest.raises(fb.RunCancelled, match="Aborted: Timeout"):
        run.result(30)


def test_a_blueprint_may_say_how_long_it_may_take(functions: Functions) -> None:
    hasty = blueprint(step("forever"), metadata={"default_run_ttl_secs": 0})

    with pytest.raises(fb.RunCancelled, match="Aborted: Timeout"):
        fb.launch(hasty, {"x": 1}, functions=functions).result(30)
    assert fb.launch({**hasty, "flow": step("inc")}, {"x": 1}, functions=functions, timeout=30).result(30) == {"x": 2}


def test_abort_reaches_a_thread_that_heartbeats_and_one_that_does_not(functions: Functions) -> None:
    begun: list[str] = []
    ended: list[str] = []

    @functions.agent
    def polite(value: Any, token: fb.CancelToken) -> None:
        try:
            begun.append("polite")
            while True:
                token.heartbeat()
                time.sleep(0.001)
        finally:
            ended.append("polite")

    @functions.agent
    def rude(value: Any) -> None:
        try:
            begun.append("rude")
            while True:
                time.sleep(0.001)
        finally:
            ended.append("rude")

    began = time.monotonic()
    for name in ("polite", "rude"):
        run = fb.launch(blueprint(step(name)), {"x": 1}, functions=functions)
        while name not in begun:  # what no thread has begun is dropped, and never ends
            time.sleep(0.005)
        run.abort()
        assert run.wait(30)
        assert run.state == "cancelled"
    while len(ended) < 2 and time.monotonic() - began < 30:
        time.sleep(0.01)

    assert ended == ["polite", "rude"]


def test_the_cause_is_the_first_one_also_when_a_body_meets_the_abort_before_the_engine(functions: Functions) -> None:
    @functions.agent
    def polite(value: Any, token: fb.CancelToken) -> None:
        while True:
            token.heartbeat()

    run = fb.launch(blueprint(step("polite")), {"x": 1}, functions=functions)
    while not run.progress().running:
        time.sleep(0.005)
    run.abort(by="button")

    assert run.wait(30)
    assert run.cause is not None
    assert run.cause.by == "button"


def test_a_body_that_swallows_its_cancellation_is_left_and_named(functions: Functions) -> None:
    freed = threading.Event()

    @functions.agent
    async def stubborn(value: Any) -> None:
        while not freed.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    run = fb.launch(blueprint(step("stubborn")), {"x": 1}, functions=functions)
    while not run.progress().running:
        time.sleep(0.005)
    run.abort()

    assert run.wait(30)
    freed.set()
    assert run.orphans == ("0",)
    assert "still running: step 0" in run.summary()


def test_two_runs_at_once_and_only_one_is_aborted(functions: Functions) -> None:
    one = fb.launch(blueprint(step("forever")), {"x": 1}, functions=functions)
    other = fb.launch(blueprint(seq(*[step("nap")] * 5)), {"x": 1}, functions=functions)

    one.abort()

    assert other.result(30) == {"x": 1}
    assert one.wait(30)
    assert one.state == "cancelled"


def test_await_gives_the_ctx_on_a_loop_of_ones_own(functions: Functions) -> None:
    async def main() -> Any:
        return await fb.launch(blueprint(step("nap")), {"x": 7}, functions=functions)

    assert asyncio.run(main()) == {"x": 7}


def test_cancelling_the_awaiting_task_stops_the_run(functions: Functions) -> None:
    run = fb.launch(blueprint(step("forever")), {"x": 7}, functions=functions)

    async def main() -> None:
        async with asyncio.timeout(0.05):
            await run

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert run.wait(30)
    assert run.state == "cancelled"


def test_a_timeout_of_result_leaves_the_run_alone(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(*[step("nap")] * 20)), {"x": 7}, functions=functions)

    with pytest.raises(TimeoutError, match="still goes on"):
        run.result(0.01)
    assert run.result(30) == {"x": 7}


def test_a_step_cannot_wait_on_the_engines_own_thread(functions: Functions) -> None:
    @functions.agent
    async def nested(value: Any) -> Any:
        return fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions).result()

    with pytest.raises(fb.RunFailed, match="write `await run`"):
        fb.launch(blueprint(step("nested")), {"x": 1}, functions=functions).result(30)


def test_a_flow_within_a_step_by_await(functions: Functions) -> None:
    @functions.agent
    async def nested(value: Any) -> Any:
        return (await fb.launch(blueprint(step("inc")), {"x": value}, functions=functions))["x"]

    assert fb.launch(blueprint(step("nested")), {"x": 1}, functions=functions).result(30) == {"x": 2}


def test_bad_input_starts_nothing(functions: Functions) -> None:
    with pytest.raises(NotJson, match=r"\$\.x\[1\]: nan is no JSON number"):
        fb.launch(blueprint(step("inc")), {"x": [1, math.nan]}, functions=functions)
    with pytest.raises(UnresolvedRef, match="did you mean 'twice'"):
        fb.launch(blueprint(step("twize"), agents=[{"name": "twice", "kind": "python_fn", "spec": {"fn_id": "twice"}}]),
                  functions=functions)  # fmt: skip
    with pytest.raises(UnresolvedRef, match="did you mean 'twice'"):  # a registered function that no step names
        fb.launch(blueprint(step("twize")), functions=functions)

    assert fb.runs() == []


def test_an_output_that_is_no_json_fails_the_step_with_its_place(functions: Functions) -> None:
    @functions.agent
    def odd(value: Any) -> Any:
        return {"a": {1, 2}}

    with pytest.raises(fb.RunFailed, match=r"\$\.a: set is no JSON value"):
        fb.launch(blueprint(step("odd")), {"x": 1}, functions=functions).result(30)


def test_what_a_caller_does_to_ctx_changes_no_record(functions: Functions) -> None:
    given = {"x": 1, "deep": {"list": [1]}}
    run = fb.launch(blueprint(step("inc")), given, functions=functions)

    given["deep"]["list"].append(2)  # type: ignore[index]
    run.result(30)["deep"]["list"].append(3)

    assert run.ctx == {"x": 2, "deep": {"list": [1]}}


def test_the_frame_has_one_row_per_visit(functions: Functions) -> None:
    flow = seq(loop(step("inc"), 2), fan(step("nap", "$.i", "$.o")), attempt(step("bad")))
    run = fb.launch(blueprint(flow), {"x": 0}, functions=functions)
    run.wait(30)

    frame = run.frame()

    assert list(frame["address"])[:2] == ["0.i0", "0.i1"]
    assert sorted(frame["address"][2:5]) == ["1.f0", "1.f1", "1.f2"]
    assert list(frame["status"]) == ["done"] * 5 + ["failed"]
    assert frame["error"].iloc[-1] == "no 2 today"
    assert str(frame["started"].dt.tz) == "UTC"
    assert (frame["seconds"] >= 0).all()
    assert list(frame["input"])[:2] == [0, 1]


def test_an_empty_frame_has_its_columns(functions: Functions) -> None:
    run = fb.launch(blueprint(seq()), functions=functions)
    run.wait(30)

    assert list(run.frame().columns[:4]) == ["address", "agent", "attempt", "status"]
    assert len(run.frame()) == 0


def test_a_front_end_hears_of_each_run(functions: Functions) -> None:
    heard: list[str] = []

    def hear(run: fb.Run) -> None:
        heard.append(run.id)

    launched.append(hear)
    try:
        run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
        run.wait(30)
        again = fb.resume(run.id, functions=functions)
    finally:
        launched.remove(hear)

    assert heard == [run.id, again.id]


def test_events_are_read_in_order_to_the_end(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("twice"), step("nap"))), {"x": 0}, functions=functions)
    run.wait(30)

    assert [event.kind for event in run.events().read()] == ["done", "start", "done", "end"]  # type: ignore[union-attr]


def test_events_are_waited_for_until_the_run_has_ended(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("twice"), step("nap"))), {"x": 0}, functions=functions)

    kinds = [event.kind for event in run.events()]  # type: ignore[union-attr]

    assert kinds == ["done", "start", "done", "end"]
