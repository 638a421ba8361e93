"""Run: what a person reads of a task that a Blueprint has done, and the numbers for the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowbench.cli import flowctl
from flowbench.cli.exits import Refusal
from flowbench.project import TaskRefused
from tests.cli.flowctl.conftest import Call

FILE = "id: answer\nflow: {kind: assign, at: $.answer, value: {op: lit, value: 42}}\n"


@pytest.fixture
def task(repo: Path, epic: str) -> str:
    """A task that carries a Blueprint."""
    (repo / "answer.yaml").write_text(FILE)
    path = repo / ".flow/tasks" / f"{epic}.1.md"
    path.write_text(path.read_text().replace("---\n", "---\nblueprint: answer.yaml\n", 1))
    return f"{epic}.1"


def test_a_person_reads_what_came_of_it(repo: Path, task: str) -> None:
    answer = flowctl.call(["run", task], cwd=repo)

    assert answer.code == 0
    assert answer.text.startswith(f"Task {task} completed by ")
    assert "answer  42" in answer.text
    assert answer.data["status"] == "done"


def test_a_dry_run_only_says_what_would_run(call: Call, task: str) -> None:
    told = call("run", task, "--dry-run")

    assert (told["dry_run"], told["blueprint"]) == (True, "answer.yaml")
    assert call("show", task)["status"] == "todo"


def test_a_task_of_a_person_is_refused(call: Call, epic: str) -> None:
    with pytest.raises(TaskRefused, match="it is a person's"):
        call("run", f"{epic}.1")


def test_functions_that_nobody_registered_are_named_before_anything_changes(repo: Path, call: Call, task: str) -> None:
    (repo / "answer.yaml").write_text("id: lost\nflow: {kind: step, ref: nobody.knows, in: $, out: $.x}\n")

    with pytest.raises(Refusal, match=r"nobody\.knows.*--agents") as refused:
        call("run", task)

    assert refused.value.exit_code == 3
    assert call("show", task)["status"] == "todo"


def test_commands_that_nobody_has_allowed_are_refused(repo: Path, call: Call, task: str) -> None:
    (repo / "answer.yaml").write_text(
        'id: command\nagents: [{name: sh, kind: subprocess, spec: {program: "true"}}]\n'
        "flow: {kind: step, ref: sh, in: $, out: $.said}\n"
    )

    with pytest.raises(Refusal) as refused:
        call("run", task)

    assert refused.value.exit_code == 4
    assert call("show", task)["status"] == "todo"


def test_a_failed_run_is_number_one_and_says_why(repo: Path, task: str) -> None:
    (repo / "answer.yaml").write_text("id: bad\nflow: {kind: assign, at: $.x, value: {op: path, at: $.nowhere}}\n")

    answer = flowctl.call(["run", task], cwd=repo)

    assert (answer.code, answer.data["status"], answer.data["success"]) == (1, "failed", False)
    assert "nowhere" in answer.text


def test_a_question_that_nobody_could_answer_is_refused_and_a_policy_answers_it(
    repo: Path, call: Call, task: str
) -> None:
    (repo / "answer.yaml").write_text(
        "id: asks\noperators: [{name: me, kind: main_ai}]\n"
        "agents: [{name: ask, kind: operator, spec: {operator_ref: me}}]\n"
        "flow: {kind: step, ref: ask, in: {op: lit, value: Ship it?}, out: $.said}\n"
    )

    with pytest.raises(Refusal) as refused:
        call("run", task)
    told = call("run", task, "--answers", '{"rules": [{"agent": "ask", "answer": "yes"}]}')

    assert refused.value.exit_code == 5
    assert told["status"] == "done"
