"""Limits: how many step bodies of one run are under way at once, by default and as told."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import RunError, journal
from flowbench.runtime.limits import MORE_THREADS, turnstiles
from tests.flows import blueprint, fan, seq, step

CORES = len(os.sched_getaffinity(0))


class Crowd:
    """Functions that stay until `most` of them are there, or until told that no more will come."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = self.top = 0
        self.full = threading.Event()
        self._lock = threading.Lock()
        self.functions = Functions()
        self.functions.register(self.plain, id="plain")
        self.functions.register(self.waiting, id="waiting")

    def come(self) -> None:
        with self._lock:
            self.now += 1
            self.top = max(self.top, self.now)
            if self.now >= self.most:
                self.full.set()

    def go(self) -> None:
        with self._lock:
            self.now -= 1

    def plain(self, value: int) -> int:
        self.come()
        self.full.wait(30)
        self.go()
        return value

    async def waiting(self, value: int) -> int:
        self.come()
        while not self.full.is_set():
            await asyncio.sleep(0.001)
        self.go()
        return value


def run(agent: str, items: int, crowd: Crowd, **more: Any) -> fb.Run:
    return fb.launch(blueprint(fan(step(agent, "$.i", "$.o"), range(items))), {}, functions=crowd.functions, **more)


@pytest.mark.parametrize(
    ("agent", "items", "most", "limit"),
    [
        ("plain", 40, CORES + MORE_THREADS, None),
        ("plain", 40, 3, 3),
        ("plain", 40, 40, 40),
        ("waiting", 300, 300, None),
        ("waiting", 40, 5, 5),
    ],
    ids=["threads", "fewer threads", "more threads", "async", "fewer async"],
)
def test_as_many_bodies_at_once_as_the_limit_says(agent: str, items: int, most: int, limit: int | None) -> None:
    crowd = Crowd(most)

    made = run(agent, items, crowd, limit=limit).result(60)

    assert crowd.full.is_set()
    assert crowd.top == most
    assert [branch["o"] for branch in made["r"]] == list(range(items))


def test_what_waits_for_its_turn_has_no_start_in_the_journal() -> None:
    crowd = Crowd(99)
    going = run("plain", 9, crowd, limit=2)
    while crowd.now < 2 or len(going.progress().running) < 2:
        assert not going.wait(0.01)

    assert going.path is not None
    kinds = [type(entry).__name__ for entry in journal.read(going.path)]
    crowd.full.set()

    assert kinds.count("Start") == 2
    assert len(going.result(30)["r"]) == 9


def test_a_loser_on_a_thread_keeps_its_place_until_it_has_ended() -> None:
    crowd, free = Crowd(3), threading.Event()
    table = Functions()

    @table.agent
    def race(value: int) -> int:
        if value:
            crowd.come()
            free.wait(30)  # it has lost by then, and hears nothing
            crowd.go()
        return value

    @table.agent
    def later(value: int) -> int:
        crowd.come()
        crowd.full.wait(0.1)  # with the loser and one of us the places are taken: no third will come
        free.set()
        crowd.go()
        return value

    first = fan(step("race", "$.i", "$.o"), [1, 0], "race")
    made = fb.launch(blueprint(seq(first, fan(step("later", "$.i", "$.o"), range(4)))), {}, functions=table, limit=2)

    assert len(made.result(60)["r"]) == 4
    assert crowd.top == 2


def test_runs_that_wait_for_runs_do_not_use_up_each_others_places() -> None:
    inner = Crowd(1)
    table = Functions()

    @table.agent
    def outer(value: int) -> int:
        return int(run("plain", 1, inner, limit=1).result(60)["r"][0]["o"]) + value

    flow = blueprint(fan(step("outer", "$.i", "$.o"), range(8)))

    assert [b["o"] for b in fb.launch(flow, {}, functions=table, limit=4).result(60)["r"]] == list(range(8))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
def test_a_limit_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(RunError, match=r"limit is a whole number of step bodies from 1 on, not "):
        run("plain", 1, Crowd(1), limit=wrong)


def test_steps_that_start_a_process_have_the_cores_and_one_limit_counts_all() -> None:
    loop, thread, process = turnstiles(["loop", "thread", "process"], None)
    one, same, too = turnstiles(["loop", "thread", "process"], 7)

    assert loop is None
    assert thread is not None
    assert process is not None
    assert (thread.free, process.free) == (CORES + MORE_THREADS, CORES)
    assert one is same is too is not None
