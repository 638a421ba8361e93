"""Whatever a body does, its run ends, the others go on, and the engine lives."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import journal, recorder
from tests.flows import attempt, blueprint, fan, seq, step


class Stop(BaseException):
    """As test runners raise it to end a test."""


def leave(error: BaseException) -> Callable[[Any], Any]:
    def body(value: Any) -> Any:
        raise error

    return body


@pytest.fixture
def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value + 1, id="inc", inline=True)
    return table


def assert_engine_lives(functions: Functions) -> None:
    assert fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions).result(30) == {"x": 2}
    assert "running" not in [info.state for info in fb.runs()]


@pytest.mark.parametrize("way", ["inline", "async", "thread"])
@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt(), Stop("now")], ids=repr)
def test_an_exit_is_the_steps_failure_and_can_be_caught(functions: Functions, error: BaseException, way: str) -> None:
    if way == "async":

        @functions.agent(id="leave")
        async def leaves(value: Any) -> Any:
            await asyncio.sleep(0)
            raise error
    else:
        functions.register(leave(error), id="leave", inline=way == "inline")

    run = fb.launch(blueprint(attempt(step("leave"))), {"x": 1}, functions=functions)

    assert type(error).__name__ in run.result(30)["err"]
    assert_engine_lives(functions)


@pytest.mark.parametrize("way", ["inline", "async", "thread"])
@pytest.mark.parametrize("kind", [GeneratorExit, StopIteration, StopAsyncIteration, SystemExit, KeyboardInterrupt])
def test_what_python_uses_for_itself_fails_the_step_with_its_name_and_its_words(
    functions: Functions, kind: type[BaseException], way: str
) -> None:
    if way == "async":

        @functions.agent(id="leave")
        async def leaves(value: Any) -> Any:
            await asyncio.sleep(0)
            raise kind("my words")
    else:
        functions.register(leave(kind("my words")), id="leave", inline=way == "inline")

    run = fb.launch(blueprint(step("leave")), {"x": 1}, functions=functions)
    caught = fb.launch(blueprint(attempt(step("leave"))), {"x": 1}, functions=functions)

    with pytest.raises(fb.FlowbenchError, match=f"'leave': {kind.__name__}: my words"):
        run.result(30)
    assert f"{kind.__name__}: my words" in caught.result(30)["err"]
    assert_engine_lives(functions)


def test_a_body_that_cancels_everything_on_the_loop_stops_only_what_runs_now(functions: Functions) -> None:
    @functions.agent
    async def rude(value: Any) -> None:
        for task in asyncio.all_tasks():
            task.cancel()
        await asyncio.sleep(60)

    run = fb.launch(blueprint(step("rude")), {"x": 1}, functions=functions)

    assert run.wait(30)
    assert run.state in ("cancelled", "failed")
    assert_engine_lives(functions)


def test_a_body_that_stops_the_loop_stops_nothing(functions: Functions) -> None:
    @functions.agent
    async def rude(value: int) -> int:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
        return value

    assert fb.launch(blueprint(step("rude")), {"x": 1}, functions=functions).result(30) == {"x": 1}
    assert_engine_lives(functions)


def test_a_listener_that_exits_is_nobodys_failure(functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.wait(30)
    called = threading.Event()

    def exits(_: fb.Run) -> None:
        called.set()
        sys.exit()

    slow = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    with contextlib.suppress(SystemExit):  # if it has ended already, the listener is called here
        slow.on_end(exits)

    assert called.wait(30)
    assert_engine_lives(functions)


def test_a_deadline_of_the_bodys_own_does_not_stop_the_run(functions: Functions) -> None:
    @functions.agent
    def impatient(value: Any) -> None:
        fb.CancelToken(0).heartbeat()

    @functions.agent
    def gives_up(value: Any, token: fb.CancelToken) -> None:
        token.abort(by="me")
        token.heartbeat()

    flow = seq(attempt(step("impatient"), err="$.one"), attempt(step("gives_up"), err="$.two"))
    ctx = fb.launch(blueprint(flow), {"x": 1}, functions=functions).result(30)

    assert ctx["one"] == "dispatcher error for ref 'impatient': Aborted: Timeout"
    assert ctx["two"] == "dispatcher error for ref 'gives_up': Aborted: User"


def test_steps_that_wait_for_runs_do_not_starve_them(functions: Functions) -> None:
    inner = blueprint(step("plain"))
    functions.register(lambda value: value + 1, id="plain")

    @functions.agent
    def outer(value: int) -> int:
        time.sleep(0.01)
        done: dict[str, int] = fb.launch(inner, {"x": value}, functions=functions).result(30)
        return done["x"]

    run = fb.launch(blueprint(fan(step("outer", "$.i", "$.o"), items=range(80))), {}, functions=functions)

    assert [branch["o"] for branch in run.result(60)["r"]] == list(range(1, 81))


def test_caught_failures_are_not_kept_in_memory(functions: Functions) -> None:
    class Large:
        """Something that a traceback would hold."""

    seen: list[weakref.ref[Large]] = []

    @functions.agent(inline=True)
    def fails(value: Any) -> None:
        large = Large()
        seen.append(weakref.ref(large))
        raise ValueError("no")

    run = fb.launch(blueprint(seq(attempt(step("fails")), step("inc"))), {"x": 1}, functions=functions)
    run.result(30)
    gc.collect()

    assert len(seen) == 1
    assert seen[0]() is None
    assert run.steps[0].error == "no"


class Full(recorder.Durable):
    """Its disk is full when the first body waits."""

    def start(self, at: str, ref: str, run: Any) -> None:
        raise OSError(errno.ENOSPC, "the run cannot be recorded: no space left")


def test_a_start_that_cannot_be_recorded_ends_the_run_and_no_try_catches_it(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on: list[str] = []

    @functions.agent
    async def slow(value: Any) -> None:
        await asyncio.sleep(0.05)
        went_on.append("body")

    monkeypatch.setattr("flowbench.runtime.launching.Durable", Full)
    run = fb.launch(blueprint(seq(attempt(step("slow")), step("inc"))), {"x": 1}, functions=functions)
    run.wait(30)
    time.sleep(0.1)

    assert run.state == "interrupted"
    assert went_on == []
    assert run.path is not None
    assert [type(line).__name__ for line in journal.read(run.path)] == ["Begun"]


def test_a_loser_that_would_not_stop_is_named(functions: Functions) -> None:
    freed = threading.Event()

    @functions.agent
    async def racer(value: int) -> int:
        while value != 2 and not freed.is_set():
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                continue
        await asyncio.sleep(0.01)
        return value

    run = fb.launch(blueprint(fan(step("racer", "$.i", "$.o"), join="any", items=[1, 2])), {}, functions=functions)
    ctx = run.result(30)
    orphans = run.orphans
    freed.set()

    assert ctx["r"]["o"] == 2
    assert orphans == ("0.f0",)


@pytest.mark.parametrize("is_wide", [False, True], ids=["step", "branch"])
def test_a_body_that_swallows_its_cancellation_is_asked_twice_and_then_left(
    functions: Functions, is_wide: bool
) -> None:
    began, freed = threading.Event(), threading.Event()
    asked = []

    @functions.agent
    async def deaf(value: int) -> None:
        began.set()
        while not freed.is_set():
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                asked.append(value)

    one = step("deaf")
    run = fb.launch(blueprint(fan(one, items=[1]) if is_wide else one), {"x": 1}, functions=functions)
    assert began.wait(30)
    run.abort()
    assert run.wait(30)
    heard = len(asked)
    orphans = run.orphans
    freed.set()

    assert run.state == "cancelled"
    assert heard == 2  # after one grace, not after one for each of several cancellations
    assert orphans == (("0.f0",) if is_wide else ("0",))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_was_forked_does_not_keep_the_run(functions: Functions) -> None:
    read, write = os.pipe()

    @functions.agent(inline=True)
    def forks(value: int) -> int:
        pid = os.fork()
        if pid == 0:
            os.close(write)
            os.read(read, 1)  # lives on until the parent lets it go
            os._exit(0)
        return pid

    run = fb.launch(blueprint(seq(step("forks"), step("inc", "$.missing", "$.y"))), {"x": 1}, functions=functions)
    run.wait(30)
    try:
        assert run.state == "failed"
        assert run.path is not None
        assert not journal.is_owned(run.path)
        again = fb.resume(run.id, functions=functions)
        again.wait(30)
        assert again.state == "failed"
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(run.ctx["x"], 0)
