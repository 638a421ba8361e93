"""Project: epics and tasks in Markdown: which pieces of work there are, in which order, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.project.errors import ProjectError

__all__ = ["ProjectError"]

__getattr__ = front("flowbench.project", {"errors": ("ProjectError",)})
