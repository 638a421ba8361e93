"""Verbs: what is listed is what is there, and a wrong call is one line."""

from __future__ import annotations

import json
import sys

import click
import pytest

from flowbench.cli import flowctl as front
from flowbench.cli.flowctl.verbs import VERBS, flowctl


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
