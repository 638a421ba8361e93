"""What a run leaves behind is named while it goes on, and no resume does its work beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.cancel import Aborted
from flowbench.runtime import RunError
from tests.flows import blueprint, fan, seq, step


class Deaf:
    """An agent that hears no abort: it swallows what it is sent until it is let go."""

    def __init__(self) -> None:
        self.began, self.free = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self.at_once = self.most = 0

    def work(self, value: Any) -> Any:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.began.set()
        while not self.free.is_set():
            try:
                self.free.wait(0.01)
            except Aborted:
                continue
        self.at_once -= 1
        self.ended.set()
        return value


@pytest.fixture
def deaf() -> Any:
    made = Deaf()
    yield made
    made.free.set()


@pytest.fixture
def functions(deaf: Deaf) -> Functions:
    table = Functions()
    table.register(deaf.work, id="deaf")
    table.register(lambda value: value, id="same", inline=True)
    return table


def until(claim: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if claim():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")


def stopped(flow: Any, functions: Functions, deaf: Deaf) -> fb.Run:
    """A run that was aborted while the deaf one was at work."""
    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions)
    assert deaf.began.wait(30)
    run.abort()
    assert run.wait(30)
    assert run.state == "cancelled"
    return run


def test_a_function_that_goes_on_is_named_at_once_and_no_longer_when_it_has_ended(
    functions: Functions, deaf: Deaf
) -> None:
    run = stopped(seq(step("same"), step("deaf")), functions, deaf)

    assert run.orphans == ("1",)
    assert "; still running: step 1 (" in run.summary()
    deaf.free.set()
    until(lambda: run.orphans == ())
    assert "still running" not in run.summary()


def test_a_loser_that_goes_on_is_named_by_a_run_that_is_done(functions: Functions, deaf: Deaf) -> None:
    @functions.agent
    async def second(value: Any) -> Any:
        await asyncio.to_thread(deaf.began.wait, 30)
        return value

    race = fan(
        {"kind": "branch", "cond": {"op": "eq", "lhs": {"op": "path", "at": "$.i"}, "rhs": {"op": "lit", "value": 0}},
         "then": step("deaf", "$.i", "$.o"), "else": step("second", "$.i", "$.o")},
        [0, 1], "race",
    )  # fmt: skip

    run = fb.launch(blueprint(race), {}, functions=functions)

    assert run.result(30)["r"]["o"] == 1
    assert run.orphans == ("0.f0.t",)
    deaf.free.set()
    until(lambda: not run.orphans)


def test_a_resume_waits_for_what_is_still_at_work(functions: Functions, deaf: Deaf) -> None:
    run = stopped(step("deaf"), functions, deaf)
    threading.Timer(0.2, deaf.free.set).start()

    again = fb.resume(run.id, functions=functions)

    assert deaf.ended.is_set()
    assert again.result(30) == {"x": 1}
    assert deaf.most == 1


def test_a_resume_beside_one_that_will_not_end_is_refused_and_says_which(functions: Functions, deaf: Deaf) -> None:
    run = stopped(seq(step("same"), step("deaf")), functions, deaf)

    with pytest.raises(RunError, match=r"agent 'deaf' at step 1 was asked to stop and still runs in this process"):
        fb.resume(run.id, functions=functions)

    beside = fb.resume(run.id, functions=functions, despite_orphans=True)
    until(lambda: deaf.most == 2)
    deaf.free.set()
    assert beside.result(30) == {"x": 1}


def test_a_run_that_is_launched_in_a_step_ends_with_it(functions: Functions) -> None:
    inner: list[fb.Run] = []
    endless = Functions()

    @endless.agent
    async def forever(value: Any) -> None:
        await asyncio.Event().wait()

    @functions.agent
    def outer(value: Any) -> Any:
        inner.append(fb.launch(blueprint(step("forever")), {"x": 1}, functions=endless))
        return inner[0].result()

    run = fb.launch(blueprint(step("outer")), {"x": 1}, functions=functions)
    until(lambda: inner and inner[0].progress().running)
    run.abort(by="me")

    assert inner[0].wait(30)
    assert inner[0].state == "cancelled"
    assert run.wait(30)
    assert run.state == "cancelled"


@pytest.mark.parametrize("way", ["thread", "async with its ctx", "async"])
def test_each_way_to_write_an_agent_hands_its_stop_down(way: str, functions: Functions) -> None:
    inner: list[fb.Run] = []
    endless = Functions()

    @endless.agent
    async def forever(value: Any) -> None:
        await asyncio.Event().wait()

    def go() -> None:
        inner.append(fb.launch(blueprint(step("forever")), {"x": 1}, functions=endless))

    if way == "thread":

        @functions.agent(id="outer")
        def outer_plain(value: Any) -> None:
            go()
            inner[0].wait(30)

    elif way == "async":

        @functions.agent(id="outer")
        async def outer_async(value: Any) -> None:
            go()
            await asyncio.Event().wait()

    else:

        @functions.agent(id="outer")
        async def outer_ctx(value: Any, ctx: Any) -> None:
            go()
            await asyncio.Event().wait()

    run = fb.launch(blueprint(step("outer")), {"x": 1}, functions=functions)
    until(lambda: inner and inner[0].progress().running)
    run.abort()

    assert inner[0].wait(30)
    assert inner[0].state == "cancelled"


def test_a_run_that_a_loser_launched_ends_although_nothing_was_aborted(functions: Functions) -> None:
    inner: list[fb.Run] = []
    endless = Functions()

    @endless.agent
    async def forever(value: Any) -> None:
        await asyncio.Event().wait()

    @functions.agent
    def racer(value: int) -> int:
        if value == 0:
            inner.append(fb.launch(blueprint(step("forever")), {"x": 1}, functions=endless))
            inner[0].wait(30)
        until(lambda: inner and inner[0].progress().running)
        return value

    run = fb.launch(blueprint(fan(step("racer", "$.i", "$.o"), [0, 1], "race")), {}, functions=functions)

    assert run.result(30)["r"]["o"] == 1
    assert inner[0].wait(30)
    assert inner[0].state == "cancelled"


def test_a_run_with_a_token_of_its_own_goes_on(functions: Functions) -> None:
    inner: list[fb.Run] = []

    @functions.agent
    def outer(value: Any) -> None:
        own = fb.CancelToken()
        inner.append(fb.launch(blueprint(step("deaf")), {"x": 1}, functions=functions, token=own))
        inner[0].wait(30)

    run = fb.launch(blueprint(step("outer")), {"x": 1}, functions=functions)
    until(lambda: inner and inner[0].progress().running)
    run.abort()
    run.wait(30)

    assert not inner[0].has_ended
    inner[0].abort()
    inner[0].wait(30)


def test_what_is_launched_after_a_run_belongs_to_nobody(functions: Functions) -> None:
    run = fb.launch(blueprint(step("same")), {"x": 1}, functions=functions)
    run.wait(30)
    run.token.abort()

    assert fb.launch(blueprint(step("same")), {"x": 2}, functions=functions).result(30) == {"x": 2}
