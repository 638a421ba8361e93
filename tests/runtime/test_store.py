"""What is said of recorded runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import journal, store
from tests.flows import blueprint, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent(inline=True)
    def inc(value: int) -> int:
        if value > 5:
            raise ValueError("too big")
        return value + 1

    return table


def test_runs_are_listed_the_newest_first(functions: Functions) -> None:
    ids = []
    for n in range(3):  # in one second, as a rule
        run = fb.launch(blueprint(step("inc"), id=f"b{n}"), {"x": n * 3}, functions=functions)
        run.wait(30)
        ids.append(run.id)

    infos = fb.runs()

    assert [i.id for i in infos] == ids[::-1]
    assert store.find(store.LAST).name == ids[-1]
    by_name = {i.blueprint: i for i in infos}
    assert (by_name["b0"].state, by_name["b0"].steps, by_name["b0"].error) == ("done", 1, None)
    assert by_name["b2"].state == "failed"
    assert "too big" in (by_name["b2"].error or "")


def test_no_runs_is_no_error() -> None:
    assert fb.runs() == []


def test_a_damaged_run_is_listed_as_such_and_hides_no_other(functions: Functions) -> None:
    bad = fb.launch(blueprint(seq(step("inc"), step("inc"))), {"x": 1}, functions=functions)
    bad.wait(30)
    assert bad.path is not None
    file = bad.path / journal.FILE
    file.write_bytes(file.read_bytes().replace(b'"at":"0"', b'"at":"7"', 1))
    good = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    good.wait(30)

    states = {i.id: i.state for i in fb.runs()}

    assert states == {bad.id: "damaged", good.id: "done"}
    with pytest.raises(fb.FlowbenchError, match="fails its checksum"):
        fb.resume(bad.id, functions=functions)


def test_strange_folders_are_not_runs(home: Path, functions: Functions) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.wait(30)
    (home / "runs" / "notes").mkdir()
    (home / "runs" / "r-20260101-000000-aaaaaa").mkdir()

    assert [i.id for i in fb.runs()] == [run.id]


def test_folders_and_files_are_private(functions: Functions, home: Path) -> None:
    run = fb.launch(blueprint(step("inc")), {"x": 1}, functions=functions)
    run.wait(30)

    assert run.path is not None
    assert run.path.parent == home / "runs"
    assert {p.stat().st_mode & 0o777 for p in (home / "runs", run.path)} == {0o700}


def test_ids_sort_by_time_and_differ() -> None:
    assert store.new_id(0.0) < store.new_id(86_400.0)
    assert len({store.new_id(0.0) for _ in range(20)}) == 20
