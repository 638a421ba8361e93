"""Errors of projects: ids, documents, transitions and graphs that are not as they should be, and what to do."""

from __future__ import annotations

from flowbench.errors import FlowbenchError


class ProjectError(FlowbenchError):
    """A project was asked for what it does not do, or something in it is not as it should be."""

    code = "project"
