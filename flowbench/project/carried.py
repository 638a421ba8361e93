"""Carried: the Blueprint that a task names in its front matter, and the ctx that it begins with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench import blueprint as bp
from flowbench.project.errors import TaskRefused
from flowbench.project.records import Task

if TYPE_CHECKING:
    from flowbench.project.project import Project

TASK = "task"  # key of the ctx under which the Blueprint finds the task itself


def blueprint_of(project: Project, task: Task) -> bp.Blueprint:
    """What runs a task: a file below the project root, or `stored:ID@SELECTOR`. It is data, as any file is.

    Raises: TaskRefused for a task of a person and for a file elsewhere; what `blueprint.load` and `blueprint.stored`
    raise.
    """
    told = task.blueprint
    if told is None or told == "":
        raise TaskRefused(
            f"Task {task.id} carries no Blueprint, so it is a person's: `flowctl start {task.id}` begins it. "
            "`blueprint: FILE` in its front matter would make it one that runs by itself."
        )
    if not isinstance(told, str):
        raise TaskRefused(f"blueprint of task {task.id} has to be a text: a file, or stored:ID@SELECTOR")
    if bp.is_stored(told):
        return bp.from_store(told, bp.GitStore())
    return bp.load(_file(project, task.id, told))


def ctx_of(project: Project, task: Task) -> dict[str, Any]:
    """The task's `inputs`; and `task` {id, epic, title, body, files}, unless they have one. Raises: TaskRefused."""
    inputs = task.inputs if task.inputs is not None else {}
    if not isinstance(inputs, Mapping):
        raise TaskRefused(f"inputs of task {task.id} has to be a mapping of names to values")
    own = {"id": task.id, "epic": task.epic, "title": task.title, "files": list(task.files)}
    return {TASK: {**own, "body": project.body(task.id)}, **inputs}


def _file(project: Project, id: str, name: str) -> Path:
    """Raises: TaskRefused, unless it lies in the project, also when links are followed."""
    root = project.layout.root
    path = root / name
    real = Path(os.path.realpath(path))
    if Path(name).is_absolute() or not real.is_relative_to(os.path.realpath(root)):
        raise TaskRefused(f"blueprint of task {id}: {name} lies outside of the project; name a file below {root}")
    return path
