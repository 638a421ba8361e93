"""Verbs: what is listed is what is there, and a wrong call is one line."""

from __future__ import annotations

import io
import json
import shutil
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest

from flowbench.cli import flowctl as front
from flowbench.cli.exits import Refusal
from flowbench.cli.flowctl.verbs import VERBS, flowctl
from flowbench.project import Project


@pytest.mark.parametrize("word", VERBS)
def test_the_table_of_verbs_says_what_they_say_themselves(word: str) -> None:
    command = flowctl.get_command(click.Context(flowctl), word)

    assert command is not None
    assert command.name == word
    assert (command.help or "").replace("\n", " ").startswith(VERBS[word][1])


@pytest.mark.parametrize("word", VERBS)
def test_every_verb_has_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    front.call([word, "--help"])

    assert capsys.readouterr().out.startswith(f"Usage: flowctl {word}")


@pytest.mark.parametrize(
    "argv",
    [
        ["init"],
        ["config", "set", "a", "1"],
        ["lock", "--task", "fn-1.1", "--files", "a.py"],
        ["unlock", "--task", "fn-1.1"],
        ["unlock", "--all"],
        ["start", "fn-1.1"],
        ["task", "skip", "fn-1.1"],
        ["epic", "set-branch", "fn-1", "--branch", "b"],
        ["worker-phase", "done", "--task", "fn-1.1", "--phase", "0"],
        ["invariants", "init"],
        ["reindex"],
        ["migrate-state"],
        ["stats", "rollup"],
    ],
    ids=" ".join,
)
def test_a_dry_run_says_that_it_is_one(argv: list[str], epic: str, repo: Path) -> None:
    answer = front.call([*argv, "--dry-run"], cwd=repo)

    assert answer.data["dry_run"] is True
    assert answer.text.count("dry run") + answer.text.count("would") == 1


@pytest.mark.parametrize("argv", [["init"], ["ralph", "pause"], ["ralph", "resume"], ["ralph", "stop"]], ids=" ".join)
def test_what_changes_files_beside_the_records_is_in_the_log_too(argv: list[str], repo: Path) -> None:
    run = repo / "scripts" / "ralph" / "runs" / "one"
    run.mkdir(parents=True)
    (run / "progress.txt").write_text("iteration: 1")
    shutil.rmtree(repo / ".flow" / "memory")

    front.call(argv, cwd=repo)

    with closing(Project.find(repo)) as project:
        assert len(project.events()) == 1


def test_a_text_without_end_is_refused(epic: str, repo: Path) -> None:
    with pytest.raises(Refusal, match="--file /dev/zero: too large"):
        front.call(["epic", "set-plan", epic, "--file", "/dev/zero"], cwd=repo)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["complet"], "no such command 'complet' (did you mean `completions`?)"),
        (["completions", "tcsh"], "'tcsh' is not one of"),
        (["completions"], "missing argument '"),
        (["--nope"], "no such option '--nope'"),
    ],
)
@pytest.mark.parametrize("machine", [False, True], ids=["words", "json"])
def test_a_wrong_call_is_one_line_and_exit_code_2(
    argv: list[str], said: str, machine: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["flowctl", *argv, *["--json"] * machine])

    with pytest.raises(SystemExit) as ended:
        front.main()

    out, err = capsys.readouterr()
    assert ended.value.code == 2
    if machine:
        assert json.loads(out)["success"] is False
        assert said.casefold() in json.loads(out)["error"].casefold()
    else:
        assert out == ""
        assert said.casefold() in err.casefold()
        assert err.count("\n") == 1


def test_a_title_cannot_move_the_cursor_of_a_terminal(
    epic: str, repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    front.call(["task", "create", "--epic", epic, "--title", "a\x1b[2Jb\x07\x9b"], cwd=repo)
    monkeypatch.chdir(repo)
    monkeypatch.setattr("sys.argv", ["flowctl", "show", f"{epic}.4"])

    with pytest.raises(SystemExit):
        front.main()

    assert r"a\x1b[2Jb\x07\x9b" in capsys.readouterr().out


def test_bytes_that_are_no_text_are_refused(epic: str, repo: Path) -> None:
    with pytest.raises(click.UsageError, match=r"b'a\\xff' is no UTF-8 text"):
        front.call(["task", "create", "--epic", epic, "--title", "a\udcff"], cwd=repo)
    with pytest.raises(Refusal, match="--file -: it is no UTF-8 text"):
        front.call(["epic", "set-plan", epic, "--file", "-"], cwd=repo, stdin=io.StringIO("a\udcff"))
