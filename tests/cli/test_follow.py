"""The progress line on a terminal, and what it leaves behind."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from flowbench.cli.exits import Exit
from flowbench.cli.report import preview
from tests.cli.conftest import Command


def read_all(terminal: int) -> str:
    """Everything written to a terminal until its last writer is gone."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()


def test_a_terminal_gets_a_line_that_moves_and_then_goes(flowbench: Command) -> None:
    terminal, ours = pty.openpty()
    process = flowbench.start("run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 0.5}', stderr=ours)
    os.close(ours)

    shown = read_all(terminal)
    out, _ = process.communicate(timeout=20)
    os.close(terminal)

    lines = shown.split("\r\x1b[2K")
    assert process.returncode == Exit.DONE
    assert any("dwell x1" in line for line in lines)
    assert len(lines) > 3
    assert lines[-1] == ""
    assert out.startswith("one: done, 1 step ")


def test_a_dumb_terminal_gets_nothing(flowbench: Command) -> None:
    terminal, ours = pty.openpty()
    arguments = ["run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 0.2}']
    process = flowbench.start(*arguments, stderr=ours, env=os.environ | {"TERM": "dumb"})
    os.close(ours)

    shown = read_all(terminal)
    process.communicate(timeout=20)
    os.close(terminal)

    assert shown == ""


def test_a_reader_that_goes_away_is_no_crash(flowbench: Command) -> None:
    command = [sys.executable, "-m", "flowbench", "run", "doubling.yaml", "--agents", "agents.py"]
    read, write = os.pipe()
    os.close(read)

    told = subprocess.run(
        [*command, "--ctx", '{"number": 1}'], cwd=flowbench.folder, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)

    assert "Traceback" not in told.stderr


def test_the_preview_of_a_ctx_has_one_short_line_per_key() -> None:
    lines = preview({"a": 1, "key": "x" * 500, "a very long key that goes on and on and on": [1, 2]})

    assert len(lines) == 3
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["a", "1"]


def test_the_preview_of_an_empty_or_plain_ctx_is_fine() -> None:
    assert preview({}) == []
    assert preview([1, 2]) == ["  [1, 2]"]
