"""Resume: recorded steps are answered, the rest runs."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import BlueprintChanged, RunNotFound, RunOwned, journal
from tests.flows import Json, attempt, blueprint, fan, seq, step


class World:
    """Functions that count their calls and can be told to fail."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.down: set[Any] = set()
        self.functions = Functions()
        self.functions.agent(inline=True)(self.inc)
        self.functions.agent(self.nap)

    def inc(self, value: int) -> int:
        self.calls.append(value)
        if value in self.down:
            raise ValueError("down")
        return value + 1

    async def nap(self, value: Any) -> Any:
        self.calls.append(value)
        await asyncio.sleep(0.01 * (4 - value))
        return value

    def launch(self, flow: Json, ctx: Any) -> fb.Run:
        run = fb.launch(blueprint(flow), ctx, functions=self.functions)
        run.wait(30)
        return run

    def resume(self, run_id: str, **more: Any) -> fb.Run:
        self.calls.append("resumed")
        run = fb.resume(run_id, functions=self.functions, **more)
        run.wait(30)
        return run


@pytest.fixture
def world() -> World:
    return World()


def cut(run: fb.Run, lines: int) -> None:
    """As if the owner had died after so many entries."""
    assert run.path is not None
    file = run.path / journal.FILE
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))


def test_a_done_run_is_answered_from_its_records_alone(world: World) -> None:
    run = world.launch(seq(step("inc"), step("inc")), {"x": 0})
    assert run.path is not None
    before = (run.path / journal.FILE).read_bytes()

    again = world.resume(run.id)

    assert again.result(30) == run.ctx == {"x": 2}
    assert world.calls == [0, 1, "resumed"]
    assert [s.recorded for s in again.steps] == [True, True]
    assert (run.path / journal.FILE).read_bytes() == before


@pytest.mark.parametrize("lines", range(1, 5))
def test_resume_after_a_cut_anywhere_ends_with_the_same_ctx(world: World, lines: int) -> None:
    run = world.launch(seq(step("inc"), step("inc"), step("inc")), {"x": 0})
    cut(run, lines)
    assert fb.runs()[0].state == "interrupted"

    again = world.resume(run.id)

    assert again.result(30) == {"x": 3}
    recorded = lines - 1  # the first line begins the run
    assert world.calls == [0, 1, 2, "resumed", *range(recorded, 3)]
    assert [s.recorded for s in again.steps] == [n < recorded for n in range(3)]
    assert fb.runs()[0].state == "done"


def test_only_what_failed_is_tried_again(world: World) -> None:
    world.down = {2}
    run = world.launch(seq(step("inc"), fan(step("inc", "$.i", "$.o"))), {"x": 10})
    assert run.state == "failed"
    world.down = set()

    again = world.resume(run.id)

    assert [b["o"] for b in again.result(30)["r"]] == [2, 3, 4]
    after = world.calls[world.calls.index("resumed") + 1 :]
    assert 2 in after
    assert 10 not in after


def test_a_caught_failure_stays_as_it_was(world: World) -> None:
    world.down = {1, 5}
    flow = seq(attempt(step("inc")), step("inc", "$.y", "$.y"))
    run = world.launch(flow, {"x": 1, "y": 5})
    world.down = set()

    again = world.resume(run.id)

    assert again.result(30) == {"x": 1, "y": 6, "err": "dispatcher error for ref 'inc': down"}
    assert world.calls == [1, 5, "resumed", 5]


def test_a_cancelled_run_goes_on_and_counts_the_attempt(world: World) -> None:
    gate = asyncio.Event()

    @world.functions.agent
    async def wait(value: Any) -> Any:
        if not world.calls.count("resumed"):
            await gate.wait()
        return value

    run = fb.launch(blueprint(seq(step("inc"), step("wait"))), {"x": 1}, functions=world.functions)
    while not any(address == "1" for address, _, _ in run.progress().running):
        time.sleep(0.005)
    run.abort()
    run.wait(30)

    again = world.resume(run.id)

    assert again.result(30) == {"x": 2}
    assert [(s.address, s.attempt, s.recorded) for s in again.steps] == [("0", 1, True), ("1", 2, False)]


