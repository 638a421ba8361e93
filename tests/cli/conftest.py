"""A place with Blueprint files, agents in a Python file, and the command as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

AGENTS = '''
"""Agents of the tests."""
import os
import time

import flowbench as fb


@fb.agent
def double(number):
    return number * 2


@fb.agent
def halve(number):
    with open("calls.txt", "a") as calls:
        calls.write(f"{number}\\n")
    if "HOLD" in os.environ and number > 3:
        time.sleep(60)
    return number / BY


@fb.agent
def dwell(seconds):
    open("dwelling", "w").close()
    time.sleep(seconds)
    return "slept"


@fb.agent
def wait_for_abort(_, token):
    open("waiting", "w").close()
    while True:
        token.heartbeat()
        time.sleep(0.005)


BY = 2
'''

DOUBLE = """
id: doubling
flow:
  kind: seq
  children:
    - {kind: step, ref: double, in: $.number, out: $.number}
    - {kind: step, ref: double, in: $.number, out: $.number}
"""


def blueprint(ref: str) -> str:
    """One step that calls `ref` with `$.x`."""
    return f"id: one\nflow: {{kind: step, ref: {ref}, in: $.x, out: $.y}}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a person: agents.py, doubling.yaml, and a home of its own for the runs."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "agents.py").write_text(AGENTS)
    (folder / "doubling.yaml").write_text(DOUBLE)
    for ref in ("halve", "dwell", "wait_for_abort", "nobody"):
        (folder / f"{ref}.yaml").write_text(blueprint(ref))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FLOWBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder


class Command:
    """`flowbench` in processes of its own, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "flowbench", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.started.append(subprocess.Popen(command, cwd=self.folder, text=True, **(pipes | how)))
        return self.started[-1]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=60)
        assert "Traceback" not in error + out
        return subprocess.CompletedProcess(arguments, process.returncode, out, error)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def flowbench(desk: Path) -> Iterator[Command]:
    command = Command(desk)
    yield command
    command.close()


@pytest.fixture
def appears(flowbench: Command) -> Callable[[str], None]:
    """Wait until an agent of the process started last has made a file of this name."""

    def wait(name: str) -> None:
        process = flowbench.started[-1]
        until = time.monotonic() + 30
        while not (flowbench.folder / name).exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, f"{name} did not appear"
            time.sleep(0.01)

    return wait
