"""Status: the eight states of a task, and which may follow which. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from flowbench.project.errors import InvalidStatus, InvalidTransition


class Status(StrEnum):
    """Written as it is here; read in any case, with hyphens or without a separator, too."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UPSTREAM_FAILED = "upstream_failed"

    __hash__ = str.__hash__  # Enum's own is a Python function

    @property
    def is_satisfied(self) -> bool:
        """Who depends on the task may go on."""
        return self in SATISFIED

    @property
    def is_terminal(self) -> bool:
        """The end of the normal workflow; an administrator's restart and the failure of a dependency still move it."""
        return self in SATISFIED

    @property
    def is_failed(self) -> bool:
        return self in _FAILED

    @property
    def is_active(self) -> bool:
        return self is Status.IN_PROGRESS


SATISFIED = frozenset({Status.DONE, Status.SKIPPED})
_FAILED = frozenset({Status.FAILED, Status.UPSTREAM_FAILED})
_BY_LETTERS = {each.value.replace("_", ""): each for each in Status}

TABLE: dict[Status, frozenset[Status]] = {
    Status.TODO: frozenset({Status.IN_PROGRESS, Status.SKIPPED, Status.BLOCKED, Status.UPSTREAM_FAILED}),
    Status.IN_PROGRESS: frozenset({Status.DONE, Status.BLOCKED, Status.FAILED, Status.UPSTREAM_FAILED}),
    Status.DONE: frozenset({Status.UPSTREAM_FAILED}),
    Status.BLOCKED: frozenset({Status.TODO, Status.UPSTREAM_FAILED}),
    Status.SKIPPED: frozenset({Status.UPSTREAM_FAILED}),
    Status.FAILED: frozenset({Status.TODO, Status.UP_FOR_RETRY, Status.UPSTREAM_FAILED}),
    Status.UP_FOR_RETRY: frozenset({Status.IN_PROGRESS, Status.UPSTREAM_FAILED}),
    Status.UPSTREAM_FAILED: frozenset({Status.UPSTREAM_FAILED}),
}
"""Which state may follow which. Blocking a task that nobody has started is flowctl practice."""

_HINTS = {
    Status.DONE: "`flowctl restart` takes it back to todo",
    Status.SKIPPED: "`flowctl restart` takes it back to todo",
    Status.FAILED: "`flowctl restart` takes it back to todo",
    Status.UPSTREAM_FAILED: "`flowctl restart` the task that failed; its dependents come with it",
    Status.BLOCKED: "`flowctl restart` takes it back to todo",
    Status.TODO: "`flowctl start` it first",
    Status.UP_FOR_RETRY: "`flowctl start` it first",
}


def parse(text: str) -> Status:
    """Raises: InvalidStatus."""
    found = _BY_LETTERS.get(text.strip().lower().replace("-", "").replace("_", ""))
    if found is None:
        raise InvalidStatus(text, [each.value for each in Status])
    return found


def may(before: Status, after: Status) -> bool:
    """By the table alone."""
    return after in TABLE[before]


def move(before: Status, after: Status, *, force: bool = False) -> Status:
    """The state after. force: any but `done`, which only a restart undoes; whoever forces has it logged.

    Raises: InvalidTransition.
    """
    if may(before, after) or (force and before is not Status.DONE):
        return after
    raise InvalidTransition(before, after, _HINTS.get(before, ""))


def restart(before: Status, *, force: bool = False) -> Status:
    """The administrative edge, from every state to todo. force: also from a task that somebody works on.

    Raises: InvalidTransition.
    """
    if before is Status.IN_PROGRESS and not force:
        raise InvalidTransition(before, Status.TODO, "somebody works on it; --force takes it away from them")
    return Status.TODO


class Failure(NamedTuple):
    """What becomes of a task that failed. retries: used up so far. spreads: its dependents become upstream_failed."""

    status: Status
    retries: int
    spreads: bool


def fail(before: Status, retries: int, max_retries: int, *, force: bool = False) -> Failure:
    """retries: used up before. max_retries: >= 0. Raises: InvalidTransition."""
    move(before, Status.FAILED, force=force)
    if retries < max_retries:
        return Failure(Status.UP_FOR_RETRY, retries + 1, False)
    return Failure(Status.FAILED, retries, True)


def hit(before: Status) -> Status:
    """The state of a dependent when a task has failed for good: what is satisfied or failed stays as it is."""
    return before if before.is_satisfied or before.is_failed else Status.UPSTREAM_FAILED
