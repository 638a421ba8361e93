"""`flowbench resume`: what was done stays done."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from flowbench.cli.exits import Exit
from tests.cli.conftest import Command

TWO = """
id: two
flow:
  kind: seq
  children:
    - {kind: step, ref: halve, in: $.x, out: $.half}
    - {kind: step, ref: dwell, in: $.half, out: $.slept}
"""


def test_a_killed_run_goes_on_and_repeats_nothing_recorded(
    flowbench: Command, desk: Path, appears: Callable[[str], None]
) -> None:
    (desk / "two.yaml").write_text(TWO)
    process = flowbench.start("run", "two.yaml", "--agents", "agents.py", "--ctx", '{"x": 0.8}')
    appears("dwelling")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)

    before = json.loads(flowbench("runs", "--json").stdout)[0]
    resumed = flowbench("resume", before["id"], "--agents", "agents.py", "--json")

    assert before["state"] == "interrupted"
    assert resumed.returncode == Exit.DONE
    assert json.loads(resumed.stdout)["ctx"] == {"x": 0.8, "half": 0.4, "slept": "slept"}
    assert (desk / "calls.txt").read_text() == "0.8\n"


def test_a_run_that_does_not_exist_is_wrong_usage(flowbench: Command) -> None:
    told = flowbench("resume", "r-20200101-000000-abcdef")

    assert told.returncode == Exit.USAGE
    assert told.stderr.startswith("flowbench: no run 'r-20200101-000000-abcdef'")


def test_resume_without_the_functions_names_them(flowbench: Command, desk: Path) -> None:
    arguments = ["--agents", "agents.py", "--ctx", '{"x": 0}', "--timeout", "0.2", "--json"]
    run_id = json.loads(flowbench("run", "wait_for_abort.yaml", *arguments).stdout)["run_id"]

    told = flowbench("resume", run_id)

    assert told.returncode == Exit.MISSING
    assert told.stderr.startswith("flowbench: no function is registered as")
    assert "wait_for_abort" in told.stderr
    assert "--agents" in told.stderr


def test_resume_with_other_functions_says_what_was_loaded(flowbench: Command, desk: Path) -> None:
    (desk / "others.py").write_text("import flowbench as fb\n@fb.agent\ndef halves(x):\n    return x\n")
    run = flowbench("run", "halve.yaml", "--agents", "agents.py", "--ctx", '{"x": "text"}', "--json")

    told = flowbench("resume", json.loads(run.stdout)["run_id"], "--agents", "others.py")

    assert told.returncode == Exit.MISSING
    assert "halves" in told.stderr
    assert "; others.py registered halves; add --agents " in told.stderr


def test_a_timeout_holds_for_the_resumed_run_too(flowbench: Command) -> None:
    arguments = ["--agents", "agents.py", "--timeout", "0.2", "--json"]
    first = json.loads(flowbench("run", "wait_for_abort.yaml", "--ctx", '{"x": 0}', *arguments).stdout)

    told = flowbench("resume", first["run_id"], *arguments)

    assert told.returncode == Exit.TIMEOUT
    assert json.loads(told.stdout)["run_id"] == first["run_id"]


def test_resume_with_a_changed_blueprint_shows_what_would_stay(flowbench: Command, desk: Path) -> None:
    arguments = ["--agents", "agents.py", "--ctx", '{"number": 3}', "--json"]
    run_id = json.loads(flowbench("run", "doubling.yaml", *arguments).stdout)["run_id"]
    last = "out: $.number}"
    same = (desk / "doubling.yaml").read_text().rstrip().removesuffix(last)
    (desk / "changed.yaml").write_text(f"{same}out: $.other}}\n")

    refused = flowbench("resume", run_id, "--agents", "agents.py", "--blueprint", "changed.yaml")
    taken = flowbench(
        "resume", run_id, "--agents", "agents.py", "--blueprint", "changed.yaml", "--accept-changes", "--json"
    )

    assert refused.returncode == Exit.USAGE
    assert "+++ now" in refused.stderr
    assert refused.stderr.splitlines()[-1] == (
        "flowbench: changed.yaml: this Blueprint is not the one that was recorded; 2 of 2 recorded steps would stay; "
        "add --accept-changes to go on with it"
    )
    assert json.loads(taken.stdout)["ctx"] == {"number": 6, "other": 12}


def test_rerun_makes_a_new_run_from_one_step_on(flowbench: Command, desk: Path) -> None:
    run = flowbench("run", "halve.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}', "--json")
    first = json.loads(run.stdout)

    again = flowbench("rerun", first["run_id"], "--at", "0", "--agents", "agents.py", "--set", "$.x=8", "--json")
    shown = flowbench("runs", "show", "@last")
    wrong = flowbench("rerun", first["run_id"], "--at", "9", "--agents", "agents.py")

    told = json.loads(again.stdout)
    assert told["run_id"] != first["run_id"]
    assert told["ctx"]["x"] == 8
    assert f"begun as {first['run_id']}, run again from 0" in shown.stdout
    assert wrong.returncode == Exit.FAILED
    assert "has no step '9' to run again" in wrong.stderr
