from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flowbench.blueprint import Functions
from flowbench.notebook.pause import pause_view
from flowbench.runtime import Debugger, debug
from tests.flows import blueprint, seq, step

FUNCTIONS = Functions()


@FUNCTIONS.agent
def double(x: Any) -> Any:
    return 2 * x


@pytest.fixture
def debugger() -> Iterator[Debugger]:
    flow = seq(step("double"), step("double", out="$.deep.y"), step("double"))
    debugger = debug(blueprint(flow), {"x": "é" * 10_000}, functions=FUNCTIONS, durability="memory")
    yield debugger
    debugger.abort()
    debugger.run.wait(10)


def test_input_and_ctx_are_bounded(debugger: Debugger) -> None:
    pause = debugger.wait(10)
    assert pause is not None

    told = pause_view(pause)

    assert (told["address"], told["agent"], told["changed"]) == ("0", "double", [])
    assert told["input"].startswith('"ééé')
    assert len(told["input"]) == 4_000
    [x] = told["ctx"]["inner"]
    assert (x["key"], x["path"], len(x["text"])) == ("x", "$.x", 120)


def test_what_the_last_step_changed_is_told_with_before_and_after(debugger: Debugger) -> None:
    debugger.wait(10)
    debugger.edit("$.x", 1)
    debugger.next(10)

    first = debugger.paused
    second = debugger.next(10)

    assert first is not None
    assert second is not None
    assert pause_view(first)["changed"] == [["$.x", "1", "2"]]
    assert pause_view(second)["changed"] == [["$.deep", "", "{1 key}"]]


def test_an_edit_is_a_change_since_the_last_pause(debugger: Debugger) -> None:
    debugger.wait(10)

    edited = debugger.edit("$.x", 7)

    [[path, before, after]] = pause_view(edited)["changed"]
    assert (path, before[:3], after) == ("$.x", '"éé', "7")
