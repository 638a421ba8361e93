"""`flowbench check`: findings, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowbench.cli import main
from flowbench.cli.exits import Exit

HEAD = "id: odd\nagents:\n  - {name: go, kind: subprocess, spec: {program: ls}}\n"
ODD = HEAD + "flow: {kind: try, body: {kind: seq, children: []}, catch: {kind: step, ref: go, in: $.x, out: $.y}}\n"
BROKEN = (
    HEAD + "flow: {kind: branch, cond: {op: len, arg: $.x}, then: {kind: step, ref: go, in: $.x, out: $.y}, "
    "else: {kind: seq, children: []}}\n"
)


@pytest.fixture
def files(desk: Path) -> Path:
    (desk / "odd.yaml").write_text(ODD)
    (desk / "broken.yaml").write_text(BROKEN)
    return desk


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_warnings_are_printed_and_count_only_when_strict(files: Path) -> None:
    told, strict = check("odd.yaml"), check("odd.yaml", "--strict")

    assert (told.exit_code, strict.exit_code) == (Exit.DONE, Exit.FAILED)
    fails = "nothing in this body can fail, so `catch` never runs; put the steps that may fail inside it"
    assert told.stdout.splitlines() == [
        f"warning: odd.yaml:4:25: $.flow.body: {fails}",
        "note: it runs 1 command not allowed yet; look with: flowbench trust odd.yaml",
        "odd.yaml: odd is well formed: 1 step, every function is there",
    ]
    assert strict.stdout.splitlines()[-1].startswith("odd.yaml: odd has 1 warning: ")


def test_an_error_fails(files: Path) -> None:
    told = check("broken.yaml")

    assert told.exit_code == Exit.FAILED
    assert told.stdout.startswith("error: broken.yaml:4:28: $.flow.cond: `len($.x)` is never true or false")


def test_a_program_reads_the_same_as_json(files: Path) -> None:
    told = check("broken.yaml", "--json")
    facts = json.loads(told.stdout)

    assert told.exit_code == Exit.FAILED
    assert {key: facts[key] for key in ("file", "id", "steps", "missing", "commands", "trusted")} == {
        "file": "broken.yaml",
        "id": "odd",
        "steps": 1,
        "missing": [],
        "commands": ["go"],
        "trusted": False,
    }
    assert [(each["level"], each["code"], each["place"]) for each in facts["findings"]] == [
        ("error", "branch_never_boolean", "$.flow.cond")
    ]


def test_missing_functions_are_told_once(files: Path) -> None:
    told, machine = check("nobody.yaml"), check("nobody.yaml", "--json")

    assert (told.exit_code, machine.exit_code) == (Exit.MISSING, Exit.MISSING)
    assert told.stdout == ""
    assert json.loads(machine.stdout)["missing"] == ["nobody"]


def test_levels_lines_and_what_a_rule_is_for(files: Path) -> None:
    text = "id: odd\nflow:\n  kind: branch\n  cond: {op: lit, value: true}\n"
    text += "  then: {kind: seq, children: []}\n  else: {kind: step, ref: sum, in: $.a, out: $.b}\n"
    (files / "odd.yaml").write_text(text)

    def findings(*options: str) -> list[dict[str, object]]:
        told = CliRunner().invoke(main, ["check", str(files / "odd.yaml"), "--json", *options])
        found = json.loads(told.stdout)["findings"]
        return [each for each in found if each["code"] == "never_runs"]

    (plain,) = findings()
    assert (plain["level"], plain["line"], plain["column"]) == ("warning", 6, 9)
    assert [each["level"] for each in findings("--deny", "never_runs")] == ["error"]
    assert findings("--allow", "never_runs") == []
    assert "cannot be reached" in CliRunner().invoke(main, ["check", "--explain", "never_runs"]).stdout
    assert CliRunner().invoke(main, ["check", "--explain", "never_run"]).exit_code != 0


def test_the_first_dialect_has_its_own_findings(files: Path) -> None:
    (files / "old.yaml").write_text(
        "id: old\nflow:\n  kind: assign\n  at: $.y\n"
        "  value: {op: eq, lhs: {op: add, lhs: $.x, rhs: {op: lit, value: 1}}, rhs: {op: lit, value: 2}}\n"
    )

    assert "warning" not in check("old.yaml").stdout
    assert "never equal" in check("old.yaml", "--compat", "0.1.1").stdout


def test_names_of_missing_functions_are_told_in_short(files: Path) -> None:
    (files / "long.yaml").write_text(f"id: long\nflow: {{kind: step, ref: {'q' * 1_000_000}, in: $.x, out: $.y}}\n")

    told = check("long.yaml", "--agents", "agents.py")

    assert told.exit_code == Exit.MISSING
    assert len(told.stderr) < 1_000  # some of all functions that this process has registered are named, too


def test_a_folder_is_no_file(files: Path) -> None:
    told = check(".")

    assert (told.exit_code, told.stderr) == (
        Exit.USAGE,
        "flowbench: .: a folder; name the .json, .yaml or .yml file in it\n",
    )
