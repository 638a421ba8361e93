"""Several owners of one run: what a later one may still take from the records of an earlier one."""

from __future__ import annotations

from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import journal
from flowbench.runtime.era import Era
from tests.flows import blueprint, fan, seq, step


def cut(run: fb.Run, lines: int) -> None:
    """As if the owner had died after so many entries."""
    assert run.path is not None
    file = run.path / journal.FILE
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))


def resumed(run: fb.Run, functions: Functions, **more: Any) -> fb.Run:
    again = fb.resume(run.id, functions=functions, **more)
    again.wait(30)
    return again


@pytest.mark.parametrize(
    ("ran", "address", "outdated"),
    [
        ("1", "2", True),
        ("1", "0", False),
        ("1", "1", False),
        ("1.f3.0", "1.f3.1", True),
        ("1.f3.0", "1.f2.1", False),
        ("1.f3.0", "2", True),
        ("1.f3.0", "0", False),
        ("1.i4.0", "1.i4.1", True),
        ("1.i4.0", "1.i10.0", True),
        ("1.i4.0", "1.i3.1", False),
        ("2.f0.1.f1.0", "2.f0.1.f0.5", False),
        ("2.f0.1.f1.0", "2.f0.2", True),
        ("2.f0.1.f1.0", "2.f1.9", False),
        ("1.b.0", "1.c", True),
    ],
)
def test_what_lies_behind_a_step_that_ran_anew_is_out_of_date(ran: str, address: str, outdated: bool) -> None:
    era = Era()

    era.ran(ran)

    assert era.outdates(address) is outdated


def test_what_an_era_wrote_itself_counts() -> None:
    era = Era()
    era.ran("0")
    era.ran("1")
    era.wrote("1")

    assert not era.outdates("1")
    assert era.outdates("2")


def test_changed_code_twice_interrupted_answers_nothing_from_before_the_change() -> None:
    table = Functions()

    def old(value: int) -> int:
        return value + 1

    def new(value: int) -> int:
        return value + 100

    table.register(old, id="a", inline=True)
    table.register(lambda value: value * 10, id="b", inline=True)
    run = fb.launch(blueprint(seq(step("a", "$.x", "$.y"), step("b", "$.k", "$.z"), step("a", "$.z", "$.w"))),
                    {"x": 1, "k": 1}, functions=table)  # fmt: skip
    run.wait(30)
    cut(run, 3)  # a and b are recorded
    table.register(new, id="a", inline=True)
    again = resumed(run, table)
    assert [s.recorded for s in again.steps] == [False, False, False]
    cut(run, 5)  # run, a, b, resume, a anew: b of the new era is lost

    last = resumed(run, table)

    assert [(s.agent, s.recorded) for s in last.steps] == [("a", True), ("b", False), ("a", False)]
    assert last.ctx == {"x": 1, "k": 1, "y": 101, "z": 10, "w": 110}


def test_a_step_that_began_anew_and_was_cut_off_is_not_answered_from_before() -> None:
    table = Functions()
    table.register(lambda value: value + 1, id="a", inline=True)
    table.register(lambda value: value * 10, id="b", inline=True)
    run = fb.launch(blueprint(seq(step("a"), step("b"))), {"x": 1}, functions=table)
    run.wait(30)
    log = journal.Journal(run.path)  # type: ignore[arg-type]
    from flowbench.runtime import entries

    log.append(entries.Resume(1.0, 1))
    log.append(entries.Start("1", "b", 1.0, 2))
    log.close()

    again = resumed(run, table)

    assert [(s.agent, s.recorded, s.attempt) for s in again.steps] == [("a", True, 1), ("b", False, 3)]


@pytest.mark.parametrize("join", ["all", "any"])
def test_a_failure_without_its_end_is_tried_again_at_once(join: str) -> None:
    table = Functions()
    calls: list[int] = []
    down = {1, 2, 3}

    @table.agent(inline=True)
    def flaky(value: int) -> int:
        calls.append(value)
        if value in down:
            raise ValueError("down")
        return value

    run = fb.launch(blueprint(fan(step("flaky", "$.i", "$.o"), join=join)), {}, functions=table)
    run.wait(30)
    assert run.state == "failed"
    assert run.path is not None
    cut(run, len((run.path / journal.FILE).read_bytes().splitlines()) - 1)  # the end is lost
    down.clear()
    calls.clear()

    again = resumed(run, table)

    assert again.state == "done"
    assert calls == ([1, 2, 3] if join == "all" else [1])


@pytest.mark.parametrize("timeout", [float("nan"), "5"], ids=str)
def test_a_bad_option_leaves_no_run_behind(timeout: Any) -> None:
    table = Functions()
    table.register(lambda value: value + 1, id="a", inline=True)
    done = fb.launch(blueprint(step("a")), {"x": 1}, functions=table)
    done.wait(30)

    with pytest.raises(fb.FlowbenchError, match="a number of seconds"):
        fb.launch(blueprint(step("a")), {"x": 1}, functions=table, timeout=timeout)
    with pytest.raises(fb.FlowbenchError, match="a number of seconds"):
        fb.resume(done.id, functions=table, timeout=timeout)

    assert [info.state for info in fb.runs()] == ["done"]
    assert resumed(done, table).ctx == {"x": 2}


def test_two_runs_never_share_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("flowbench.runtime.store.secrets.token_hex", lambda _: next(drawn))
    monkeypatch.setattr("flowbench.runtime.store.time.strftime", lambda *_: "20260101-000000")

    one, two = (fb.launch(blueprint(seq())) for _ in range(2))

    assert (one.id, two.id) == ("r-20260101-000000-aaaaaa", "r-20260101-000000-bbbbbb")
    assert one.result(30) == two.result(30) == {}


def test_a_value_too_deep_to_be_read_back_is_refused_when_it_is_made() -> None:
    table = Functions()

    @table.agent(inline=True)
    def nest(depth: int) -> Any:
        value: Any = 0
        for _ in range(depth):
            value = [value]
        return value

    @table.agent(inline=True)
    def brackets(value: Any) -> str:
        return "[" * 10_000

    with pytest.raises(fb.RunFailed, match="nested deeper than 500"):
        fb.launch(blueprint(step("nest")), {"x": 501}, functions=table).result(30)
    assert fb.launch(blueprint(seq(step("nest"), step("brackets", "$.y", "$.y"))), {"x": 499, "y": 0},
                     functions=table).result(30)["y"] == "[" * 10_000  # fmt: skip
