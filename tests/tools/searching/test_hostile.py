"""grep where everything goes wrong: patterns that never end, programs that break, files that no program likes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import aio

PATIENCE = 30.0  # seconds; a loaded machine, not a figure of merit


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)


def children(word: str) -> list[psutil.Process]:
    """Of this process, all below it, those whose command line has the word in it."""
    found = []
    for each in psutil.Process().children(recursive=True):
        try:
            if any(word in part for part in each.cmdline()):
                found.append(each)
        except psutil.Error:
            continue
    return found


def fake(folder: Path, script: str) -> str:
    place = folder / "fake-rg"
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    return str(place)


@pytest.fixture(params=["ripgrep", "ours"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "ours":
        monkeypatch.setenv("FLOWBENCH_RIPGREP", "none")
    return str(request.param)


def test_a_pattern_that_never_ends_is_ended_with_all_that_runs_it(tmp_path: Path, engine: str) -> None:
    (tmp_path / "long").write_text("a" * 5000 + "c\n")
    token = CancelToken()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            tools.grep(r"^(a|aa|a+)+(?=b)(\1)$", tmp_path, token=token)
        except Aborted as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: bool(children("--regexp") or children("backtracked")) or not thread.is_alive())
    token.abort()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert raised or engine == "ripgrep"  # PCRE2 gives up by itself, and may have done so before
    until(lambda: not children("backtracked") and not children("--regexp"))


def test_a_deadline_ends_it_too_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_RIPGREP", fake(tmp_path, "exec sleep 600"))

    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        tools.grep("foo", tmp_path, timeout_ms=50)


def test_an_aborted_token_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_RIPGREP", fake(tmp_path, f"touch {tmp_path}/begun"))
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted):
        tools.grep("foo", tmp_path, token=token)

    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "kill -9 $$",
        "echo no JSON at all",
        'echo \'{"type":"begin","data":{"path":{"text":"./a"}}}\'; kill -11 $$',
        "exec >&-; exit 0",
        "echo unknown option >&2; exit 2",
    ],
    ids=["fails", "is killed", "babbles", "breaks off", "is silent", "is too old"],
)
def test_where_ripgrep_does_not_work_the_answer_is_the_same(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a").write_text("foo\n")
    monkeypatch.setenv("FLOWBENCH_RIPGREP", fake(tmp_path, script))

    assert [match.line for match in tools.grep("foo", folder).matches] == ["foo"]
    assert [match.line for match in tools.grep("foo", folder, max_count=5).matches] == ["foo"]


def test_without_any_ripgrep_the_answer_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("foo\n")
    no_program = tmp_path / "rg"
    no_program.write_text("not executable")
    monkeypatch.setenv("FLOWBENCH_RIPGREP", str(no_program))

    assert tools.grep("foo", tmp_path / "a").total_matches == 1


def test_a_stream_goes_on_with_the_next_engine_and_tells_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text("foo\n")
    begin = '{"type":"begin","data":{"path":{"text":"./a"}}}'
    match = (
        '{"type":"match","data":{"path":{"text":"./a"},"lines":{"text":"foo\\\\n"},"line_number":1,"submatches":[]}}'
    )
    end = '{"type":"end","data":{"path":{"text":"./a"},"binary_offset":null}}'
    script = f"printf '%b\\n' '{begin}' '{match}' '{end}'; kill -9 $$"
    monkeypatch.setenv("FLOWBENCH_RIPGREP", fake(tmp_path, script))
    heard: list[str] = []

    result = tools.grep("foo", folder, on_matches=lambda batch: heard.extend(each.path for each in batch))

    assert sorted(heard) == ["a", "b"]
    assert (result.matches, result.total_matches) == ((), 2)


def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path, engine: str) -> None:
    (tmp_path / "a").write_text("foo\n")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "closed").mkdir(mode=0)
    os.mkfifo(tmp_path / "pipe")

    assert [match.path for match in tools.grep("foo", tmp_path).matches] == ["a"]


def test_a_name_that_is_no_text_is_searched_and_told_with_marks(tmp_path: Path, engine: str) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n-e.txt")).write_text("foo\n")

    assert [match.path for match in tools.grep("foo", tmp_path).matches] == ["\ufffd\n-e.txt"]
    assert [match.path for match in tools.grep("foo", tmp_path, max_count=5).matches] == ["\ufffd\n-e.txt"]


def test_a_line_of_a_hundred_megabytes_is_searched_and_shown_cut(tmp_path: Path, engine: str) -> None:
    place = tmp_path / "long"
    with place.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"foo\nfoo\n")

    result = tools.grep("foo", tmp_path)

    assert [(match.line_number, match.truncated) for match in result.matches] == [(1, True), (2, False)]
    assert len(result.matches[0].line) <= 4 << 20
    assert result.skipped_oversized == 0
    with pytest.raises(Aborted):
        tools.grep("f(o|p)o", place, timeout_ms=10)


def test_the_match_at_the_end_of_a_huge_line_is_shown(tmp_path: Path, engine: str) -> None:
    (tmp_path / "long").write_bytes(b"x" * 40_000_000 + b"foo\n")

    match = tools.grep("foo", tmp_path, max_columns=20).matches[0]

    assert (match.line, match.column, match.truncated) == ("..." + "x" * 14 + "foo", 40_000_001, True)


def test_a_callback_that_raises_ends_the_search(tmp_path: Path, engine: str) -> None:
    (tmp_path / "a").write_text("foo\n")

    def refuse(_: object) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tools.grep("foo", tmp_path, on_matches=refuse)
    with pytest.raises(RuntimeError, match="enough"):
        tools.grep("foo", tmp_path, on_match=refuse)


def test_a_page_is_not_streamed(tmp_path: Path) -> None:
    text = r"^Streaming grep \(onMatches\) does not support maxCount or offset$"

    with pytest.raises(tools.NotStreamed, match=text):
        tools.grep("foo", tmp_path, on_matches=print, max_count=1)
    with pytest.raises(tools.NotStreamed, match=text):
        tools.grep("foo", tmp_path, on_matches=print, offset=1)


def test_who_reads_a_stream_slowly_and_leaves_stops_the_search(tmp_path: Path, engine: str) -> None:
    for number in range(40):
        (tmp_path / f"{number}").write_text("foo\n" * 2000)

    async def read() -> int:
        seen = 0
        stream = aio.stream_grep("foo", tmp_path)
        async for match in stream:
            assert match.line == "foo"
            seen += 1
            if seen == 3000:
                break
        await stream.aclose()
        return seen

    async def read_all() -> int:
        return len([match async for match in aio.stream_grep("foo", tmp_path)])

    assert asyncio.run(read()) == 3000
    assert asyncio.run(read_all()) == 80_000
    until(lambda: not children("--regexp"))


def has_ended(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_nothing_searches_on_when_its_owner_is_killed(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    script = fake(tmp_path, f"echo $$ > {begun}.new; mv {begun}.new {begun}; exec sleep 600")
    code = f"from flowbench import tools; tools.grep('foo', {str(tmp_path)!r})"
    owner = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "FLOWBENCH_RIPGREP": script})
    try:
        until(begun.exists)
        searcher = int(begun.read_text())
    finally:
        owner.kill()
        owner.wait()

    until(lambda: has_ended(searcher))


@pytest.mark.parametrize("text", ["[", "[a-", "[^]", "(", "\\Q", "\\p{", "{", "\\"])
def test_any_heap_of_signs_is_a_pattern(text: str, tmp_path: Path) -> None:
    pattern = text * 5000
    (tmp_path / "a").write_text(f"b\n{pattern}\n")

    assert [match.line_number for match in tools.grep(pattern, tmp_path).matches] == [2]


def test_the_token_is_looked_at_while_a_search_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    script = f"touch {started}; until [ -e {go} ]; do sleep 0.01; done; exit 3"
    monkeypatch.setenv("FLOWBENCH_RIPGREP", fake(tmp_path, script))
    look, looks = CancelToken.heartbeat, 0

    def counted(self: CancelToken) -> None:
        nonlocal looks
        looks += started.exists()
        if looks == 5:
            go.touch()
        look(self)

    monkeypatch.setattr(CancelToken, "heartbeat", counted)

    tools.grep("x", tmp_path, timeout_ms=60_000)  # which raises Aborted if nobody looks
