"""`flowbench runs show|rm|gc`, and the group that lists when nothing is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.cli import main
from flowbench.cli.exits import Exit
from tests.cli.conftest import Command
from tests.flows import blueprint, seq, step


@pytest.fixture
def run(desk: Path) -> fb.Run:

    table = Functions()

    @table.agent(inline=True)
    def double(number: int) -> int:
        print("doubling", number)
        return number * 2

    @table.agent(inline=True)
    def fail(number: int) -> int:
        raise ValueError("too \x1b[2J big")

    flow = seq(step("double"), step("double", "$.x", "$.y"), step("fail"))
    run = fb.launch(blueprint(flow, id="shown"), {"x": 3}, functions=table)
    run.wait(30)
    return run


def told(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["runs", *arguments])


def test_show_says_state_steps_error_and_ctx(run: fb.Run) -> None:
    shown = told("show", run.id)

    lines = shown.stdout.splitlines()
    assert shown.exit_code == Exit.DONE
    assert lines[0].startswith("shown: failed, 3 steps in")
    assert any(line.split()[:4] == ["0", "double", "1", "done"] for line in lines)
    assert any(line.startswith("error: ") and "big" in line for line in lines)
    assert "\x1b" not in shown.stdout
    assert lines[-2:] == ["  x  6", "  y  12"]


@pytest.mark.parametrize("name", ["@last", "whole", "end"])
def test_a_run_may_be_named_shortly(name: str, run: fb.Run) -> None:
    named = {"@last": "@last", "whole": run.id, "end": run.id[-6:]}[name]

    assert run.id in told("show", named).stdout


def test_show_tells_one_step_with_input_output_and_changes(run: fb.Run) -> None:
    lines = told("show", run.id, "--step", "1").stdout.splitlines()

    assert lines[1:] == ["input   6", "output  12", "added   $.y"]
    assert told("show", run.id, "--step", "2").stdout.splitlines()[2].startswith("error   too")
    wrong = told("show", run.id, "--step", "9")
    assert wrong.exit_code == Exit.USAGE
    assert "no step '9'; its first ones: 0, 1, 2" in wrong.stderr


def test_show_tells_ctx_log_and_blueprint_alone(run: fb.Run) -> None:
    assert json.loads(told("show", run.id, "--ctx").stdout) == {"x": 6, "y": 12}
    assert json.loads(told("show", run.id, "--blueprint").stdout)["id"] == "shown"
    assert "doubling 3" in told("show", run.id, "--log").stdout
    only = told("show", run.id, "--log", "--step", "1").stdout
    assert "doubling 6" in only
    assert "doubling 3" not in only


def test_show_tells_how_soon_steps_could_be_stopped(run: fb.Run) -> None:
    page, data = told("show", run.id, "--heartbeats"), told("show", run.id, "--heartbeats", "--json")

    assert page.stdout == f"{run.id} (failed): 3 steps; no heartbeats\n"
    assert [row["longest_gap"] for row in json.loads(data.stdout)["rows"]] == [None, None, None]


def test_show_tells_programs_everything(run: fb.Run) -> None:
    facts: dict[str, Any] = json.loads(told("show", run.id, "--json").stdout)

    assert (facts["id"], facts["state"], facts["ctx"]) == (run.id, "failed", {"x": 6, "y": 12})
    assert [(s["address"], s["status"], s["input"], s["output"]) for s in facts["steps"]] == [
        ("0", "done", 3, 6),
        ("1", "done", 6, 12),
        ("2", "failed", 6, None),
    ]
    assert facts["definition"]["id"] == "shown"
    assert [line["text"] for line in facts["log"]][:1] == ["doubling 3"]
    assert json.loads(told("show", run.id, "--ctx", "--json").stdout) == {"x": 6, "y": 12}


def test_list_chooses_by_state_and_blueprint(run: fb.Run) -> None:
    assert [each["id"] for each in json.loads(told("list", "--state", "failed", "--json").stdout)] == [run.id]
    assert json.loads(told("--state", "done", "--json").stdout) == []
    assert run.id in told("list", "--blueprint", "shown").stdout
    assert told("list", "--blueprint", "other").stderr == "No such runs.\n"


def test_rm_removes_all_or_none(run: fb.Run) -> None:
    assert told("rm", run.id, "r-nothing").exit_code == Exit.USAGE
    assert run.id in told().stdout

    gone = told("rm", run.id, run.id)

    assert gone.stdout == f"removed {run.id}\n"
    assert told().stdout == ""
    again = told("rm", run.id)
    assert again.exit_code == Exit.USAGE
    assert again.stderr.startswith(f"flowbench: no run '{run.id}'")


def test_rm_refuses_a_running_run(flowbench: Command, appears: Callable[[str], None]) -> None:
    flowbench.start("run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 30}')
    appears("dwelling")

    refused = told("rm", "@last")

    assert refused.exit_code == Exit.FAILED
    assert "still goes on, here or in another process" in refused.stderr


def test_gc_says_what_it_would_do_and_does_it(run: fb.Run) -> None:
    dry = told("gc", "--max-bytes", "0", "--dry-run")
    assert dry.stdout.splitlines()[0].startswith(f"would remove {run.id}")
    assert run.id in told().stdout

    facts = json.loads(told("gc", "--max-bytes", "0B", "--json").stdout)

    assert (facts["removed"], facts["kept"]) == ([run.id], 0)
    assert told().stdout == ""
    assert told("gc").stdout == "freed 0 B; 0 runs with 0 B stay\n"


@pytest.mark.parametrize(
    "line",
    ["show", "show r-no", "gc --max-bytes much", "gc --keep-days -1", "rm", "dance", "list --state odd"],
)
def test_what_cannot_be_done_is_usage(line: str, desk: Path) -> None:
    refused = told(*line.split())

    assert refused.exit_code == Exit.USAGE
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


def test_the_group_explains_itself(desk: Path) -> None:
    shown = told("--help").stdout

    assert [word for word in ("list", "show", "rm", "gc", "@last") if word not in shown] == []
