"""Completions: what a shell is offered: verbs, options, and the ids and titles of the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem

from flowbench.cli.flowctl.calling import VARIABLE
from flowbench.cli.flowctl.completions import SHELLS
from flowbench.cli.flowctl.verbs import flowctl


def offered(line: str) -> list[CompletionItem]:
    *words, incomplete = line.split(" ")
    return SHELLS["bash"](flowctl, {}, "flowctl", VARIABLE).get_completions(words, incomplete)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("lock-", ["lock-check"]),
        ("--json lock-", ["lock-check"]),
        ("epic set-p", ["set-plan", "set-plan-review-status"]),
        ("show fn-1-add-auth", ["fn-1-add-auth", "fn-1-add-auth.1", "fn-1-add-auth.2", "fn-1-add-auth.3"]),
        ("start fn", ["fn-1-add-auth.1", "fn-1-add-auth.2", "fn-1-add-auth.3"]),
        ("start fn-1-add-auth.2", ["fn-1-add-auth.2"]),
        ("epic close --json ", ["fn-1-add-auth"]),
        ("epic add-dep fn-1-add-auth ", ["fn-1-add-auth"]),
        ("ready --epic ", ["fn-1-add-auth"]),
        ("show fn-2", []),
        ("list --js", ["--json"]),
        ("list --x", []),
    ],
)
def test_a_shell_is_offered_what_fits(
    line: str, values: list[str], epic: str, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)

    assert [item.value for item in offered(line)] == values


def test_ids_come_with_their_titles(epic: str, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)

    assert [item.help for item in offered("start ")] == ["Design schema", "Implement store", "Implement API"]


def test_where_there_is_no_project_nothing_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert offered("start ") == []


def test_bash_hears_it_from_the_command(epic: str, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "flowctl --json epic close fn")
    monkeypatch.setenv("COMP_CWORD", "4")
    program = "from flowbench.cli.flowctl import main; main()"

    done = subprocess.run([sys.executable, "-c", program], cwd=repo, capture_output=True, text=True, check=False)

    assert done.stdout.splitlines() == ["plain,fn-1-add-auth"]
