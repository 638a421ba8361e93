"""Fairness: other tasks of the loop, and other threads, get their turn while steps never wait, or hardly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.flow import evaluate
from tests.flow.flows import evaluation, fan, inc, let, lit, loop, step


def busy(value: int) -> int:
    end = time.perf_counter() + 0.0001
    while time.perf_counter() < end:
        pass
    return value + 1


async def hardly_waits(value: int) -> int:
    await asyncio.sleep(0)
    return busy(value)


STEPS = loop(step("a"), 4_000)
BRANCHES = fan(step("a", "$.i", "$.o"), range(4_000))


@pytest.mark.parametrize(
    ("flow", "body"),
    [(STEPS, busy), (BRANCHES, busy), (STEPS, hardly_waits), (BRANCHES, hardly_waits)],
    ids=["steps", "branches", "steps that hardly wait", "branches that hardly wait"],
)
def test_a_waiting_thread_wakes_in_time(flow: Any, body: Callable[[int], Any]) -> None:
    late: list[float] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            time.sleep(0.01)
            late.append(time.perf_counter() - began - 0.01)

    async def both() -> None:
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            await evaluate(evaluation(flow, {"a": body}), {"x": 0})
        finally:
            stop.set()
            thread.join()

    asyncio.run(both())

    assert len(late) > 5
    assert sorted(late)[len(late) // 2] < 0.3
    assert max(late) < 2.0  # without the pause: up to ten seconds


@pytest.mark.parametrize(
    "flow", [loop(step("a"), 100_000), loop(let("$.y", lit(1)), 200_000)], ids=["steps", "turns without steps"]
)
def test_other_tasks_get_their_turn(flow: Any) -> None:
    async def both() -> int:
        turns = 0
        done = asyncio.ensure_future(evaluate(evaluation(flow, {"a": inc}), {"x": 0}))
        while not done.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(both()) >= 10
