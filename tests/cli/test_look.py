"""`check`, `graph`, `runs`: commands that look and run nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from flowbench.cli import main
from flowbench.cli.exits import Exit
from tests.cli.conftest import Command


def test_check_reads_a_blueprint_and_finds_its_functions(flowbench: Command, desk: Path) -> None:
    told = flowbench("check", "doubling.yaml", "--agents", "agents.py")

    assert told.returncode == Exit.DONE
    assert told.stdout == "doubling.yaml: doubling is well formed: 2 steps, every function is there\n"
    assert not (desk.parent / "home").exists()


def test_check_names_missing_functions(desk: Path) -> None:
    told = CliRunner().invoke(main, ["check", "nobody.yaml"])

    assert told.exit_code == Exit.MISSING
    assert "nobody" in told.stderr


def test_check_refuses_a_malformed_flow_with_its_place(desk: Path) -> None:
    (desk / "bad.yaml").write_text("id: a\nflow: {kind: step, ref: x, in: $.x}\n")

    told = CliRunner().invoke(main, ["check", "bad.yaml"])

    assert told.exit_code == Exit.USAGE
    assert told.stderr.startswith("flowbench: bad.yaml: ")
    assert "out" in told.stderr


def test_graph_writes_a_drawing_that_names_the_steps(desk: Path) -> None:
    told = CliRunner().invoke(main, ["graph", "doubling.yaml", "-o", "x.svg"])

    drawn = (desk / "x.svg").read_text()
    assert told.exit_code == Exit.DONE
    assert told.stdout.startswith("x.svg: ")
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert drawn.count(">double<") == 2


def test_graph_goes_to_standard_output_unless_told(desk: Path) -> None:
    told = CliRunner().invoke(main, ["graph", "doubling.yaml"])

    assert ET.fromstring(told.stdout).tag.endswith("svg")


def test_graph_into_a_place_that_is_not_there_is_one_line(desk: Path) -> None:
    told = CliRunner().invoke(main, ["graph", "doubling.yaml", "-o", "no/such/x.svg"])

    assert told.exit_code == Exit.USAGE
    assert told.stderr == f"flowbench: cannot save no/such/x.svg: the folder {desk}/no/such does not exist\n"


def test_runs_are_listed_newest_first(flowbench: Command) -> None:
    for number in (1, 2):
        flowbench("run", "doubling.yaml", "--agents", "agents.py", "--ctx", json.dumps({"number": number}))

    listed = json.loads(flowbench("runs", "--json").stdout)
    shown = flowbench("runs", "--last", "1").stdout.splitlines()
    whole = flowbench("runs", "--last", "1", "--all").stdout.splitlines()

    assert [each["state"] for each in listed] == ["done", "done"]
    assert listed[0]["started"] >= listed[1]["started"]
    assert all(Path(each["path"], "journal.jsonl").is_file() for each in listed)
    assert shown[0].split() == ["RUN", "BLUEPRINT", "STATE", "STARTED", "TOOK", "STEPS", "ERROR"]
    assert shown[1].split()[:3] == [listed[0]["id"], "doubling", "done"]
    assert shown[2:] == ["and 1 older one; --all lists them"]
    assert [line.split()[0] for line in whole] == ["RUN", listed[0]["id"], listed[1]["id"]]


def test_a_run_that_has_not_ended_took_no_time_yet(flowbench: Command, appears: Callable[[str], None]) -> None:
    process = flowbench.start("run", "dwell.yaml", "--agents", "agents.py", "--ctx", '{"x": 30}')
    appears("dwelling")

    running = flowbench("runs").stdout.splitlines()[1].split()
    process.kill()
    process.wait(20)
    interrupted = flowbench("runs").stdout.splitlines()[1].split()

    assert (running[2], running[5:]) == ("running", ["-", "0"])
    assert (interrupted[2], interrupted[5:]) == ("interrupted", ["-", "0"])


@pytest.mark.parametrize("name", ["x.png", "x.svg.gz", "x.pdf"])
def test_graph_refuses_a_name_that_says_another_format(name: str, desk: Path) -> None:
    told = CliRunner().invoke(main, ["graph", "doubling.yaml", "-o", name])

    assert told.exit_code == Exit.USAGE
    assert told.stderr.startswith(f"flowbench: {name}: a drawing is SVG")
    assert len(told.stderr.splitlines()) == 1
    assert not (desk / name).exists()


def test_no_runs_say_what_to_try(desk: Path) -> None:
    told = CliRunner().invoke(main, ["runs"])

    assert told.exit_code == Exit.DONE
    assert told.stdout == ""
    assert "flowbench demo" in told.stderr


def test_a_relative_home_is_refused(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWBENCH_HOME", "here")

    told = CliRunner().invoke(main, ["runs"])

    assert told.exit_code == Exit.FAILED
    assert told.stderr.startswith("flowbench: ")
    assert "FLOWBENCH_HOME" in told.stderr


def test_explain_says_what_each_agent_would_meet_and_runs_nothing(flowbench: Command, desk: Path) -> None:
    told = flowbench("explain", "doubling.yaml", "--agents", "agents.py", "--ctx", '{"x": 1}')

    assert told.returncode == Exit.DONE
    assert told.stdout.startswith("Blueprint doubling\n\n")
    assert "operator  automate (default)" in told.stdout
    assert not (desk.parent / "home").exists()


def test_explain_as_json_is_one_value(desk: Path) -> None:
    told = CliRunner().invoke(main, ["explain", "doubling.yaml", "--agents", "agents.py", "--json"])

    assert told.exit_code == Exit.DONE
    agents = json.loads(told.stdout)["agents"]
    assert {agent["token"]["role"] for agent in agents} == {"worker"}
    missing = CliRunner().invoke(main, ["explain", "nobody.yaml"])
    assert missing.exit_code == Exit.MISSING
