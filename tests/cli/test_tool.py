"""`flowbench tool`: the tools of a step, called by hand."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowbench.blueprint import TOOLS
from flowbench.cli import main
from flowbench.cli.exits import Exit
from flowbench.cli.tool_shown import as_text
from tests.cli.conftest import Command


def told(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["tool", *words], input=given)


def test_without_a_name_it_lists_what_there_is() -> None:
    page, data = told(), told("--json")

    assert [line.split()[0] for line in page.stdout.splitlines()] == list(TOOLS)
    assert [each["name"] for each in json.loads(data.stdout)] == list(TOOLS)
    assert all(each["does"] for each in json.loads(data.stdout))


def test_it_says_what_a_tool_can_be_told() -> None:
    page, data = told("truncate_to_width", "--options"), told("truncate_to_width", "--options", "--json")

    assert page.stdout.splitlines()[0].split()[:2] == ["text", "needed"]
    assert json.loads(data.stdout)["options"]["max_width"] == "cells."


def test_words_and_options_go_where_they_belong(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<h1>One</h1>")

    assert told("truncate_to_width", "abcdef", "max_width=3", "ellipsis=2").stdout == "abc\n"
    assert told("visible_width", "text=a=b").stdout == "3\n"
    assert told("visible_width", "a=b").stdout == "3\n"
    assert told("html_to_markdown", f"@{page}").stdout == "# One\n"
    assert told("html_to_markdown", "@-", given="<h1>Two</h1>").stdout == "# Two\n"
    assert json.loads(told("visible_width", "abc", "--json").stdout) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("visible_with", "a"), "did you mean `visible_width`?"),
        (("visible_width",), "text is missing; `flowbench tool visible_width --options` tells all"),
        (("truncate_to_width", "a", "max_width=wide"), "Expected `int`, got `str` at max_width"),
        (("truncate_to_width", "a", "b"), "what is 'b'? Write it as KEY=VALUE"),
        (("visible_width", "@/no/such/file"), "cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_called_is_usage(words: tuple[str, ...], said: str) -> None:
    found = told(*words)

    assert found.exit_code == Exit.USAGE
    assert said in found.stderr
    assert found.stdout == ""


def test_a_command_is_heard_and_its_exit_code_counts() -> None:
    page, data = told("shell", "echo one; exit 3"), told("shell", "echo one; exit 3", "ok_from=[3]", "--json")

    assert page.stdout == "one\n"
    assert page.exit_code == Exit.FAILED
    assert "exit code 3" in page.stderr
    assert data.exit_code == Exit.DONE
    assert json.loads(data.stdout) == {"exit_code": 3, "output": "one\n"}


def test_its_own_time_limit_has_its_own_exit_code() -> None:
    found = told("shell", "sleep 600", "timeout_ms=100")

    assert found.exit_code == Exit.TIMEOUT
    assert "did not end within its timeout_ms" in found.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)], ids=["int", "term"]
)
def test_a_signal_ends_it(number: int, code: Exit, flowbench: Command, appears: Callable[[str], None]) -> None:
    process = flowbench.start("tool", "shell", "touch began; sleep 600")
    appears("began")

    process.send_signal(number)
    out, error = process.communicate(timeout=60)

    assert process.returncode == code
    assert (out, error) == ("", "flowbench: tool shell: stopped\n")


def test_matches_are_lines_with_their_place() -> None:
    match = {"path": "a.py", "line_number": 3, "line": "x = 1"}
    answer = {"matches": [match], "total_matches": 12, "files_with_matches": 2, "limit_reached": True}

    assert as_text(answer) == "a.py:3: x = 1\n-- 1 of 12 found, in 2 files; there may be more"
    assert as_text({"matches": [{"path": "a.py"}]}) == "a.py\n-- 1 found"
