"""Blueprints: tasks that carry one, for tests."""

from __future__ import annotations

from typing import Any

from flowbench.project import Project


def carried(project: Project, epic: str, text: str, **fields: Any) -> str:
    """The first task of an epic carries this Blueprint from now on; its id."""
    (project.layout.root / "work.yaml").write_text(text)
    with project.change("edit") as change:
        change.set(f"{epic}.1", blueprint="work.yaml", **fields)
    return f"{epic}.1"
