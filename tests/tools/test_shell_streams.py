"""Shell streams: every byte arrives once, in order, as text; a slow listener slows the command, not the memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from flowbench.cancel import CancelToken
from flowbench.tools import Shell, ShellResult
from flowbench.tools.outflow import LIMIT
from tests.flow.forms import LONG, chosen, prove, proven
from tests.process.trees import linux, until

PORTION = 1 << 16
MARGIN = 64  # MiB of memory that streaming may take


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    with Shell() as made:
        yield made


_one: list[tuple[Shell, Path]] = []


@pytest.fixture(autouse=True, scope="module")
def one(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    _one.append((shell, tmp_path_factory.mktemp("written")))
    yield
    _one.clear()


def heard(shell: Shell, command: str) -> list[str]:
    parts: list[str] = []
    assert shell.run(command, on_chunk=parts.append).exit_code == 0
    return parts


def test_parts_come_as_they_are_written_and_the_result_has_no_output(shell: Shell, tmp_path: Path) -> None:
    parts: list[str] = []

    def listen(text: str) -> None:
        parts.append(text)
        (tmp_path / f"go{len(parts)}").touch()

    wait = "until [ -e {}/go{} ]; do sleep 0.01; done"
    command = f"echo one; {wait.format(tmp_path, 1)}; echo two >&2; {wait.format(tmp_path, 2)}; echo three"
    result = shell.run(command, on_chunk=listen)

    assert parts == ["one\n", "two\n", "three\n"]
    assert result.output == ""


def test_both_streams_keep_their_order(shell: Shell) -> None:
    script = "import os\nfor i in range(2000): os.write(1 + i % 2, b'%d ' % i)"

    told = "".join(heard(shell, f'{sys.executable} -S -c "{script}"'))

    assert told.split() == [str(number) for number in range(2000)]


def test_parts_are_of_bounded_size_and_nothing_is_lost(shell: Shell) -> None:
    parts = heard(shell, "seq 1000000")

    assert max(map(len, parts)) <= PORTION
    assert "".join(parts) == "".join(f"{number}\n" for number in range(1, 1_000_001))


def test_a_line_without_end_is_no_problem(shell: Shell) -> None:
    assert sum(map(len, heard(shell, "head -c 10000000 /dev/zero"))) == 10_000_000


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"\xff\xfe", "\ufffd\ufffd"), (b"a\xe2\x82", "a\ufffd"), (b"\xe2\x82\xacx", "€x"), (b"\0", "\0"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"), (b"\r\n", "\r\n"), (b"", ""),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_replaced(shell: Shell, tmp_path: Path, written: bytes, told: str) -> None:
    (tmp_path / "data").write_bytes(written)

    assert "".join(heard(shell, f"cat {tmp_path}/data")) == told
    assert shell.run(f"cat {tmp_path}/data").output == told
    assert shell.run("echo next").output == "next\n"  # nothing of a character is left over


LONG_TEXT = st.integers(1, 3).map(lambda n: b"\xe2\x82\xac" * (n * 30_000))


@prove(st.lists(st.one_of(st.binary(max_size=9), st.text(max_size=9).map(str.encode), LONG_TEXT), max_size=6), short=25)
def test_what_is_heard_is_what_was_written(pieces: list[bytes]) -> None:
    shell, place = _one[0]
    names = []
    for number, piece in enumerate(pieces):
        (place / str(number)).write_bytes(piece)
        names.append(f"cat {place}/{number} >&{1 + number % 2}")

    parts = heard(shell, "\n".join([":", *names]))

    assert "".join(parts) == b"".join(pieces).decode("utf-8", "replace")
    assert all(parts)


def test_a_listener_that_is_busy_holds_the_command_up(shell: Shell, tmp_path: Path) -> None:
    far, near = tmp_path / "far", tmp_path / "near"
    go = threading.Event()
    threads = threading.Thread(target=lambda: (until(near.exists), go.set()))
    threads.start()
    command = f"head -c 200000 /dev/zero; touch {near}; head -c 30000000 /dev/zero; touch {far}"
    was_held_up: list[bool] = []

    def busy(_: str) -> None:
        if not was_held_up:
            go.wait(30)  # by now it has written much more than it was asked for
            was_held_up.append(not far.exists())

    shell.run(command, on_chunk=busy)
    threads.join()

    assert was_held_up == [True]  # 30 MB do not fit between it and us
    assert far.exists()


SLOW = """
import resource, sys, time
from flowbench.tools import Shell
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
with Shell() as shell:
    shell.run("echo", on_chunk=len)
    before, size, slow = peak(), 0, 0.0
    def listen(text):
        global size
        size += len(text)
        if size % 37 == 0:
            time.sleep(0.001)
    shell.run(f"head -c {sys.argv[1]} /dev/zero", on_chunk=listen)
    print(size, peak() - before)
"""


def streamed(size: int, limit: float) -> float:
    """MiB of memory that this much output takes at most, of which a slow listener hears every byte."""
    done = subprocess.run([sys.executable, "-c", SLOW, str(size)], capture_output=True, text=True, timeout=limit)
    total, grown = done.stdout.split()
    assert int(total) == size, done.stderr
    return float(grown)


@linux
def test_a_listener_that_is_slow_hears_two_seconds_more_after_an_abort_and_not_all_that_waits(shell: Shell) -> None:
    token, heard = CancelToken(), 0

    def listen(text: str) -> None:
        nonlocal heard
        if not heard:
            time.sleep(1.0)  # four million bytes wait by now
            token.abort()
        heard += len(text)
        time.sleep(0.3)

    result = shell.run("yes", on_chunk=listen, token=token)

    assert result.cancelled
    assert 0 < heard < LIMIT // 2


def test_memory_stays_within_bounds_whatever_is_written() -> None:
    is_long = chosen[0] == LONG

    assert streamed(*((10_000_000_000, 1_700) if is_long else (300_000_000, 120))) < MARGIN


proven.append(test_memory_stays_within_bounds_whatever_is_written)


def test_a_long_output_that_nobody_hears_keeps_its_ends_and_a_file(shell: Shell) -> None:
    output = shell.run("echo first; seq 400000; echo last").output

    assert output.startswith("first\n1\n")
    assert output.endswith("400000\nlast\n")
    assert "bytes left out; all of it in " in output
    file = Path(output.split("all of it in ")[1].split(" ...")[0])
    assert file.read_text().split() == ["first", *map(str, range(1, 400_001)), "last"]


def test_a_stream_is_a_loop_with_a_result(shell: Shell) -> None:
    stream = shell.stream("printf 'a\\nb'; exit 3")
    assert stream.result is None

    assert "".join(stream) == "a\nb"

    assert stream.result == ShellResult(exit_code=3, cancelled=False, timed_out=False)
    assert list(stream) == []


def test_a_stream_that_nobody_asks_puts_nothing(shell: Shell, tmp_path: Path) -> None:
    shell.stream(f"touch {tmp_path}/ran").close()

    assert not (tmp_path / "ran").exists()
    assert shell.run("pwd", cwd=os.getcwd()).exit_code == 0
