"""Project: epics and tasks in Markdown: which pieces of work there are, in which order, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.project.dag import Dag, Frontier
    from flowbench.project.errors import (
        Cycle,
        DuplicateTask,
        GraphInvalid,
        InvalidId,
        InvalidStatus,
        InvalidTransition,
        NothingToSplitInto,
        ProjectError,
        UnknownDependency,
        UnknownTask,
    )
    from flowbench.project.status import Status

__all__ = [
    "Cycle",
    "Dag",
    "DuplicateTask",
    "Frontier",
    "GraphInvalid",
    "InvalidId",
    "InvalidStatus",
    "InvalidTransition",
    "NothingToSplitInto",
    "ProjectError",
    "Status",
    "UnknownDependency",
    "UnknownTask",
]

__getattr__ = front(
    "flowbench.project",
    {
        "dag": ("Dag", "Frontier"),
        "errors": (
            "Cycle",
            "DuplicateTask",
            "GraphInvalid",
            "InvalidId",
            "InvalidStatus",
            "InvalidTransition",
            "NothingToSplitInto",
            "ProjectError",
            "UnknownDependency",
            "UnknownTask",
        ),
        "status": ("Status",),
    },
)
