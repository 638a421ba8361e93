"""What a live run, an ended one and a recalled one tell of their past."""

from __future__ import annotations

import asyncio
import copy
import math
import threading
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import PastRun, Run
from tests.flows import attempt, blueprint, fan, lit, loop, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent(inline=True)
    def inc(value: int) -> int:
        return value + 1

    @table.agent(inline=True)
    def pair(value: int) -> dict[str, Any]:
        return {"n": value, "more": {"twice": value * 2}}

    @table.agent(inline=True)
    def bad(value: Any) -> Any:
        raise ValueError("no")

    @table.agent
    async def nap(value: float) -> float:
        await asyncio.sleep(value)
        return value

    return table


EVERYTHING = seq(
    step("inc"),
    step("pair", "$.x", "$.p"),
    attempt(seq(step("inc", "$.x", "$.p.n"), step("bad"))),
    loop(step("inc"), 2),
    fan(seq(step("inc", "$.i", "$.o"), step("pair", "$.o", "$.p"))),
)


def both(run: Run) -> list[Run | PastRun]:
    """The run itself and what its journal says of it."""
    return [run, fb.recall(run.id)]


def test_the_frame_has_the_ctx_after_each_step_live_and_recalled(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions)
    run.wait(30)

    for each in both(run):
        frame = each.frame()
        at = frame.set_index("address")

        assert list(frame.columns[11:16]) == ["ctx.x", "ctx.p.n", "ctx.p.more.twice", "ctx.err", "ctx.n"]
        assert list(at.loc["0", ["ctx.x"]]) == [2]
        assert math.isnan(at.loc["0", "ctx.p.n"])
        assert at.loc["1", "ctx.p.more.twice"] == 4
        assert at.loc["2.b.0", "ctx.p.n"] == 3  # inside the try
        assert at.loc["3.i0", "ctx.p.n"] == 2  # which was undone
        assert [at.loc[f"3.i{n}", "ctx.x"] for n in range(2)] == [3, 4]
        assert [at.loc[f"4.f{n}.1", "ctx.p.n"] for n in range(3)] == [2, 3, 4]  # a branch has a ctx of its own
        assert at.loc["4.f2.0", "ctx.p.n"] == 2


def test_a_recalled_run_says_what_the_run_itself_said(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions)
    run.wait(30)

    past = fb.recall(run.id)

    assert past.ctx == run.ctx
    assert (past.state, past.error, past.cause, past.stopped) == ("done", None, None, None)
    told = [(s.address, s.agent, s.status, s.input, s.output, s.error, s.attempt) for s in run.steps]
    assert [(s.address, s.agent, s.status, s.input, s.output, s.error, s.attempt) for s in past.steps] == told
    assert past.blueprint == run.blueprint
    assert past.progress().by_shape == run.progress().by_shape
    assert run.id in past.summary()


def test_a_step_says_what_it_changed(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions)
    run.wait(30)

    for each in both(run):
        frame = each.ctx_frame("1")

        assert list(frame["path"]) == ["$.x", "$.p.n", "$.p.more.twice"]
        assert list(frame["changed"]) == [False, True, True]
        assert list(frame["after"]) == [2, 2, 4]
        assert each.ctx_frame(1).equals(frame)
        assert each.ctx_frame(each.steps[1]).equals(frame)


def test_moments_are_compared_in_any_way_a_person_names_them(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions)
    run.wait(30)

    for each in both(run):
        diff = each.diff("0", "3")

        assert {(c, p) for c, p in zip(diff["change"], diff["path"], strict=True)} == {
            ("changed", "$.x"), ("added", "$.p"), ("added", "$.err"), ("added", "$.n"),
        }  # fmt: skip
        assert [(c.path, c.before, c.after) for c in each.changes("3.i0", "3.i1")] == [("$.x", 3, 4), ("$.n", 0, 1)]
        assert [c.path for c in each.changes(0)] == ["$.x"]
        assert [c.path for c in each.changes("2")] == ["$.err"]
        assert {c.path for c in each.changes("4.f1")} == {"$.i", "$.o", "$.p.n", "$.p.more.twice"}
        assert {c.path for c in each.changes()} == {"$.x", "$.p", "$.err", "$.n", "$.r"}
        assert each.changes("start", "end") == each.changes()
        assert each.changes(-1, "end")


def test_two_runs_are_compared_by_their_ctx(functions: Functions) -> None:
    one, two = (fb.launch(blueprint(step("inc")), {"x": x}, functions=functions) for x in (1, 5))
    one.wait(30)
    two.wait(30)

    for each in both(one):
        assert [(c.path, c.before, c.after) for c in each.changes(two)] == [("$.x", 2, 6)]
        assert [(c.path, c.before, c.after) for c in each.changes("start", fb.recall(two.id))] == [("$.x", 1, 6)]


