"""Fixtures of the room: a new project in a folder of its own, without git, with a clock that ticks when it is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowbench.project import Project

BEGIN = 1_790_000_000.0  # unix seconds


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_ACTOR", "alice@example.com")
    monkeypatch.delenv("FLOW_STATE_DIR", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    ticks = itertools.count()
    made, _ = Project.init(tmp_path / "repo", clock=lambda: BEGIN + next(ticks))
    yield made
    made.close()


@pytest.fixture
def epic(project: Project) -> str:
    """An epic with three tasks in a chain."""
    with project.change("epic create") as change:
        made = change.create_epic("Add auth").id
        first = change.create_task(made, "Design schema", priority=1, domain="architecture").id
        second = change.create_task(made, "Implement store", depends_on=[first], files=["src/db.py"]).id
        change.create_task(made, "Implement API", depends_on=[second])
    return made
