"""Dag: waves, ready tasks and the critical path, as text, as data, and as a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowbench.cli import flowctl
from tests.cli.flowctl.conftest import Call


def test_the_graph_of_an_epic_as_data(call: Call, epic: str) -> None:
    told = call("dag", "--epic", "fn-1")

    first, second, third = (f"{epic}.{number}" for number in (1, 2, 3))
    assert (told["epic"], told["waves"], told["ready"]) == (epic, [[first], [second], [third]], [first])
    assert told["critical_path"] == [first, second, third]
    assert told["edges"] == [[first, second], [second, third]]
    assert [task["wave"] for task in told["tasks"]] == [1, 2, 3]


def test_the_graph_for_a_person(say: Callable[..., str], epic: str) -> None:
    lines = say("dag").splitlines()

    assert lines[0] == "wave 1:"
    assert lines[1].split() == ["[", "]", f"{epic}.1", "Design", "schema", "ready", "critical"]
    assert lines[-1] == f"critical path: {epic}.1 > {epic}.2 > {epic}.3"


def test_a_picture_is_written_or_printed(call: Call, repo: Path, epic: str) -> None:
    told = call("dag", "--epic", epic, "--svg", "dag.svg")

    assert told["svg"] == str(repo / "dag.svg")
    assert (repo / "dag.svg").read_text().startswith("<svg")
    assert flowctl.call(["dag", "--svg", "-"], cwd=repo).text.startswith("<svg")


def test_a_project_without_tasks_says_so(say: Callable[..., str]) -> None:
    assert say("dag") == "The project has no tasks yet."
