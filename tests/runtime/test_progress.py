"""How far a run is, by node of its drawing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import attempt, blueprint, fan, seq, step

functions = Functions()


@functions.agent
def inc(value: Any) -> Any:
    return value + 1


@functions.agent
def bad(value: Any) -> Any:
    raise ValueError("no luck")


@functions.agent
async def sleep(seconds: Any) -> Any:
    await asyncio.sleep(seconds)


def test_progress_counts_by_node_of_the_drawing() -> None:
    flow = seq(fan(step("inc", "$.i", "$.o"), items=range(7)), attempt(step("bad")))
    run = fb.launch(blueprint(flow), {"x": 0}, functions=functions)
    run.wait(30)

    progress = run.progress()

    assert (progress.done, progress.failed, progress.running) == (7, 1, ())
    ends = {"start": "done", "end": "done"}
    assert progress.status() == ends | {"0.f": "done", "0": "done", "0.join": "done", "1.b": "failed", "1": "mixed"}
    assert progress.counts() == {"0.f": "7/7", "1": "caught"}


def test_a_fan_out_that_an_abort_cut_off_joined_nothing_and_one_that_somebody_won_did() -> None:
    body = step("sleep", "$.i", "$.o")
    run = fb.launch(blueprint(seq(fan(body, (0, 600), "race"), fan(body, (600, 600)))), functions=functions)
    until = time.monotonic() + 20
    while run.progress().by_shape.get("1.f", (0, 0, 0, 0))[3] < 2 and time.monotonic() < until:
        time.sleep(0.01)
    run.abort()
    run.wait(30)

    status = run.progress().status()

    assert (status["0.join"], status["1.f"]) == ("done", "cancelled")
    assert "1.join" not in status


def test_a_step_that_won_a_race_is_done_although_others_lost_it() -> None:
    run = fb.launch(blueprint(seq(fan(step("sleep", "$.i", "$.o"), (0, 600), "race"))), functions=functions)
    run.wait(30)

    assert run.progress().status()["0.f"] == "done"


def test_a_failure_that_is_no_steps_marks_its_node() -> None:
    odd = {"kind": "branch", "cond": {"op": "lit", "value": 5}, "then": seq(), "else": seq()}
    run = fb.launch(blueprint(seq(step("inc"), odd)), {"x": 1}, functions=functions)
    run.wait(30)

    assert run.progress().status() == {"start": "done", "0": "done", "1": "failed"}
    with pytest.raises(fb.RunFailed, match="at step 1: branch cond must be boolean"):
        run.result()


def test_what_is_around_a_waiting_step_runs_until_it_has_ended_and_assignments_are_done_when_written() -> None:
    put = {"kind": "assign", "at": {"op": "path", "at": "$.y"}, "value": {"op": "lit", "value": 1}}
    yes = {"op": "lit", "value": True}
    inner = {"kind": "branch", "cond": yes, "then": seq(put, step("sleep"), put), "else": put}
    turns = {"kind": "loop", "counter": {"op": "path", "at": "$.n"}, "cond": yes, "max": 2, "body": inner}
    flow = seq(put, attempt(turns, put), put)
    run = fb.launch(blueprint(flow), {"x": 600}, functions=functions, durability="memory")
    until = time.monotonic() + 20
    while not run.progress().running and time.monotonic() < until:
        time.sleep(0.01)
    live = run.progress().status()
    run.abort()
    run.wait(30)

    done, running = ("start", "0", "1.b.i.t.0"), ("1", "1.b", "1.b.i", "1.b.i.t.1")
    assert live == dict.fromkeys(done, "done") | dict.fromkeys(running, "running")
    assert run.progress().status() == dict.fromkeys(done, "done") | dict.fromkeys(running, "cancelled")


def test_a_quick_body_runs_while_it_is_called() -> None:
    seen = []

    @functions.agent
    async def look(value: Any) -> Any:
        seen.append(run.progress().status())
        return value

    run = fb.launch(blueprint(seq(step("sleep"), step("look"))), {"x": 0.2}, functions=functions, durability="memory")
    run.wait(30)

    assert seen == [{"start": "done", "0": "done", "1": "running"}]


def test_a_recorded_run_has_the_colours_that_it_had_when_it_ended() -> None:
    put = {"kind": "assign", "at": {"op": "path", "at": "$.y"}, "value": {"op": "lit", "value": 1}}
    flow = seq(put, fan(step("inc", "$.i", "$.o")), attempt(seq(put, step("bad"))), step("bad"), put)
    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions)
    run.wait(30)

    assert fb.recall(run.id).progress().status() == run.progress().status()
    assert run.progress().status()["3"] == "failed"
