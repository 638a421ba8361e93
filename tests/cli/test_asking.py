"""Questions to people of a command: answered by a policy or at the terminal, refused where nobody is."""

from __future__ import annotations

import os
import pty
import select
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from flowbench.cli.exits import Exit
from tests.cli.conftest import Command

LETTERS = """
id: letters
spawner_hints: {layers: [main_ai]}
default_operator_kind: main_ai
operators: [{name: writer}]
agents: [{name: write, kind: operator, spec: {operator_ref: writer}}]
flow: {kind: step, ref: write, in: $.topic, out: $.letter}
"""


@pytest.fixture
def letters(desk: Path) -> list[str]:
    (desk / "letters.yaml").write_text(LETTERS)
    return ["run", "letters.yaml", "--ctx", '{"topic": "rain"}']


def test_where_nobody_can_answer_nothing_runs_and_the_number_says_why(letters: list[str], flowbench: Command) -> None:
    refused = flowbench(*letters)

    assert refused.returncode == Exit.UNANSWERED == 5
    assert refused.stderr == (
        "flowbench: agent 'write' asks a person: Run write?; nobody is there who could answer, so nothing has run; "
        "give a policy: --answers FILE, answers={...} or FLOWBENCH_ANSWERS=FILE\n"
    )
    assert "No runs yet" in flowbench("runs").stderr


def test_a_policy_answers_and_what_it_leaves_open_ends_the_run_which_a_resume_goes_on_with(
    letters: list[str], flowbench: Command, desk: Path
) -> None:
    (desk / "some.yaml").write_text("rules:\n- {face: hook, approve: as always}\n")
    (desk / "all.json").write_text('[{"agent": "write", "answer": "Dear rain"}]')  # the approval is recorded

    open_ = flowbench(*letters, "--answers", "some.yaml")
    id = open_.stderr.split("run ")[1].split()[0]
    (desk / "bad.yaml").write_text("otherwise: ask\nruls: []\n")
    refused = flowbench("resume", id, "--answers", "bad.yaml")
    resumed = flowbench("resume", id, "--answers", "all.json")

    assert open_.returncode == Exit.UNANSWERED
    assert "agent 'write' at 0 asks a person: rain; no rule of some.yaml answers" in open_.stderr
    assert refused.returncode == Exit.USAGE
    assert refused.stderr == "flowbench: bad.yaml, line 2: $.ruls: no such key; did you mean 'rules'?\n"
    assert resumed.returncode == Exit.DONE
    assert "Dear rain" in resumed.stdout


def until(terminal: int, wanted: Callable[[str], bool]) -> str:
    """What the terminal shows, as soon as it is as wanted."""
    shown = ""
    while not wanted(shown):
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 4096).decode()
    return shown


def test_a_person_at_the_terminal_is_asked_and_answers(letters: list[str], flowbench: Command) -> None:
    terminal, ours = pty.openpty()
    process = flowbench.start(*letters, stdin=ours, stderr=ours)
    os.close(ours)

    asked = until(terminal, lambda shown: "to reject) > " in shown)
    os.write(terminal, b"y\n")
    again = until(terminal, lambda shown: "declines) > " in shown)
    os.write(terminal, b"Dear rain\n")
    out, _ = process.communicate(timeout=20)
    os.close(terminal)

    assert "agent 'write' at 0 asks: Run write?" in asked
    assert 'about: "rain"' in asked
    assert "agent 'write' at 0 asks: rain" in again
    assert process.returncode == Exit.DONE
    assert "Dear rain" in out


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        (b"not today\n", Exit.FAILED, "rejected by terminal after"),
        (b"\x04", Exit.FAILED, "the terminal was closed"),
        (None, Exit.INTERRUPTED, "Signal"),
    ],
    ids=["rejects", "closes", "interrupts"],
)
def test_a_person_at_the_terminal_may_say_no_or_go(
    letters: list[str], flowbench: Command, typed: bytes | None, code: Exit, told: str
) -> None:
    terminal, ours = pty.openpty()
    process = flowbench.start(*letters, stdin=ours, stderr=ours)
    os.close(ours)

    until(terminal, lambda shown: "> " in shown)
    if typed is None:
        process.send_signal(signal.SIGINT)
    else:
        os.write(terminal, typed)
    shown = until(terminal, lambda shown: "go on with" in shown)
    process.communicate(timeout=20)
    os.close(terminal)

    assert process.returncode == code
    assert told in shown