def test_a_race_keeps_its_winner(world: World) -> None:
    run = world.launch(seq(fan(step("nap", "$.i", "$.o"), join="race"), step("inc", "$.r.o", "$.x")), {})
    assert run.ctx["r"]["o"] == 3
    assert run.path is not None
    kept = sum(b'"k":"join"' not in line for line in (run.path / journal.FILE).read_bytes().splitlines())
    cut(run, kept - 2)

    again = world.resume(run.id)

    assert again.result(30)["x"] == 4


def test_a_changed_blueprint_is_refused_with_a_diff_unless_accepted(world: World) -> None:
    run = world.launch(seq(step("inc"), step("inc")), {"x": 0})
    changed = blueprint(seq(step("inc"), step("inc"), step("inc")))
    assert run.path is not None
    before = (run.path / journal.FILE).read_bytes()

    with pytest.raises(BlueprintChanged, match=r'(?s)accept_changes.*\+.*"inc"'):
        world.resume(run.id, blueprint=changed)
    assert (run.path / journal.FILE).read_bytes() == before

    again = world.resume(run.id, blueprint=changed, accept_changes=True)
    assert again.result(30) == {"x": 3}
    assert [s.recorded for s in again.steps] == [True, True, False]


def test_changed_code_counts_as_unrecorded(world: World) -> None:
    @world.functions.agent(id="grow")
    def first(value: int) -> int:
        return value * 2

    run = world.launch(seq(step("inc"), step("grow"), step("inc")), {"x": 1})
    cut(run, 4)

    @world.functions.agent(id="grow")
    def second(value: int) -> int:
        return value * 100

    again = world.resume(run.id)

    assert again.result(30) == {"x": 201}
    assert [s.recorded for s in again.steps] == [True, False, False]


def test_a_large_output_comes_back_from_its_blob(world: World) -> None:
    @world.functions.agent(inline=True)
    def big(value: Any) -> Any:
        world.calls.append("big")
        return "x" * 100_000

    run = world.launch(seq(step("big"), step("inc", "$.y", "$.y")), {"x": 0, "y": 0})
    assert run.path is not None
    assert (run.path / journal.FILE).stat().st_size < 10_000
    cut(run, 2)

    again = world.resume(run.id)

    assert again.result(30) == {"x": "x" * 100_000, "y": 1}
    assert world.calls.count("big") == 1


def test_a_patch_by_hand_is_replayed(world: World) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 0}, functions=world.functions)
    debugger.wait(30)
    debugger.edit("$.x", 40)
    debugger.go()
    assert debugger.run.result(30) == {"x": 42}

    assert world.resume(debugger.run.id).result(30) == {"x": 42}
    assert world.calls == [40, 41, "resumed"]


def test_a_living_owner_is_not_disturbed(world: World) -> None:
    @world.functions.agent
    async def forever(value: Any) -> None:
        await asyncio.sleep(600)

    run = fb.launch(blueprint(step("forever")), {"x": 0}, functions=world.functions)

    with pytest.raises(RunOwned):
        world.resume(run.id)
    assert fb.runs()[0].state == "running"
    run.abort()
    run.wait(30)


@pytest.mark.parametrize("run_id", ["", "r-20000101-000000-abcdef", "../../etc", "/etc/passwd", "r-*", "x" * 300, "\0"])
def test_an_id_that_names_no_run_is_said_and_opens_nothing(world: World, run_id: str, home: Path) -> None:
    with pytest.raises(RunNotFound, match="no run"):
        fb.resume(run_id, functions=world.functions)

    assert not (home / "runs").exists() or not os.listdir(home / "runs")


def test_an_id_may_be_shortened_while_it_is_clear(world: World) -> None:
    one = world.launch(step("inc"), {"x": 0})
    world.launch(step("inc"), {"x": 0})

    assert world.resume(one.id[-6:]).id == one.id
    with pytest.raises(RunNotFound, match="could be any of 2 runs"):
        world.resume("r-2")
