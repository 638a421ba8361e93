"""The group: help, names, and how errors look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flowbench.cli import main
from flowbench.cli.commands import COMMANDS, Commands
from flowbench.cli.exits import Exit
from flowbench.cli.lazy import Lazy
from flowbench.errors import FlowbenchError

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command_with_what_it_does() -> None:
    told = CliRunner().invoke(main, ["--help"])

    assert told.exit_code == 0
    for name in COMMANDS:
        line = next(line for line in told.output.splitlines() if line.startswith(f"  {name} "))
        assert len(line.split()) > 3


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_explains_itself(name: str) -> None:
    told = CliRunner().invoke(main, [name, "-h"])

    assert told.exit_code == 0
    assert told.output.startswith(f"Usage: flowbench {name}")


def test_each_command_is_a_small_file_of_its_own() -> None:
    for name in COMMANDS:
        assert len((ROOT / f"flowbench/cli/{name}.py").read_text().splitlines()) < 200


@pytest.mark.parametrize("words", [[], ["runs"]], ids=["flowbench", "runs"])
def test_the_help_of_a_group_says_of_a_command_what_the_command_says_of_itself(words: list[str]) -> None:
    context = click.Context(main)
    group = main.get_command(context, *words) if words else main
    assert isinstance(group, Lazy)

    own = {name: group.get_command(context, name) for name in group.table}

    assert {name: command.get_short_help_str(1000) for name, command in own.items() if command} == group.table


@pytest.mark.parametrize(
    ("words", "said", "where"),
    [
        (["rnu"], "no such command 'rnu' (did you mean `run`?)", "flowbench"),
        (["runs", "lst"], "no such command 'lst' (did you mean `list`?)", "flowbench runs"),
        (["--nope"], "no such option '--nope'", "flowbench"),
        (["run"], "missing argument 'FILE'", "flowbench run"),
        (["graph", "a.yaml", "--jso"], "no such option '--jso' (did you mean '--json'?)", "flowbench graph"),
    ],
    ids=["command", "command of a group", "option", "argument", "option of a command"],
)
def test_wrong_usage_is_one_line_with_what_was_meant_and_where_help_is(words: list[str], said: str, where: str) -> None:
    told = CliRunner().invoke(main, words, prog_name="flowbench")

    assert told.exit_code == Exit.USAGE
    assert told.stderr.lower() == f"flowbench: {said}; `{where} --help` tells what there is\n".lower()
    assert told.stdout == ""


def test_wrong_usage_is_json_for_programs() -> None:
    told = CliRunner().invoke(main, ["run", "--json"])

    assert json.loads(told.stdout)["error"]["code"] == "usage"
    assert json.loads(told.stdout)["error"]["exit"] == Exit.USAGE


COMPLETION = {"_FLOWBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "flowbench r", "COMP_CWORD": "1"}
COMPLETION_OF_RUNS = {**COMPLETION, "COMP_WORDS": "flowbench runs ", "COMP_CWORD": "2"}


@pytest.mark.parametrize(
    ("words", "env", "more"),
    [
        (["--help"], {}, set()),
        ([], COMPLETION, set()),
        (["runs", "--help"], {}, {"flowbench.cli.runs"}),
        ([], COMPLETION_OF_RUNS, {"flowbench.cli.runs"}),
        (["graph", "--help"], {}, {"flowbench.cli.graph", "flowbench.cli.saving"}),
    ],
    ids=["help", "completion", "help of a group", "completion in a group", "help of a command"],
)
def test_only_the_asked_command_is_imported(words: list[str], env: dict[str, str], more: set[str]) -> None:
    code = (
        "import sys\nfrom flowbench.cli import main\n"
        f"try:\n    main({words}, prog_name='flowbench')\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted(name for name in sys.modules if name.startswith('flowbench.')))"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | env
    )

    loaded = told.stdout.splitlines()[-1].split()[1:]
    assert set(loaded) == more | {
        "flowbench.cli",
        "flowbench.cli.commands",
        "flowbench.cli.exits",
        "flowbench.cli.lazy",
        "flowbench.cli.output",
        "flowbench.cli.usage",
        "flowbench.errors",
    }


def test_a_shell_completes_a_command_and_says_what_it_does() -> None:
    found = main.shell_complete(click.Context(main), "r")

    assert [(each.value, bool(each.help)) for each in found] == [
        (name, True) for name in ("run", "runs", "resume", "rerun")
    ]


def test_a_shell_completes_after_runs_its_words_and_the_options_of_list() -> None:
    context = click.Context(main)
    runs = main.get_command(context, "runs")
    assert runs is not None
    asked = runs.make_context("runs", [], parent=context, resilient_parsing=True)

    assert [each.value for each in runs.shell_complete(asked, "")] == ["list", "show", "rm", "gc"]
    assert {"--json", "--help"} <= {each.value for each in runs.shell_complete(asked, "--")}


class Fails(Commands):
    """The group with one command, which raises what it was made with."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("fails", table={"fail": ""}, home="")
        self.error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def fail() -> None:
            raise self.error

        return click.Command("fail", callback=fail)


def test_an_error_of_ours_is_one_line_on_stderr() -> None:
    told = CliRunner().invoke(Fails(FlowbenchError("two\n  lines")), ["fail"])

    assert told.exit_code == Exit.FAILED
    assert told.stderr == "flowbench: two lines\n"
    assert told.stdout == ""


def test_an_error_without_words_names_its_kind() -> None:
    told = CliRunner().invoke(Fails(FlowbenchError()), ["fail"])

    assert told.stderr == "flowbench: FlowbenchError\n"


def test_ctrl_c_outside_a_run_ends_with_130_and_no_traceback() -> None:
    told = CliRunner().invoke(Fails(KeyboardInterrupt()), ["fail"])

    assert told.exit_code == Exit.INTERRUPTED
    assert "Traceback" not in told.output


def test_a_bug_is_not_hidden_as_a_message() -> None:
    told = CliRunner().invoke(Fails(ZeroDivisionError("a bug")), ["fail"])

    assert isinstance(told.exception, ZeroDivisionError)
