"""The list of runs: filters, and a cache that never lies."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import flowbench as fb
from flowbench import storage
from flowbench.blueprint import Functions
from flowbench.runtime import index, journal
from tests.flows import blueprint, fan, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent(inline=True)
    def inc(value: int) -> int:
        if value > 5:
            raise ValueError("too big")
        return value + 1

    return table


def ran(functions: Functions, x: int, id: str = "test") -> fb.Run:
    run = fb.launch(blueprint(seq(step("inc"), step("inc")), id=id), {"x": x}, functions=functions)
    run.wait(30)
    return run


def test_runs_are_chosen_by_state_blueprint_and_number(functions: Functions) -> None:
    good, bad = ran(functions, 1, "a").id, ran(functions, 9, "b").id
    more = ran(functions, 2, "a").id

    assert [i.id for i in fb.runs(state="failed")] == [bad]
    assert {i.id for i in fb.runs(state=("done", "failed"))} == {good, bad, more}
    assert {i.id for i in fb.runs(blueprint="a")} == {good, more}
    assert [i.id for i in fb.runs(limit=1)] == [more]
    assert fb.runs(state="running") == []


def test_the_second_list_reads_no_journal(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ran(functions, 1)
    first = fb.runs()

    monkeypatch.setattr(journal, "read", lambda folder: pytest.fail("a journal was read"))

    assert fb.runs() == first
    assert first[0].id == run.id
    assert (storage.cache() / index.FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[99,{}]", b'[1,{"r":1}]', b"\xff\xfe"])
def test_a_spoilt_or_deleted_cache_changes_nothing(spoilt: bytes, functions: Functions) -> None:
    ran(functions, 1)
    first = fb.runs()
    cache = storage.cache() / index.FILE

    cache.write_bytes(spoilt)
    assert fb.runs() == first
    cache.unlink()
    assert fb.runs() == first


def test_a_run_that_changed_is_read_again(functions: Functions) -> None:
    run = ran(functions, 1)
    assert run.path is not None
    assert fb.runs()[0].state == "done"
    file = run.path / journal.FILE
    lines = file.read_bytes().splitlines(keepends=True)

    file.write_bytes(b"".join(lines[:2]))

    info = fb.runs()[0]
    assert (info.state, info.steps) == ("interrupted", 1)
    assert fb.runs(state="interrupted")[0].id == run.id


def test_whether_a_run_is_running_is_never_kept(functions: Functions) -> None:
    run = ran(functions, 1)
    assert run.path is not None
    file = run.path / journal.FILE
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert fb.runs()[0].state == "interrupted"

    owner = journal.Journal(run.path)

    assert fb.runs()[0].state == "running"
    owner.close()
    assert fb.runs()[0].state == "interrupted"


def test_what_is_removed_leaves_the_cache_too(functions: Functions) -> None:
    one, two = ran(functions, 1), ran(functions, 2)
    fb.runs()
    from flowbench.runtime import remove

    remove(one.id)

    assert [i.id for i in fb.runs()] == [two.id]
    assert one.id.encode() not in (storage.cache() / index.FILE).read_bytes()


def test_a_home_that_cannot_be_written_still_lists(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ran(functions, 1)

    def full(path: Path, data: bytes) -> None:
        raise storage.StorageError(path, "No space left on device")

    monkeypatch.setattr(storage, "write", full)

    assert [i.id for i in fb.runs()] == [run.id]


def test_many_processes_list_at_once(functions: Functions) -> None:
    runs = {ran(functions, n % 4).id for n in range(20)}
    code = "import flowbench as fb\nfor n in range(10): assert len(fb.runs()) == 20"

    children = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(3)]

    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert {i.id for i in fb.runs()} == runs


def test_steps_are_counted_alike_wherever_a_run_is_told_of(functions: Functions) -> None:
    is_slow = [True]

    @functions.agent
    async def wait(value: int) -> int:
        await asyncio.sleep(600 if is_slow[0] and value == 2 else 0)
        return value

    flow = seq(step("inc"), fan(step("wait", "$.i", "$.o"), (1, 2)))
    run = fb.launch(blueprint(flow), {"x": 1}, functions=functions)
    until = time.monotonic() + 20
    while len(run.steps) < 2 or not run.progress().running:
        assert time.monotonic() < until
    run.abort()
    run.wait(20)
    first = [run.step_count, run.progress().ended, fb.recall(run.id).step_count, fb.runs()[0].steps]
    is_slow.clear()
    is_slow.append(False)
    again = fb.resume(run.id, functions=functions)
    again.wait(20)

    assert first == [3, 3, 3, 3]
    assert [again.step_count, again.progress().ended, fb.recall(run.id).step_count, fb.runs()[0].steps] == [3] * 4
    assert len(fb.recall(run.id).steps) == 4  # the attempt that was cancelled is there to be looked at
