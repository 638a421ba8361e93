"""What a program of a dispatch has left behind ends with the dispatch, which belongs to no run that could end it."""

from __future__ import annotations

import sys

import pytest

from flowbench import engine
from flowbench.blueprint import AgentDef, AgentKind, Functions
from flowbench.engine import Outcome
from flowbench.process.tagged import RUN, bearing
from tests.engine.desks import Desk, run


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux")
def test_nothing_outlives_a_dispatch() -> None:
    spec = {"program": "sh", "args": ["-c", "sleep 600 >/dev/null 2>&1 & echo 1"]}
    made = engine.factories(Functions())["subprocess"].build(AgentDef("agent", AgentKind.SUBPROCESS, spec))
    desk = Desk()
    task = desk.start()

    outcome = run(desk.engine.dispatch_attempt_with(desk.token, task, made))

    assert outcome == Outcome("pass", 1)
    assert bearing(RUN, task) == set()
