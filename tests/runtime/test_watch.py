"""Watch: a body that holds the engine's loop is named; a loop that answers no abort is given up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
import time

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import RunError, entries, journal
from flowbench.runtime.loop import engine
from tests.flows import blueprint, fan, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()
    table.register(lambda value: value + 1, id="inc", inline=True)

    @table.agent
    async def nap(value: int) -> int:
        await asyncio.sleep(0.05)
        return value

    return table


def notes(run: fb.Run, at: str) -> str:
    return "\n".join(line.text for line in run.log.lines(at) if line.stream == "note")


@pytest.mark.parametrize("way", ["async", "async after a wait", "inline"])
def test_a_body_that_holds_the_loop_is_named_in_the_log_of_its_run(
    way: str, functions: Functions, capfd: pytest.CaptureFixture[str]
) -> None:
    freed = threading.Event()
    if way == "inline":

        @functions.agent(id="holds", inline=True)
        def holds_inline(value: int) -> int:
            freed.wait(60)
            return value
    else:

        @functions.agent(id="holds")
        async def holds_async(value: int) -> int:
            if way != "async":
                await asyncio.sleep(0.01)
            freed.wait(60)
            return value

    run = fb.launch(blueprint(seq(step("inc"), step("holds"))), {"x": 1}, functions=functions)
    while not notes(run, "1"):
        assert not run.wait(0.02)
    freed.set()

    assert run.result(30) == {"x": 2}
    assert "agent 'holds' holds the engine's loop, for 0." in notes(run, "1")
    assert "as a plain `def` without inline=True it would run on a thread" in notes(run, "1")
    assert notes(run, "0") == ""
    assert len(notes(run, "1").splitlines()) == 1


def test_a_loop_that_is_only_busy_is_not_blamed(functions: Functions) -> None:
    flow = {"kind": "loop", "counter": {"op": "path", "at": "$.n"}, "cond": {"op": "lit", "value": True},
            "max": 100_000, "body": step("inc")}  # fmt: skip

    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions, durability="memory")

    run.result(120)
    assert [line.text for line in run.log.lines() if "holds" in line.text] == []


def test_a_loop_that_answers_no_abort_is_given_up_and_its_other_runs_go_on(functions: Functions) -> None:
    freed, began = threading.Event(), threading.Event()

    @functions.agent
    async def holds(value: int) -> int:
        began.set()
        while not freed.is_set():
            time.sleep(0.01)
        return value

    before = engine()
    other = fb.launch(blueprint(seq(step("nap"), step("inc"))), {"x": 1}, functions=functions)
    run = fb.launch(blueprint(seq(step("inc"), step("holds"), step("inc"))), {"x": 1}, functions=functions)
    assert began.wait(30)
    run.abort(by="me")

    assert run.wait(60)
    assert (run.state, run.cause, run.ctx) == ("cancelled", run.token.cause, {"x": 2})
    assert fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions).result(30) == {"x": 2}
    assert engine() is not before
    freed.set()
    assert other.result(30) == {"x": 2}
    assert run.path is not None
    last = journal.read(run.path)
    assert isinstance(last[-1], entries.End)
    assert [type(line).__name__ for line in last].count("Abort") == 1
    before._thread.join(30)
    assert not before._thread.is_alive()


def test_bodies_that_are_left_on_a_loop_that_was_given_up_go_without_a_word(
    functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    freed, began, is_deaf = threading.Event(), threading.Event(), threading.Event()

    @functions.agent
    async def holds(value: int) -> int:
        began.set()
        while not freed.is_set():
            time.sleep(0.01)
        return value

    @functions.agent
    async def deaf(value: int) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                is_deaf.set()
                await asyncio.sleep(600)

    before = engine()
    left = fb.launch(blueprint(fan(step("deaf"), items=[1, 2])), {"x": 1}, functions=functions)
    assert is_deaf.wait(30)
    run = fb.launch(blueprint(step("holds")), {"x": 1}, functions=functions)
    assert began.wait(30)
    assert left.abort()
    assert run.abort()
    assert left.wait(60)
    assert run.wait(60)
    freed.set()
    before._thread.join(30)
    assert not before._thread.is_alive()
    del left, run, before
    gc.collect()

    assert [each.getMessage() for each in caplog.records if each.name == "asyncio"] == []


def test_pure_python_that_holds_the_loop_is_forced_to_end(functions: Functions) -> None:
    began, ended = threading.Event(), threading.Event()

    @functions.agent
    async def spins(value: int) -> None:
        began.set()
        try:
            while True:
                pass
        finally:
            ended.set()

    run = fb.launch(blueprint(step("spins")), {"x": 1}, functions=functions, timeout=0.2)

    assert run.wait(60)
    assert run.state == "cancelled"
    assert "Timeout" in run.summary()
    assert ended.wait(30)
    while run.orphans:
        time.sleep(0.01)


def test_what_holds_the_loop_is_an_orphan_and_blocks_a_resume(functions: Functions) -> None:
    freed, began = threading.Event(), threading.Event()

    @functions.agent
    async def holds(value: int) -> int:
        began.set()
        while not freed.is_set():
            try:
                time.sleep(0.01)
            except BaseException:
                continue
        return value

    run = fb.launch(blueprint(step("holds")), {"x": 1}, functions=functions)
    assert began.wait(30)
    run.abort()
    assert run.wait(60)

    assert run.orphans == ("0",)
    with pytest.raises(RunError, match="agent 'holds' at step 0 was asked to stop and still runs"):
        fb.resume(run.id, functions=functions)
    freed.set()
    while run.orphans:
        time.sleep(0.01)
    assert fb.resume(run.id, functions=functions).result(30) == {"x": 1}


DEAF = """
import time, flowbench as fb

@fb.agent
async def deaf(value):
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass

run = fb.launch({"id": "t", "flow": {"kind": "step", "ref": "deaf", "in": {"op": "path", "at": "$.x"},
                 "out": {"op": "path", "at": "$.x"}}}, {"x": 1})
time.sleep(0.5)
run.abort()
run.wait()
print(run.state, run.orphans)
"""


def test_a_process_ends_although_a_body_holds_the_loop_for_ever() -> None:
    told = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, text=True, timeout=60)

    assert told.stdout == "cancelled ('0',)\n"
    assert told.returncode == 0
    assert "agent 'deaf' holds the engine's loop" in told.stderr
    assert "Traceback" not in told.stderr
