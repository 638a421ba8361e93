from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from flowbench.blueprint import Functions, load
from flowbench.cancel import AbortReason
from flowbench.notebook.view import json_text, steps_total, view
from flowbench.runtime import Progress, Run, launch
from flowbench.runtime.progress import Count
from tests.flows import attempt, blueprint, fan, lit, loop, seq, step

FUNCTIONS = Functions()


@FUNCTIONS.agent
def double(x: Any) -> Any:
    return 2 * x


@FUNCTIONS.agent
def fail(x: Any) -> Any:
    raise ValueError("no luck")


@FUNCTIONS.agent
async def wait(x: Any) -> None:
    await asyncio.sleep(60)


def run(flow: dict[str, Any], ctx: Any = None) -> Run:
    return launch(blueprint(flow), {"x": 1} if ctx is None else ctx, functions=FUNCTIONS, durability="memory")


def seen(of: Run) -> dict[str, Any]:
    return view(of, of.progress(), steps_total(of.blueprint), time.time())


TEST = {"op": "path", "at": "$.yes"}
A = step("double")
TOTALS = {
    "a step": (A, 1),
    "a sequence": (seq(A, seq(A, A)), 3),
    "assignments": ({"kind": "assign", "at": {"op": "path", "at": "$.x"}, "value": lit(1)}, 0),
    "even arms": ({"kind": "branch", "cond": TEST, "then": A, "else": A}, 1),
    "uneven arms": ({"kind": "branch", "cond": TEST, "then": A, "else": seq(A, A)}, None),
    "a try whose catch runs nothing": (attempt(A), 1),
    "a try whose catch runs a step": (attempt(A, A), None),
    "a fan-out": (seq(A, fan(A)), None),
    "a loop": (loop(A, 3), None),
}


@pytest.mark.parametrize(("flow", "total"), TOTALS.values(), ids=TOTALS.keys())
def test_steps_are_known_beforehand_only_where_the_flow_says_so(flow: dict[str, Any], total: int | None) -> None:
    assert steps_total(load(blueprint(flow))) == total


def test_a_done_run_is_whole() -> None:
    ended = run(seq(A, A))
    ended.wait(10)

    told = seen(ended)

    assert (told["state"], told["over"], told["done"], told["fraction"], told["of"]) == ("done", True, 2, 1.0, "of 2")
    assert told["nodes"] == {"start": "done", "0": "done", "1": "done", "end": "done"}
    assert told["note"] == ""


def test_a_running_step_is_named_with_its_seconds() -> None:
    live = run(seq(A, step("wait")))
    until = time.monotonic() + 10
    while [address for _, address, _ in seen(live)["running"]] != ["1"]:
        assert time.monotonic() < until
    told = seen(live)
    live.abort()
    live.wait(10)

    [[agent, address, seconds]] = told["running"]
    assert (agent, address, told["more"]) == ("wait", "1", 0)
    assert 0 <= seconds < 10
    assert (told["fraction"], told["nodes"]["1"]) == (0.5, "running")


def test_an_abort_says_its_cause() -> None:
    live = run(step("wait"))

    live.abort(AbortReason.USER, by="button")
    live.wait(10)

    assert seen(live)["note"] == "Aborted: User (by button)"


def test_a_failure_says_its_error() -> None:
    failed = run(step("fail"))
    failed.wait(10)

    told = seen(failed)

    assert (told["failed"], told["nodes"]) == (1, {"start": "done", "0": "failed"})
    assert "no luck" in told["note"]


def test_a_fan_out_that_has_begun_gives_the_share() -> None:
    counts = {"0": Count(1), "1.f": Count(3, 1, 0, 2)}
    halfway = Progress("running", 4, 1, 0, (), counts, {"1.f": 8})
    live = run(step("wait"))

    told = view(live, halfway, None, time.time())
    live.abort()
    live.wait(10)

    assert told["fraction"] == 0.5
    assert told["counts"] == {"1.f": "4/8"}


def test_a_fan_out_that_is_through_promises_nothing_more() -> None:
    through = Progress("running", 8, 0, 0, (), {"1.f": Count(8)}, {"1.f": 8})
    live = run(step("wait"))

    told = view(live, through, None, time.time())
    live.abort()
    live.wait(10)

    assert told["fraction"] is None


def test_of_many_running_steps_a_few_are_named() -> None:
    many = Progress(
        "running", 0, 0, 0, tuple((f"0.f{n}", "a", time.time()) for n in range(10)), {"0.f": Count(running=10)}, {}
    )
    live = run(step("wait"))

    told = view(live, many, None, time.time())
    live.abort()
    live.wait(10)

    assert (len(told["running"]), told["more"]) == (4, 6)


def test_json_text_of_a_small_value_is_whole_and_of_a_huge_one_its_beginning() -> None:
    deep: Any = 1
    for _ in range(3_000):
        deep = [deep]

    assert json_text({"a": [1, 2.5, None], "b": "é"}) == '{\n  "a": [\n    1,\n    2.5,\n    null\n  ],\n  "b": "é"\n}'
    assert len(json_text(list(range(1_000_000)))) == 4_000
    assert json_text("x" * 50, 10) == '"xxxxxxxx…'
    assert "…" in json_text(deep)
