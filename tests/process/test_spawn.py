"""Spawn: what a command is given, and what comes back of it."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken
from flowbench.process import NotStarted, ProcessError, TimedOut, ended, spawn
from flowbench.process.output import KEEP
from tests.process.trees import Heard, run


def test_arguments_environment_folder_and_code(tmp_path: Path) -> None:
    script = 'printf "%s|" "$@" "$HERE" "$FLOWBENCH_RUN"; pwd; exit 3'

    done = run(spawn(["sh", "-c", script, "sh", "a b", "é"], env={"HERE": "x"}, cwd=str(tmp_path), tag="t-1"))

    assert done.stdout.text() == f"a b|é|x|t-1|{tmp_path}\n"
    assert done.code == 3
    assert done.seconds > 0


def test_both_streams_are_told_line_by_line() -> None:
    voice = Heard()

    run(spawn(["sh", "-c", "printf 'one\\r\\ntwo'; echo bad >&2; printf '\\377\\n'"], voice=voice))

    assert voice.of("stdout") == ["one", "two\ufffd"]
    assert voice.of("stderr") == ["bad"]


def test_a_child_may_write_before_it_reads_and_may_not_read_at_all() -> None:
    much = b"x" * (4 << 20)
    writes_first = "import sys; sys.stdout.write('y' * 4000000); sys.stdout.flush(); print(len(sys.stdin.read()))"

    assert run(spawn([sys.executable, "-c", writes_first], stdin=much)).stdout.text().endswith(f"y{len(much)}\n")
    assert run(spawn(["true"], stdin=much)).code == 0
    assert run(spawn(["sh", "-c", "exec <&-; echo fine"], stdin=much)).stdout.text() == "fine\n"


def test_without_stdin_there_is_nothing_to_wait_for() -> None:
    assert run(spawn(["cat"])).stdout.text() == ""


def test_a_long_output_keeps_its_ends_in_memory_and_all_of_it_in_a_private_file(tmp_path: Path) -> None:
    script = "import sys; print('first'); sys.stdout.write('x' * 3_000_000); print('last')"

    done = run(spawn([sys.executable, "-c", script], folder=tmp_path, name="step"))

    text = done.stdout.text()
    assert text.startswith("first\n")
    assert text.endswith("xlast\n")
    assert len(text) < KEEP + 300
    assert f"bytes left out; all of it in {tmp_path}/output/step.stdout" in text
    assert done.stdout.file is not None
    assert done.stdout.file.stat().st_size == done.stdout.size == 3_000_011
    assert stat.S_IMODE(done.stdout.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(done.stdout.file.parent.stat().st_mode) == 0o700
    assert done.stdout.whole(4_000_000) == done.stdout.file.read_bytes()
    assert done.stdout.whole(2_000_000) is None
    assert done.stderr.file is None


def test_programs_get_the_signals_that_programs_expect() -> None:
    done = run(spawn(["sh", "-c", "yes | head -n 1; kill -s PIPE $$; echo survived"]))

    assert done.stdout.text() == "y\n"
    assert done.code == -13


@pytest.mark.parametrize(
    ("argv", "cwd", "said"),
    [
        (["no-such-program"], None, "cannot start 'no-such-program': there is no such program on PATH"),
        (["/etc/passwd"], None, "may not be executed"),
        (["echo", "x" * 3_000_000], None, "arguments are too long"),
        (["ls"], "/no/such/folder", "its cwd '/no/such/folder' is no folder"),
    ],
    ids=["missing", "not executable", "too long", "cwd"],
)
def test_what_cannot_start_says_why(argv: list[str], cwd: str | None, said: str) -> None:
    with pytest.raises(NotStarted, match=said):
        run(spawn(argv, cwd=cwd))


def test_a_file_that_is_no_program_says_so(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\0\1\2\3")
    script.chmod(0o700)

    with pytest.raises(NotStarted, match="first line like #!/bin/sh"):
        run(spawn([str(script)]))


@pytest.mark.parametrize("argv", [[], [""], ["echo", "a\0b"]])
def test_what_is_no_command_is_refused(argv: list[str]) -> None:
    with pytest.raises(ProcessError, match=r"begins with the name|holds a NUL"):
        run(spawn(argv))


def test_a_timeout_ends_it() -> None:
    with pytest.raises(TimedOut, match=r"'sleep' did not end within 0.05 s"):
        run(spawn(["sleep", "600"], timeout=0.05))


def test_a_token_that_is_aborted_starts_nothing(tmp_path: Path) -> None:
    token = CancelToken()
    token.abort(AbortReason.USER, "test")

    with pytest.raises(Aborted):
        run(spawn(["touch", str(tmp_path / "trace")], token=token))

    assert not (tmp_path / "trace").exists()


def test_a_deadline_counts_as_an_abort() -> None:
    began = time.monotonic()

    with pytest.raises(Aborted, match="Aborted: Timeout"):
        run(spawn(["sleep", "600"], token=CancelToken(0.05)))

    assert time.monotonic() - began < 60


def test_a_child_may_ignore_nothing_but_clean_up(tmp_path: Path) -> None:
    token, trace = CancelToken(), tmp_path / "trace"
    script = f"trap 'echo bye > {trace}; exit 0' TERM; echo up; while :; do sleep 0.02; done"
    voice = Heard()

    async def case() -> None:
        import asyncio

        task = asyncio.create_task(spawn(["sh", "-c", script], token=token, voice=voice))
        await voice.up.wait()
        token.abort()
        await task

    with pytest.raises(Aborted):
        run(case())

    assert trace.read_text() == "bye\n"


def test_no_file_of_this_process_leaks_into_a_child(tmp_path: Path) -> None:
    with open(tmp_path / "secret", "w") as file:
        os.set_inheritable(file.fileno(), True)

        done = run(spawn(["sh", "-c", "ls /proc/self/fd || true"], stdin=b""))

    assert [int(fd) for fd in done.stdout.text().split()] == [0, 1, 2, 3]  # 3 is what ls reads


@pytest.mark.parametrize(
    ("code", "said"),
    [(0, "ended with exit code 0"), (-9, "was killed by SIGKILL"), (-64, "was killed by SIGRTMAX"), (None, "was lost")],
)
def test_an_end_is_said_in_words(code: int | None, said: str) -> None:
    assert ended(code).startswith(said)
