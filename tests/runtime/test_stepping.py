"""A run that stops before each step."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import RunError
from tests.flows import blueprint, fan, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent
    def inc(value: int) -> int:
        return value + 1

    @table.agent(inline=True)
    def twice(value: int) -> int:
        return value * 2

    return table


def test_every_step_waits_until_it_is_let_go(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("twice", out="$.y"))), {"x": 1}, functions=functions)

    first = debugger.wait(30)
    assert first is not None
    assert (first.address, first.agent, first.input, first.ctx, first.changed) == ("0", "inc", 1, {"x": 1}, ())
    assert debugger.run.state == "paused"
    assert list(debugger.run.steps) == []

    second = debugger.next(30)
    assert second is not None
    assert (second.address, second.input, second.changed) == ("1", 2, ("$.x",))
    assert debugger.ctx == {"x": 2}

    assert repr(debugger) == f"<Debugger of {debugger.run.id}, paused before twice at 1>"

    assert debugger.next(30) is None
    assert debugger.run.result(30) == {"x": 2, "y": 4}
    assert repr(debugger) == f"<Debugger of {debugger.run.summary()}>"
    assert first.ctx == {"x": 1}


def test_an_edit_is_what_the_step_reads(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    debugger.wait(30)

    pause = debugger.edit("$.x", 10)

    assert (pause.input, pause.ctx, pause.changed) == (10, {"x": 10}, ("$.x",))
    debugger.go()
    assert debugger.run.result(30) == {"x": 12}


def test_a_bad_edit_changes_nothing(functions: Functions) -> None:
    debugger = fb.debug(blueprint(step("inc")), {"x": 1}, functions=functions)
    debugger.wait(30)

    with pytest.raises(fb.FlowbenchError, match="path"):
        debugger.edit("x", 10)
    with pytest.raises(fb.FlowbenchError, match="set is no JSON value"):
        debugger.edit("$.x", {1})

    debugger.go()
    assert debugger.run.result(30) == {"x": 2}


def test_an_edit_that_hides_the_input_is_refused_and_writes_nothing(functions: Functions) -> None:
    debugger = fb.debug(blueprint(step("inc")), {"x": 1}, functions=functions)
    debugger.wait(30)

    with pytest.raises(fb.FlowbenchError, match="path not found"):
        debugger.edit("$", {})

    assert debugger.ctx == {"x": 1}
    debugger.go()
    assert debugger.run.result(30) == {"x": 2}


def test_a_listener_that_fails_stops_nothing(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    debugger.wait(30)
    debugger.on_pause(lambda pause: {}[pause.address] if pause.address == "1" else None)

    assert debugger.next(30) is not None
    assert debugger.next(30) is None

    assert debugger.run.result(30) == {"x": 3}


def test_nothing_paused_is_said(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq()), functions=functions)
    assert debugger.wait(30) is None

    with pytest.raises(RunError, match="nothing is paused"):
        debugger.edit("$.x", 1)


def test_abort_while_paused_does_not_begin_the_step(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    debugger.wait(30)
    debugger.next(30)

    debugger.abort(by="button")

    assert debugger.wait(30) is None
    assert (debugger.run.state, debugger.run.ctx) == ("cancelled", {"x": 2})
    assert len([s for s in debugger.run.steps if s.status == "done"]) == 1


def test_branches_of_a_fanout_go_one_step_at_a_time(functions: Functions) -> None:
    debugger = fb.debug(blueprint(fan(step("inc", "$.i", "$.o"), items=range(5))), {}, functions=functions)
    seen: list[str] = []

    pause = debugger.wait(30)
    while pause is not None:
        seen.append(pause.address)
        pause = debugger.next(30)

    assert sorted(seen) == [f"0.f{n}" for n in range(5)]
    assert [b["o"] for b in debugger.run.result(30)["r"]] == [1, 2, 3, 4, 5]


def test_a_branch_tells_what_it_was_given(functions: Functions) -> None:
    flow = seq(step("inc"), fan(step("inc", "$.i", "$.o"), items=[7, 8]))
    debugger = fb.debug(blueprint(flow), {"x": 1}, functions=functions)
    debugger.wait(30)

    inside = debugger.next(30)

    assert inside is not None
    assert inside.changed == ("$.x", "$.i")
    debugger.go()
    debugger.run.wait(30)


def test_go_frees_all_that_wait(functions: Functions) -> None:
    debugger = fb.debug(blueprint(fan(step("inc", "$.i", "$.o"), items=range(50))), {}, functions=functions)
    debugger.wait(30)

    debugger.go()

    assert len(debugger.run.result(30)["r"]) == 50


def test_listeners_hear_each_pause(functions: Functions) -> None:
    heard: list[Any] = []
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    debugger.on_pause(lambda pause: heard.append(pause.address))

    while debugger.next(30) is not None:
        pass

    assert list(dict.fromkeys(heard)) == ["0", "1"]


def test_next_from_another_thread_wakes_who_waits(functions: Functions) -> None:
    debugger = fb.debug(blueprint(step("inc")), {"x": 1}, functions=functions)
    debugger.wait(30)
    threading.Timer(0.05, debugger.go).start()
    began = time.monotonic()

    assert debugger.run.result(30) == {"x": 2}
    assert time.monotonic() - began < 10
