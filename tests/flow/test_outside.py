"""Others at work on a run: the seam before a step, patches, and writes from outside with their edges."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.flow.flows import attempt, evaluation, fan, go, inc, run, seq, step
from tests.flow.sinks import Memory


async def soon(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def test_the_seam_is_told_the_input_and_its_patch_is_read() -> None:
    told: list[Any] = []
    sink = Memory()

    def before(scope: Any, op: Any, address: str, value: Any) -> None:
        told.append((address, op.ref, value))
        if address == "0.f1":
            made.patch(scope, address, "in", ("i",), 50, "debugger")

    made = evaluation(fan(step("inc", "$.i", "$.o")), {"inc": inc}, sink, before=before)
    end = go(made)

    assert told == [("0.f0", "inc", 1), ("0.f1", "inc", 2), ("0.f2", "inc", 3)]
    assert [branch["o"] for branch in end["r"]] == [2, 51, 4]
    assert [(t.address, t.facts) for t in sink.kinds("patch")] == [
        ("0.f1", {"edge": "in", "keys": ("i",), "value": 50, "by": "debugger"})
    ]


def test_an_awaitable_answer_of_the_seam_holds_the_step() -> None:
    order: list[str] = []

    async def hold() -> None:
        await asyncio.sleep(0.001)
        order.append("held")

    def body(value: Any) -> Any:
        order.append("called")
        return value

    run(step("a"), {"a": body}, {"x": 1}, before=lambda *_: hold())

    assert order == ["held", "called"]


def test_a_patched_value_is_a_copy() -> None:
    mine = [1]

    def before(scope: Any, op: Any, address: str, value: Any) -> None:
        made.patch(scope, address, "in", ("x",), mine, "debugger")
        mine.append(2)

    made = evaluation(step("a"), {"a": lambda value: value}, before=before)

    assert go(made, {"x": 0}) == {"x": [1]}


def test_a_write_from_outside_is_seen_by_the_next_node_and_told_at_its_edge() -> None:
    sink = Memory()

    async def slow(value: Any) -> Any:
        made.write(("injected",), 41, by="panel")
        made.write(("w",), "lost to the step's own answer")
        return await soon(value)

    made = evaluation(
        seq(step("slow", "$.x", "$.w"), step("inc", "$.injected", "$.y")), {"slow": slow, "inc": inc}, sink
    )

    assert go(made, {"x": 0}) == {"x": 0, "injected": 41, "w": 0, "y": 42}
    assert [(t.address, t.facts["edge"], t.facts["by"]) for t in sink.kinds("patch")] == [
        ("0", "out", "panel"),
        ("0", "out", "api"),
    ]


def test_a_write_from_outside_during_a_failing_step_is_lost_with_the_rollback() -> None:
    async def bad(value: Any) -> Any:
        made.write(("side",), 1)
        raise ValueError("x")

    made = evaluation(attempt(step("bad")), {"bad": bad})

    assert go(made, {"x": 0}) == {"x": 0, "err": "dispatcher error for ref 'bad': x"}


def test_a_write_during_a_branch_reaches_the_root_and_not_the_branch() -> None:
    async def inject(value: Any) -> Any:
        made.write(("outside",), value)
        return await soon(value)

    made = evaluation(fan(seq(step("a", "$.i", "$.o"), step("a", "$.i", "$.p")), [1]), {"a": inject})

    assert go(made) == {"r": [{"i": 1, "o": 1, "p": 1}], "outside": 1}


def test_a_write_after_the_last_step_still_counts() -> None:
    made = evaluation(seq(), {})
    made.write(("late",), True)

    assert go(made) == {"late": True}
