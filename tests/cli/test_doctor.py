"""`flowbench doctor`: this machine is well, and what is wrong is said with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowbench.cli import checks, main
from flowbench.cli.exits import Exit
from tests.cli.conftest import Command


def test_a_working_machine_is_told_so_and_left_as_it_was(flowbench: Command, desk: Path) -> None:
    told = flowbench("doctor", "--json")

    facts = json.loads(told.stdout)
    states = {check["name"]: check["state"] for check in facts["checks"]}
    assert set(states) == {
        "python", "ipykernel", "kernel spec", "papermill", "widgets", "jupyterlab", "layout", "state folder",
        "free space", "sqlite", "locks", "children", "runs",
    }  # fmt: skip
    assert {states[name] for name in ("python", "papermill", "state folder", "locks", "sqlite")} == {"fine"}
    assert facts["ok"] == (told.returncode == Exit.DONE) == ("problem" not in states.values())
    assert all(check["mend"] for check in facts["checks"] if check["state"] != "fine")
    assert not (desk.parent / "home" / "runs").exists()


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick checks that look at the state folder."""
    wanted = ("state folder", "locks", "runs", "sqlite")
    monkeypatch.setattr(checks, "_LOOKS", {name: checks._LOOKS[name] for name in wanted})


@pytest.mark.usefixtures("only")
def test_a_state_folder_that_cannot_be_used_is_a_problem(desk: Path) -> None:
    (desk.parent / "home").write_text("a file")

    told = CliRunner().invoke(main, ["doctor"])

    assert told.exit_code == Exit.FAILED
    assert "PROBLEM  state folder" in told.stdout
    assert "is no folder" in told.stdout


@pytest.mark.usefixtures("only")
def test_damaged_runs_are_named_with_what_to_do(desk: Path) -> None:
    folder = desk.parent / "home" / "runs" / "r-20260101-000000-aaaaaa"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("nonsense\nmore of it\n")

    told = CliRunner().invoke(main, ["doctor"])

    assert told.exit_code == Exit.FAILED
    assert "1 damaged: r-20260101-000000-aaaaaa" in told.stdout
    assert "-> flowbench runs rm" in told.stdout


def test_a_check_that_breaks_is_a_problem_and_stops_no_other(monkeypatch: pytest.MonkeyPatch, desk: Path) -> None:
    def broken() -> checks.Found:
        raise RuntimeError("out of order")

    monkeypatch.setattr(checks, "_LOOKS", {"broken": broken, "sqlite": checks._LOOKS["sqlite"]})

    found = list(checks.checks())

    assert [(check.name, check.state) for check in found] == [("broken", "problem"), ("sqlite", "fine")]
    assert "out of order" in found[0].said
