"""Recorded runs looked at without going on: several owners, changed flows, owners that died, damage."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.cancel import AbortReason
from flowbench.runtime import entries, journal
from tests.flows import blueprint, lit, loop, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent(inline=True)
    def inc(value: int) -> int:
        return value + 1

    @table.agent(inline=True)
    def big(value: Any) -> str:
        return "x" * 100_000

    return table


def folder(run: fb.Run) -> Path:
    assert run.path is not None
    return run.path


def cut(run: fb.Run, lines: int) -> None:
    """As if the owner had died after so many entries."""
    file = folder(run) / journal.FILE
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))


def told(past: fb.PastRun) -> list[tuple[str, str, int, Any]]:
    return [(s.address, s.status, s.attempt, s.input) for s in past.steps]


def test_every_attempt_has_a_row(functions: Functions) -> None:
    down = True

    @functions.agent(inline=True)
    def flaky(value: int) -> int:
        if down:
            raise ValueError("down")
        return value

    run = fb.launch(blueprint(seq(step("inc"), step("flaky"))), {"x": 1}, functions=functions)
    run.wait(30)
    down = False
    fb.resume(run.id, functions=functions).wait(30)

    past = fb.recall(run.id)

    assert told(past) == [("0", "done", 1, 1), ("1", "failed", 1, 2), ("1", "done", 2, 2)]
    assert (past.state, past.owners, past.error) == ("done", 2, None)
    assert [str(each) for each in past.frame()["ctx.x"]] == ["2", "nan", "2"]


def test_a_step_whose_owner_died_is_unknown(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    run.wait(30)
    cut(run, 2)
    log = journal.Journal(folder(run))
    log.append(entries.Start("1", "inc", 5.0))
    log.close()

    past = fb.recall(run.id)

    assert told(past) == [("0", "done", 1, 1), ("1", "unknown", 1, None)]
    assert (past.state, past.has_ended, past.stopped) == ("interrupted", True, "nothing is recorded of step 1")
    assert past.ctx == {"x": 2}
    assert past.progress().done == 1
    assert len(past.frame()) == 2


def test_records_that_a_changed_flow_does_not_have_are_counted(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("inc"), step("inc"), step("inc"))), {"x": 1}, functions=functions)
    run.wait(30)
    changed = blueprint(seq(step("inc"), step("inc", "$.x", "$.y")))
    fb.resume(run.id, blueprint=changed, accept_changes=True, functions=functions).wait(30)

    past = fb.recall(run.id)

    assert [s.address for s in past.steps] == ["0", "1"]
    assert past.left_out == 1
    assert "1 record from before the Blueprint was changed left out" in past.summary()
    assert past.ctx == {"x": 2, "y": 3}
    assert [str(each) for each in past.frame()["ctx.y"]] == ["nan", "3"]


def test_who_stopped_it_is_remembered(functions: Functions) -> None:
    reached = threading.Event()

    @functions.agent
    async def hold(value: Any) -> Any:
        reached.set()
        await asyncio.sleep(600)

    run = fb.launch(blueprint(seq(step("inc"), step("hold"))), {"x": 1}, functions=functions)
    assert reached.wait(30)
    run.abort(AbortReason.USER, by="button")
    run.wait(30)

    past = fb.recall(run.id)

    assert (past.state, past.cause) == ("cancelled", run.cause)
    assert told(past)[1][:2] == ("1", "cancelled")
    assert "Aborted: User (by button)" in past.summary()


def test_large_values_come_from_their_files_and_a_lost_one_costs_only_itself(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("big", "$.x", "$.b"), step("inc"))), {"x": 1}, functions=functions)
    run.wait(30)
    whole = fb.recall(run.id)
    assert len(whole.steps[0].output) == 100_000

    next((folder(run) / journal.BLOBS).iterdir()).unlink()
    past = fb.recall(run.id)

    assert [(s.status, s.output) for s in past.steps] == [("done", None), ("done", 2)]
    assert "cannot be read" in (past.stopped or "")


def test_functions_that_expressions_call_have_to_be_given(functions: Functions) -> None:
    call = {"op": "call_extern", "ref": "plus", "args": [lit(1), lit(2)]}
    flow = seq(step("inc"), {"kind": "assign", "at": {"op": "path", "at": "$.s"}, "value": call}, step("inc"))
    externs = {"plus": lambda args: args[0] + args[1]}
    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions, externs=externs)
    run.wait(30)

    assert fb.recall(run.id, externs=externs).ctx == run.ctx == {"x": 3, "s": 3}
    past = fb.recall(run.id)
    assert past.state == "done"
    assert "plus" in (past.stopped or "")
    assert run.frame()["ctx.s"].iloc[-1] == 3


def test_10_000_steps_are_recalled_with_all_their_ctx(functions: Functions) -> None:
    run = fb.launch(blueprint(loop(step("inc"), 10_000)), {"x": 0}, functions=functions)
    run.wait(120)

    frame = fb.recall(run.id).frame()

    assert list(frame["ctx.x"]) == list(range(1, 10_001))
    assert list(frame["ctx.n"]) == list(range(10_000))


def test_nothing_is_written_and_the_run_stays_free(functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.wait(30)
    before = (folder(run) / journal.FILE).read_bytes()

    fb.recall(run.id)

    assert (folder(run) / journal.FILE).read_bytes() == before
    assert fb.resume(run.id, functions=functions).result(30) == {"x": 2}


def test_a_run_that_is_not_there_or_damaged_is_refused(functions: Functions) -> None:
    with pytest.raises(fb.FlowbenchError, match="no run 'r-x'"):
        fb.recall("r-x")
    run = fb.launch(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    run.wait(30)
    file = folder(run) / journal.FILE
    file.write_bytes(file.read_bytes().replace(b'"at":"0"', b'"at":"7"', 1))
    with pytest.raises(fb.FlowbenchError, match="fails its checksum"):
        fb.recall(run.id)
