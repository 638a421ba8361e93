"""The log of a run: what is kept, in which order, how much, and what is on disk."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import Line, Log, RunNotFound, log, read_log
from tests.flows import attempt, blueprint, loop, seq, step


@pytest.fixture
def functions() -> Functions:
    table = Functions()

    @table.agent
    def talk(value: Any) -> Any:
        print("hello", value)
        return value

    @table.agent
    def bad(value: Any) -> Any:
        print("no end", end="")
        raise ValueError("not today")

    return table


def told(lines: list[Line]) -> list[tuple[str, str, str, str]]:
    return [(line.at, line.agent, line.stream, line.text) for line in lines]


def texts(log: Log) -> list[str]:
    return [line.text for line in log.lines()]


def test_a_line_is_whole_when_its_end_has_come() -> None:
    log = Log()

    log.say("0", "a", "stdout", "one\ntw")
    log.say("1", "b", "stdout", "other\n")

    assert told(log.since(0)[0]) == [("0", "a", "stdout", "one"), ("1", "b", "stdout", "other")]
    assert texts(log) == ["one", "other", "tw"]
    log.say("0", "a", "stdout", "o\n")
    assert texts(log) == ["one", "other", "two"]
    assert [line.text for line in log.lines("0")] == ["one", "two"]


def test_a_line_without_an_end_is_whole_when_its_step_ends() -> None:
    log = Log()
    log.say("0", "a", "stdout", "half")
    log.say("0", "a", "stderr", "too")
    log.say("1", "a", "stdout", "stays")

    log.end("0")

    assert [line.text for line in log.since(0)[0]] == ["half", "too"]


def test_since_gives_what_is_new_and_the_number_for_next_time() -> None:
    log = Log()
    log.say("0", "a", "stdout", "a\nb\n")

    first, n = log.since(0)
    log.say("0", "a", "stdout", "c\n")
    second, m = log.since(n)

    assert ([line.text for line in first], n) == (["a", "b"], 2)
    assert ([line.text for line in second], m) == (["c"], 3)
    assert log.since(m) == ([], 3)


def test_of_an_overwritten_line_the_last_state_is_kept() -> None:
    log = Log()

    for percent in range(0, 101, 10):
        log.say("0", "a", "stderr", f"\r{percent} %")
    log.say("0", "a", "stderr", "\ndone\r\n")

    assert texts(log) == ["100 %", "done"]


def test_what_is_hidden_is_hidden_in_parts_of_lines_too() -> None:
    log = Log()
    log.hide = lambda text: text.replace("word", "****")

    log.say("0", "a", "stdout", "pass")
    log.say("0", "a", "stdout", "word\nwo")
    log.say("0", "a", "stdout", "rd")

    assert texts(log) == ["pass****", "****"]
    log.end()
    assert texts(log) == ["pass****", "****"]


def test_a_log_shows_what_was_said_and_its_repr_the_end_of_that(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "SHOWN", 1)
    run = fb.launch(blueprint(seq(step("talk"), step("talk"))), {"x": 1}, functions=functions)
    run.wait(30)

    assert str(run.log) == "talk 0  hello 1\ntalk 1  hello 1"
    assert repr(run.log) == "… 1 line before\ntalk 1  hello 1"
    assert repr(Log()) == "nothing was said"


def test_old_lines_make_room_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LINES", 5)
    small = Log()

    for number in range(12):
        small.say("0", "a", "stdout", f"{number}\n")

    assert (texts(small), small.dropped) == (["7", "8", "9", "10", "11"], 7)
    assert [line.text for line in small.since(9)[0]] == ["9", "10", "11"]
    assert [line.text for line in small.since(2)[0]] == texts(small)


def test_much_text_makes_room_too_and_a_long_line_becomes_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "CHARACTERS", 100)
    monkeypatch.setattr(log, "LINE_CHARACTERS", 30)
    small = Log()

    small.say("0", "a", "stdout", "x" * 70)
    small.say("0", "a", "stdout", "x" * 70 + "\n")

    assert [len(text) for text in texts(small)] == [30, 30, 20]
    assert small.dropped == 2


def test_text_that_cannot_be_written_is_escaped(tmp_path: Path) -> None:
    kept = Log(tmp_path)

    kept.say("0", "a", "stdout", "half \ud800 pair\n")

    assert texts(kept) == texts(Log(tmp_path)) == ["half \\ud800 pair"]


def test_a_run_keeps_its_log_on_disk_for_its_owner_only(functions: Functions) -> None:
    run = fb.launch(blueprint(seq(step("talk"), step("talk"))), {"x": 1}, functions=functions)
    run.result(30)

    again = read_log(run.id)

    assert run.path is not None
    assert stat.S_IMODE((run.path / "log.jsonl").stat().st_mode) == 0o600
    assert told(again.lines()) == [("0", "talk", "stdout", "hello 1"), ("1", "talk", "stdout", "hello 1")]
    assert again.lines() == run.log.lines()


def test_a_run_that_says_nothing_has_no_log_file(functions: Functions) -> None:
    run = fb.launch(blueprint(seq()), {}, functions=functions)
    run.result(30)

    assert run.path is not None
    assert not (run.path / "log.jsonl").exists()
    assert read_log(run.id).lines() == []
    with pytest.raises(RunNotFound):
        read_log("r-00000000-000000-000000")


def test_memory_runs_keep_their_log_in_memory(functions: Functions) -> None:
    run = fb.launch(blueprint(step("talk")), {"x": 1}, functions=functions, durability="memory")
    run.result(30)

    assert texts(run.log) == ["hello 1"]


def test_a_resumed_run_goes_on_with_its_log(functions: Functions) -> None:
    @functions.agent
    def flaky(value: Any) -> Any:
        print("try")
        if len(seen) < 1:
            seen.append(value)
            raise OSError("down")
        return value

    seen: list[Any] = []
    run = fb.launch(blueprint(seq(step("talk"), step("flaky"))), {"x": 1}, functions=functions)
    run.wait(30)

    again = fb.resume(run.id, functions=functions)
    again.result(30)

    assert [line.text for line in again.log.lines() if line.stream == "stdout"] == ["hello 1", "try", "try"]
    assert again.log.lines() == read_log(run.id).lines()
    assert fb.resume(run.id, functions=functions).log.lines() == again.log.lines()


def test_a_failed_step_tells_where_in_its_own_code(functions: Functions) -> None:
    run = fb.launch(blueprint(step("bad")), {"x": 1}, functions=functions)
    run.wait(30)

    printed, *trace = run.log.lines("0")

    assert (printed.stream, printed.text) == ("stdout", "no end")
    assert {line.stream for line in trace} == {"note"}
    assert trace[-1].text == "ValueError: not today"
    assert any("test_log.py" in line.text for line in trace)
    assert not any("flowbench/" in line.text.replace(os.sep, "/") for line in trace)


def test_a_step_that_always_fails_says_the_whole_traceback_only_at_first(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "TRACES", 2)
    run = fb.launch(blueprint(loop(attempt(step("bad")), 5)), {"x": 1}, functions=functions)
    run.result(30)

    notes = [line.text for line in run.log.lines() if line.stream == "note"]

    assert notes.count("ValueError: not today") == 5
    assert sum(text.startswith("Traceback") for text in notes) == 2


def test_a_full_log_file_says_so_once_and_memory_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(log, "FILE_BYTES", 400)
    kept = Log(tmp_path)

    for number in range(20):
        kept.say("0", "a", "stdout", f"line {number}\n")

    on_disk = texts(Log(tmp_path))
    assert len(texts(kept)) == 21
    assert on_disk[0] == "line 0"
    assert "not kept on disk" in on_disk[-1]
    assert on_disk[:-1] == texts(kept)[: len(on_disk) - 1]


def test_a_log_that_cannot_be_written_fails_nobody(tmp_path: Path) -> None:
    kept = Log(tmp_path / "gone")

    kept.say("0", "a", "stdout", "one\n")
    kept.say("0", "a", "stdout", "two\n")

    assert texts(kept)[0] == "one"
    assert texts(kept)[-1] == "two"


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    kept = Log(tmp_path)
    kept.say("0", "a", "stdout", "one\ntwo\n")
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes()[:-5])

    assert texts(Log(tmp_path)) == ["one"]


def test_streams_are_as_before_when_no_run_is_live(functions: Functions) -> None:
    before = sys.stdout, sys.stderr

    fb.launch(blueprint(step("talk")), {"x": 1}, functions=functions).result(30)

    assert (sys.stdout, sys.stderr) == before
