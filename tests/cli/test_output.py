"""Standard output that is full, closed, or somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from flowbench.cli.exits import Exit
from tests.cli.conftest import Command

RUN = "run doubling.yaml --agents agents.py --ctx '{\"number\": 1}'"


def shell(line: str, flowbench: Command) -> subprocess.CompletedProcess[str]:
    """`flowbench` as a shell starts it, redirections and all."""
    command = ["sh", "-c", f"{sys.executable} -m flowbench {line}"]
    env = {name: each for name, each in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, cwd=flowbench.folder, env=env, stderr=subprocess.PIPE, text=True, timeout=60)


@pytest.mark.parametrize("what", [RUN, f"{RUN} --json", "runs --json", "check doubling.yaml --agents agents.py"])
def test_a_full_standard_output_is_one_line(what: str, flowbench: Command) -> None:
    told = shell(f"{what} > /dev/full", flowbench)

    assert told.returncode == Exit.FAILED
    assert told.stderr == "flowbench: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("what", ["--help", "run --help", "runs show --help", "--version"])
def test_help_that_nobody_can_read_is_one_line_too(what: str, flowbench: Command) -> None:
    told = shell(f"{what} > /dev/full", flowbench)

    assert told.returncode == Exit.FAILED
    assert told.stderr == "flowbench: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("what", "code", "exit"),
    [
        ("run nobody.yaml --json", "missing", Exit.MISSING),
        ("run no.yaml --json", "unreadable_file", Exit.USAGE),
        ("runs show r-no --json", "run_not_found", Exit.USAGE),
        ("runs rm r-no --json", "run_not_found", Exit.USAGE),
    ],
)
def test_a_program_gets_refusals_as_json(what: str, code: str, exit: Exit, flowbench: Command) -> None:
    told = flowbench(*what.split())

    error = json.loads(told.stdout)["error"]
    assert (error["code"], error["exit"], told.returncode) == (code, exit, exit)
    assert told.stderr == f"flowbench: {error['message']}\n"


def test_what_an_agent_printed_and_nobody_got_is_told_too(flowbench: Command) -> None:
    (flowbench.folder / "agents.py").write_text(
        "import flowbench as fb\n@fb.agent\ndef halve(x):\n    print('halving')\n    raise ValueError('no')\n"
    )

    told = shell("run halve.yaml --agents agents.py --ctx '{\"x\": 1}' > /dev/full", flowbench)

    assert told.returncode == Exit.FAILED
    assert "Traceback" not in told.stderr
    assert "Exception ignored" not in told.stderr
    assert told.stderr.splitlines()[-1] == "flowbench: cannot write to standard output: No space left on device"


@pytest.mark.parametrize("what", [RUN, "runs", "demo"])
def test_a_closed_standard_output_is_refused_before_anything_runs(what: str, flowbench: Command) -> None:
    told = shell(f"{what} >&-", flowbench)

    assert told.returncode == Exit.FAILED
    assert told.stderr == "flowbench: standard output is closed; send it to /dev/null if nobody wants it\n"
    assert not (flowbench.folder.parent / "home").exists()
