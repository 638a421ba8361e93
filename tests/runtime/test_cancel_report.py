"""How soon each step could have been stopped, and was: live, at the end and in a recorded run."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.cancel import CancelToken, bound
from flowbench.runtime import CancelReport, CancelRow
from tests.flows import blueprint, fan, seq, step

PAUSE = 0.03  # seconds without a heartbeat; what is claimed is that they are not missed


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent
    def plain(value: Any) -> Any:
        return value

    @table.agent
    def beats(value: Any, token: CancelToken) -> Any:
        token.heartbeat()
        time.sleep(PAUSE)
        token.heartbeat()
        return value

    @table.agent
    def silent_at_last(value: Any, token: CancelToken) -> Any:
        token.heartbeat()
        time.sleep(PAUSE)
        return value

    @table.agent
    async def waits(value: Any, token: CancelToken) -> Any:
        token.heartbeat()
        await asyncio.sleep(PAUSE)
        token.heartbeat()
        return value

    @table.agent
    def calls_a_tool(value: Any) -> Any:
        bound().heartbeat()
        time.sleep(PAUSE)
        return value

    @table.agent(isolation="process")
    def apart(value: Any, token: CancelToken) -> Any:
        token.heartbeat()
        time.sleep(PAUSE)
        return value

    return table


def row(report: CancelReport, agent: str) -> CancelRow:
    (found,) = [each for each in report.rows if each.agent == agent]
    return found


def until(claim: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(6000):
        if claim():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("agent", ["beats", "silent_at_last", "waits", "calls_a_tool", "apart"])
def test_the_longest_gap_of_a_step_is_told_and_recorded(functions: Functions, agent: str) -> None:
    run = fb.launch(blueprint(step(agent)), {"x": 1}, functions=functions)
    run.result(60)

    now, past = row(fb.cancel_report(run), agent), row(fb.cancel_report(run.id), agent)

    assert now.longest_gap is not None
    assert PAUSE * 0.9 < now.longest_gap <= now.seconds + 0.001
    assert past.longest_gap == pytest.approx(now.longest_gap, abs=0.001)
    assert now.abort_latency is past.abort_latency is None


def test_a_step_that_looks_at_no_token_has_no_gap_and_is_not_shown(functions: Functions) -> None:
    run = fb.launch(blueprint(step("plain")), {"x": 1}, functions=functions)
    run.result(60)

    report = fb.cancel_report(run)

    assert row(report, "plain").longest_gap is None
    assert "no heartbeats" in repr(report)
    assert "plain" not in repr(report)


def test_lua_scripts_have_heartbeats_too() -> None:
    pytest.importorskip("lupa")
    source = "local n = 0\nfor i = 1, 3000000 do n = n + i end\nreturn n"
    agents = [{"name": "counts", "kind": "lua", "spec": {"source": source}}]

    run = fb.launch(blueprint(step("counts"), agents=agents), {"x": 1})
    run.result(60)

    assert 0 < (row(fb.cancel_report(run), "counts").longest_gap or 0) <= row(fb.cancel_report(run), "counts").seconds


def test_a_thread_that_is_stopped_is_measured_until_its_end(functions: Functions) -> None:
    began, ended = threading.Event(), threading.Event()

    @functions.agent
    def listens(value: Any, token: CancelToken) -> Any:
        began.set()
        try:
            while True:
                token.heartbeat()
                time.sleep(0.001)
        finally:
            time.sleep(PAUSE)
            ended.set()

    run = fb.launch(blueprint(step("listens")), {"x": 1}, functions=functions)
    assert began.wait(60)
    run.abort()
    run.wait(60)
    assert ended.wait(60)
    until(lambda: row(fb.cancel_report(run), "listens").abort_latency is not None)

    latency = row(fb.cancel_report(run), "listens").abort_latency

    assert latency is not None
    assert PAUSE * 0.9 < latency < 60
    assert row(fb.cancel_report(run.id), "listens").note == "not recorded: its body ran on after the step had ended"


def test_a_body_that_does_not_end_is_said_to_run_on(functions: Functions) -> None:
    began, free = threading.Event(), threading.Event()

    @functions.agent
    def deaf(value: Any) -> Any:
        began.set()
        free.wait(60)

    run = fb.launch(blueprint(step("deaf")), {"x": 1}, functions=functions)
    assert began.wait(60)
    run.abort()
    run.wait(60)

    told = row(fb.cancel_report(run), "deaf")
    free.set()

    assert told.abort_latency is None
    assert "its body runs on, asked to stop" in told.note


def test_programs_and_losers_of_a_race_are_measured_and_recorded(functions: Functions) -> None:
    waiting = threading.Event()

    @functions.agent
    async def races(value: int) -> int:
        if value == 1:
            while not waiting.is_set():
                await asyncio.sleep(0.001)
            return value
        waiting.set()
        await asyncio.sleep(600)
        return value

    agents = [
        {"name": "sleeps", "kind": "subprocess", "spec": {"program": sys.executable, "args": ["-c", "input()"]}},
    ]
    flow = seq(fan(step("races", "$.i", "$.o"), [1, 2], join="race"), step("sleeps"))
    agents[0]["spec"] = {"program": sys.executable, "args": ["-c", "import time; time.sleep(600)"]}
    run = fb.launch(blueprint(flow, agents=agents), {"x": 1}, functions=functions)
    until(lambda: any(agent == "sleeps" for agent, _ in run.recorder.running.values()))
    run.abort()
    run.wait(60)

    now, past = fb.cancel_report(run), fb.cancel_report(run.id)

    for agent in ("races", "sleeps"):
        (stopped,) = [each for each in now.rows if each.agent == agent and each.status == "cancelled"]
        (recorded,) = [each for each in past.rows if each.agent == agent and each.status == "cancelled"]
        assert stopped.abort_latency is not None
        assert 0 <= stopped.abort_latency < 60
        assert recorded.abort_latency == pytest.approx(stopped.abort_latency, abs=20)
    assert now.slowest_abort is not None


def test_a_run_that_goes_on_is_told_of_as_it_is(functions: Functions) -> None:
    began, free = threading.Event(), threading.Event()

    @functions.agent
    def works(value: Any, token: CancelToken) -> Any:
        token.heartbeat()
        time.sleep(PAUSE)
        began.set()
        free.wait(60)
        return value

    run = fb.launch(blueprint(step("works")), {"x": 1}, functions=functions)
    assert began.wait(60)
    until(lambda: fb.cancel_report(run).rows)

    told = row(fb.cancel_report(run), "works")
    elsewhere = row(fb.cancel_report(run.id), "works")
    free.set()
    run.result(60)

    assert told.status == elsewhere.status == "running"
    assert (told.longest_gap or 0) > PAUSE * 0.9
    assert elsewhere.note.startswith("not recorded yet")


def test_a_resumed_run_knows_what_was_recorded_before_it(functions: Functions) -> None:
    down = True

    @functions.agent(inline=True)
    def flaky(value: Any) -> Any:
        if down:
            raise ValueError("down")
        return value

    run = fb.launch(blueprint(seq(step("beats"), step("flaky"))), {"x": 1}, functions=functions)
    run.wait(60)
    down = False

    again = fb.resume(run.id, functions=functions)
    again.result(60)

    assert row(fb.cancel_report(again), "beats").longest_gap == pytest.approx(
        row(fb.cancel_report(run), "beats").longest_gap, abs=0.001
    )


def test_it_is_a_frame_and_a_table_in_a_notebook(functions: Functions) -> None:
    run = fb.launch(blueprint(fan(step("beats", "$.i", "$.o"), range(30))), {"x": 1}, functions=functions)
    run.result(60)
    report = fb.cancel_report(run)

    frame, page, text = report.frame(), report._repr_html_(), repr(report)

    assert list(frame.columns) == list(CancelRow.__struct_fields__)
    assert len(frame) == 30
    assert (frame["longest_gap"] > 0).all()
    assert page.count("<tr>") == 21
    assert "the slowest 20 of 30 are shown; .frame() has all" in page
    assert text.splitlines()[1].startswith("STEP")
    assert len(text.splitlines()) == 22
