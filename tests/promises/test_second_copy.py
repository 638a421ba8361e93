"""An owner that is killed during a step leaves no second copy of it running, and neither does a stop from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import flowbench as fb
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import until
from tests.promises.program_victim import wanted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="subreapers and /proc are Linux")


def pids(file: Path) -> set[int]:
    return {int(line) for line in file.read_text().split()} if file.exists() else set()


def lives(pid: int) -> bool:
    """It has not ended; one that only waits to be reaped has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("is_keeper_killed", [False, True], ids=["owner", "owner and keepers"])
def test_a_killed_owner_leaves_no_second_copy_after_resume(tmp_path: Path, is_keeper_killed: bool) -> None:
    file = tmp_path / "pids"
    command = [sys.executable, "-m", "tests.promises.program_victim", str(file)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    run_id = owner.stdout.readline().strip()
    until(lambda: len(pids(file)) == 2)
    first = pids(file)

    owner.kill()
    if is_keeper_killed:
        for pid in bearing(RUN, run_id) - first:
            with suppress(ProcessLookupError):  # keepers end by themselves, too, when their owner has gone
                os.kill(pid, signal.SIGKILL)
    owner.communicate()
    told = subprocess.run([*command, run_id], capture_output=True, text=True, timeout=60)

    assert json.loads(told.stdout.splitlines()[-1]) == {"x": 1, "y": 7}, told.stderr
    assert len(pids(file)) == 4
    assert [pid for pid in pids(file) if lives(pid)] == []
    assert bearing(RUN, run_id) == set()


def test_sigterm_to_flowbench_run_leaves_nothing(tmp_path: Path) -> None:
    file, blueprint = tmp_path / "pids", tmp_path / "flow.json"
    blueprint.write_text(json.dumps(wanted(str(file))))
    subprocess.run(
        [sys.executable, "-m", "flowbench", "trust", str(blueprint), "--yes"], check=True, capture_output=True
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "flowbench", "run", str(blueprint), "--ctx", '{"x": 1}'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: len(pids(file)) == 2)

    child.terminate()
    child.communicate(timeout=60)

    assert child.returncode == 143
    assert [pid for pid in pids(file) if lives(pid)] == []
    (info,) = fb.runs()
    assert info.state == "cancelled"
