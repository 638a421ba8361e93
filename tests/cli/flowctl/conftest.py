"""Fixtures of flowctl: a project in a folder of its own, and a way to call verbs in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowbench.cli import flowctl
from flowbench.project import Project

Call = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_ACTOR", "alice@example.com")
    monkeypatch.delenv("FLOW_STATE_DIR", raising=False)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A folder with an empty project."""
    place = tmp_path / "repo"
    Project.init(place)[0].close()
    return place


@pytest.fixture
def epic(repo: Path) -> str:
    """An epic with three tasks in a chain."""
    project = Project.find(repo)
    with project.change("epic create") as change:
        made = change.create_epic("Add auth").id
        first = change.create_task(made, "Design schema", priority=1, domain="architecture").id
        second = change.create_task(made, "Implement store", depends_on=[first], files=["src/db.py", "src/a.py"]).id
        change.create_task(made, "Implement API", depends_on=[second], files=["src/db.py"])
    project.close()
    return made


@pytest.fixture
def call(repo: Path) -> Call:
    """`call("start", id)`: the data that the verb answers with."""

    def called(*words: str, **more: Any) -> dict[str, Any]:
        return flowctl.call(words, cwd=repo, **more).data

    return called


@pytest.fixture
def say(repo: Path) -> Callable[..., str]:
    """`say("epics")`: what a person reads."""

    def said(*words: str, **more: Any) -> str:
        return flowctl.call(words, cwd=repo, **more).text

    return said
