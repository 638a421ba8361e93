"""Errors of projects: ids, documents, transitions and graphs that are not as they should be, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from flowbench.errors import FlowbenchError


class ProjectError(FlowbenchError):
    """A project was asked for what it does not do, or something in it is not as it should be."""

    code = "project"


class InvalidId(ProjectError):
    """text: as it was given. wanted: id | epic | task."""

    code = "invalid_id"

    def __init__(self, text: str, wanted: str = "id") -> None:
        form = {"epic": "fn-N or fn-N-slug", "task": "fn-N.M or fn-N-slug.M"}.get(
            wanted, "fn-N[-slug] or fn-N[-slug].M"
        )
        what = "id" if wanted == "id" else f"{wanted} id"
        super().__init__(f"Invalid {what}: {text!r} (expected {form}, e.g. {_EXAMPLES[wanted]})")
        self.text, self.wanted = text, wanted


_EXAMPLES = {"id": "fn-1-add-auth or fn-1-add-auth.2", "epic": "fn-1-add-auth", "task": "fn-1-add-auth.2"}


class InvalidStatus(ProjectError):
    """text: as it was given."""

    code = "invalid_status"

    def __init__(self, text: str, known: Sequence[str]) -> None:
        super().__init__(f"Invalid status: {text!r} (one of {', '.join(known)})")
        self.text = text


class InvalidTransition(ProjectError):
    """before, after: statuses. hint: what to do instead, "" if nothing."""

    code = "invalid_move"

    def __init__(self, before: str, after: str, hint: str = "") -> None:
        super().__init__(
            f"Invalid transition: a task that is {before} cannot become {after}{f'; {hint}' if hint else ''}"
        )
        self.before, self.after, self.suggestion = before, after, hint


class GraphInvalid(ProjectError):
    """Tasks and their dependencies make no graph that can be walked."""

    code = "graph_invalid"


class DuplicateTask(GraphInvalid):
    """id: given twice."""

    code = "duplicate_task"

    def __init__(self, id: str) -> None:
        super().__init__(f"Duplicate task: {id} is there twice")
        self.id = id


class UnknownTask(GraphInvalid):
    """id: no task of the graph."""

    code = "unknown_task"

    def __init__(self, id: str) -> None:
        super().__init__(f"Unknown task: {id}")
        self.id = id


class UnknownDependency(GraphInvalid):
    """task: depends on `dependency`, which is no task of the graph."""

    code = "unknown_dependency"

    def __init__(self, task: str, dependency: str) -> None:
        super().__init__(f"Unknown dependency: {task} depends on {dependency}, and there is no such task")
        self.task, self.dependency = task, dependency


class Cycle(GraphInvalid):
    """path: ids, each depends on the next, the last one is the first. members: all that lie on or behind a cycle."""

    code = "cycle"

    def __init__(self, path: Sequence[str], members: Sequence[str] = ()) -> None:
        super().__init__(f"Dependency cycle: {' -> '.join(path)}")
        self.path, self.members = list(path), list(members)


class NothingToSplitInto(GraphInvalid):
    """id: was to be split into no task at all."""

    code = "empty_split"

    def __init__(self, id: str) -> None:
        super().__init__(f"{id} cannot be split into nothing: name the tasks that stand for it")
        self.id = id