@pytest.mark.parametrize("moment", ["9", 7, "0.f1", "nonsense"])
def test_a_moment_that_never_was_is_refused_in_one_line(moment: Any, functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.wait(30)

    for each in both(run):
        with pytest.raises(fb.FlowbenchError) as refused:
            each.diff(moment)
        assert str(moment) in str(refused.value)
        assert "\n" not in str(refused.value)


def test_what_is_given_out_can_be_changed_without_harm(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions)
    run.wait(30)
    end = copy.deepcopy(run.ctx)

    run.ctx_at("1")["p"]["more"].clear()
    run.ctx_at("start")["x"] = 99

    assert run.ctx == end
    assert run.ctx_at("1")["p"]["more"] == {"twice": 4}
    assert run.ctx_at("start") == {"x": 1}
    assert run.ctx_at("1", before=True) == {"x": 2}


def test_a_live_run_shows_its_past_so_far(functions: Functions) -> None:
    reached, go = threading.Event(), threading.Event()

    @functions.agent
    def hold(value: int) -> int:
        reached.set()
        assert go.wait(30)
        return value

    run = fb.launch(blueprint(seq(step("inc"), step("hold"), step("inc"))), {"x": 1}, functions=functions)
    assert reached.wait(30)
    until = time.monotonic() + 30
    while not run.progress().running:  # its start is recorded by another thread than the one that it runs on
        assert time.monotonic() < until
        time.sleep(0.005)

    live, elsewhere = run.frame(), fb.recall(run.id)
    assert list(live["ctx.x"]) == list(elsewhere.frame()["ctx.x"]) == [2]
    assert (elsewhere.state, list(elsewhere.running), elsewhere.has_ended) == ("running", ["1"], False)
    assert [c.path for c in run.changes()] == ["$.x"]
    go.set()
    run.wait(30)
    assert list(run.frame()["ctx.x"]) == [2, 2, 3]


def test_a_memory_run_has_a_past_too(functions: Functions) -> None:
    run = fb.launch(blueprint(EVERYTHING), {"x": 1}, functions=functions, durability="memory")
    run.wait(30)

    assert run.frame()["ctx.x"].iloc[-1] == 4
    assert run.ctx_at("end") == run.ctx


def test_patches_are_part_of_the_past(functions: Functions) -> None:
    debugger = fb.debug(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    debugger.wait(30)
    debugger.next(30)
    debugger.edit("$.x", 40)
    debugger.go()
    debugger.run.wait(30)

    for each in both(debugger.run):
        assert list(each.frame()["ctx.x"]) == [2, 41]
        assert each.ctx_at("1", before=True) == {"x": 40}


def test_a_decided_race_and_a_failure_have_their_past(functions: Functions) -> None:
    race = fan(seq(step("nap", "$.i", "$.o"), step("inc", "$.o", "$.o")), (0.001, 60.0), join="race")
    run = fb.launch(blueprint(seq(race, step("bad"))), {"x": 1}, functions=functions)
    run.wait(30)

    for each in both(run):
        at = each.frame().set_index("address")
        assert at.loc["0.f0.1", "ctx.o"] == 1.001
        assert at.loc["0.f1.0", "status"] == "cancelled"
        assert at.loc["1", "error"] == "no"
        assert at.loc["1", "ctx.r.o"] == 1.001  # what it saw
        assert each.ctx == run.ctx
        assert "no" in (each.error or "")


def test_columns_are_bounded_and_chosen_ones_are_shown_whole(functions: Functions) -> None:
    many = seq(
        *[step("inc", "$.x", f"$.many.k{n}") for n in range(60)], *[step("inc", "$.x", f"$.t{n}") for n in range(60)]
    )
    run = fb.launch(blueprint(many), {"x": 1}, functions=functions)
    run.wait(30)

    frame = run.frame()
    few = run.frame(ctx=5)
    chosen = run.frame(ctx=["$.many", "ctx.t3", "$.nowhere"])

    assert len([c for c in frame.columns if c.startswith("ctx.")]) == 50
    assert frame.attrs["ctx_keys_left_out"] == 12
    assert frame["ctx.many"].iloc[59] == "{60 keys}"
    assert [c for c in few.columns if c.startswith("ctx")] == ["ctx.x", "ctx.many", "ctx.t0", "ctx.t1", "ctx.t2"]
    assert list(chosen.columns[11:]) == ["ctx.many", "ctx.t3", "ctx.nowhere"]
    assert [len(each) for each in chosen["ctx.many"][:3]] == [1, 2, 3]
    assert chosen["ctx.nowhere"].isna().all()
    assert not [c for c in run.frame(ctx=0).columns if c.startswith("ctx")]


def test_null_and_nothing_are_told_apart_and_odd_keys_are_quoted(functions: Functions) -> None:
    flow = seq(step("inc"), {"kind": "assign", "at": {"op": "path", "at": '$["a b"]'}, "value": lit(None)}, step("inc"))
    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions)
    run.wait(30)

    column = list(run.frame()['ctx["a b"]'])

    assert math.isnan(column[0])
    assert column[1] is None
