"""Runs that are removed: one by one, by age, by size; what died half-way; never what runs."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import RunNotFound, RunOwned, collect, journal, remove
from tests.flows import blueprint, seq, step

DAY = 86_400.0


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent(inline=True)
    def big(value: int) -> str:
        return "x" * value

    return table


def ran(functions: Functions, size: int = 1, *, days: float = 0.0, lines: int | None = None) -> Path:
    """Folder of a run that ended so many days ago. lines: of its journal that are left."""
    run = fb.launch(blueprint(seq(step("big", "$.x", "$.y"))), {"x": size}, functions=functions)
    run.wait(30)
    assert run.path is not None
    file = run.path / journal.FILE
    if lines is not None:
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))
    then = time.time() - days * DAY
    os.utime(file, (then, then))
    return run.path


def names() -> set[str]:
    return {info.id for info in fb.runs()}


def test_a_removed_run_is_gone_with_all_its_files(functions: Functions, home: Path) -> None:
    gone, kept = ran(functions, 100_000), ran(functions)

    assert remove(gone.name[-6:]) == [gone.name]

    assert names() == {kept.name}
    assert [path.name for path in (home / "runs").iterdir()] == [kept.name]
    with pytest.raises(RunNotFound):
        remove(gone.name)


def test_a_running_run_is_not_removed(functions: Functions) -> None:
    live = ran(functions, days=90, lines=2)
    owner = journal.Journal(live)
    os.utime(live / journal.FILE, (1.0, 1.0))

    with pytest.raises(RunOwned):
        remove(live.name)
    assert collect(max_bytes=0).removed == ()
    assert names() == {live.name}
    owner.close()


def test_a_removal_that_was_cut_off_shows_no_half_run(
    functions: Functions, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ran(functions)

    def die(path: Path) -> None:
        (path / journal.FILE).unlink()
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        with pytest.raises(fb.FlowbenchError, match="Input/output error"):
            remove(run.name)

    assert names() == set()
    assert len(collect().leftovers) == 1
    assert list((home / "runs").iterdir()) == []


def test_old_runs_go_and_interrupted_ones_when_they_are_as_old(functions: Functions) -> None:
    old, stale = ran(functions, days=31), ran(functions, days=31, lines=2)
    young, waiting = ran(functions, days=29), ran(functions, days=29, lines=2)

    said = collect(dry_run=True)
    assert {info.id for info in said.removed} == {old.name, stale.name}
    assert names() == {each.name for each in (old, stale, young, waiting)}

    told = collect()
    assert told == said
    assert told.freed > 0
    assert names() == {young.name, waiting.name}


def test_the_oldest_go_until_the_rest_is_small_enough(functions: Functions) -> None:
    sizes = [ran(functions, 200_000, days=days) for days in (3, 2, 1)]
    waiting = ran(functions, 200_000, days=9, lines=2)

    told = collect(max_bytes=500_000)

    assert [info.id for info in told.removed] == [sizes[0].name, sizes[1].name]
    assert names() == {sizes[2].name, waiting.name}
    assert told.kept == 2
    assert told.kept_bytes <= 500_000


def test_leftovers_of_processes_that_died_go_when_they_are_old(functions: Functions, home: Path) -> None:
    run = ran(functions, 100_000)
    half = run / journal.BLOBS / ".0123456789abcdef.tmp"
    half.write_bytes(b"x")
    empty = home / "runs" / "r-20200101-000000-aaaaaa"
    empty.mkdir()
    assert collect().leftovers == ()

    later = collect(now=time.time() + 2 * 3600)

    assert set(later.leftovers) == {half, empty}
    assert not half.exists()
    assert not empty.exists()
    assert names() == {run.name}


def test_nothing_to_collect_is_no_error() -> None:
    told = collect()

    assert (told.removed, told.leftovers, told.freed, told.kept) == ((), (), 0, 0)
