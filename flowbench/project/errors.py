"""Errors of projects: ids, documents, transitions and graphs that are not as they should be, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowbench.errors import FlowbenchError

if TYPE_CHECKING:
    from flowbench.excerpt import Spot


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


class NoProject(ProjectError):
    """start: folder from which it was looked for, upwards. told: where FLOW_STATE_DIR says that it is."""

    code = "no_project"

    def __init__(self, start: Path, told: Path | None = None) -> None:
        named = f" (FLOW_STATE_DIR names {told})" if told is not None else ""
        super().__init__(f".flow/ does not exist{named}. Run 'flowctl init' first.")
        self.start = start


class NotFound(ProjectError):
    """id: of an epic or a task. path: where its file would be."""

    code = "not_found"

    def __init__(self, id: str, path: Path) -> None:
        super().__init__(f"{'Task' if '.' in id else 'Epic'} {id} missing: {path}")
        self.id, self.path = id, path


class AmbiguousId(ProjectError):
    """text: a short id. known: the ids that it could mean."""

    code = "ambiguous_id"

    def __init__(self, text: str, known: Sequence[str]) -> None:
        super().__init__(f"{text} could be {' or '.join(known)}: write it out")
        self.text, self.known = text, list(known)


class DocumentError(ProjectError):
    """A file of the project cannot be read. path: the file. message: what is wrong, one line.

    line, column: from 1, None when unknown. excerpt: that line with a caret below, or "".
    """

    code, stage = "document", "read"

    def __init__(self, path: Path | str, message: str, spot: Spot | None = None) -> None:
        super().__init__(message)
        self.path, self.message, self.spot = path, message, spot
        self.source = str(path)
        self.line = spot.line if spot else None
        self.column = spot.column if spot else None
        self.excerpt = spot.excerpt if spot else ""

    @property
    def brief(self) -> str:
        """All of it in one line, without the excerpt."""
        where = f"line {self.line}, column {self.column}: " if self.spot else ""
        return f"{self.source}: {where}{self.message}"

    def __str__(self) -> str:
        return f"{self.brief}\n{self.excerpt}" if self.excerpt else self.brief


class MergeConflict(DocumentError):
    """Git has left both versions in the file."""

    code = "merge_conflict"


class InvalidRecord(DocumentError):
    """The front matter can be read, but it is no epic or task. key: which field."""

    code = "invalid_record"

    def __init__(self, path: Path | str, message: str, key: str = "", spot: Spot | None = None) -> None:
        super().__init__(path, message, spot)
        self.key = key


class DuplicateRecord(ProjectError):
    """id: claimed by all of `paths`."""

    code = "duplicate_record"

    def __init__(self, id: str, paths: Sequence[Path]) -> None:
        super().__init__(f"{id} is there more than once: {', '.join(map(str, paths))}; remove or rename all but one")
        self.id, self.paths = id, list(paths)


class TaskRefused(ProjectError):
    """What was asked of a task is against the rules of the project; says which, and what to do."""

    code = "task_refused"


class EpicRefused(ProjectError):
    """What was asked of an epic is against the rules of the project; says which, and what to do."""

    code = "epic_refused"


class PhaseRefused(ProjectError):
    """A phase of a worker is not the one that comes next, or there is none of that name."""

    code = "phase_refused"


class NoCheckpoint(ProjectError):
    """Nothing was saved, or what is there is no checkpoint of the epic."""

    code = "no_checkpoint"


class GapRefused(ProjectError):
    """No such gap, or one that says nothing."""

    code = "gap_refused"


class GitFailed(ProjectError):
    """git is not there, knows no repository here, or took too long. timed_out: the last of these."""

    code = "git_failed"

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out
        self.exit_code = 3 if timed_out else 1


class ApprovalRefused(ProjectError):
    """No such question was asked, or it was decided otherwise before."""

    code = "approval_refused"


class MemoryRefused(ProjectError):
    """What is to be remembered or found makes no sense, or the memory is switched off."""

    code = "memory_refused"


class NoSuchRun(ProjectError):
    """No loop runs, several do, or none of that name."""

    code = "no_such_run"


class BadStack(ProjectError):
    """What was given as a stack is none."""

    code = "bad_stack"


class BadEpicsFile(ProjectError):
    """path: names no epics. why: for people."""

    code = "bad_epics_file"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


class AlreadyThere(ProjectError):
    """path: would have been overwritten."""

    code = "already_there"

    def __init__(self, path: Path) -> None:
        super().__init__(f"Refusing to overwrite {path}: it is there already")
        self.path = path


class ConcurrentChange(ProjectError):
    """path: was changed by somebody else between the reading and the writing of it."""

    code = "concurrent_change"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"concurrent modification: {path} has just been changed by another program; nothing was written, try again"
        )
        self.path = path


class ProjectBusy(ProjectError):
    """path: the lock. seconds: waited for it."""

    code = "project_busy"

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(
            f"another program has been writing to this project for {seconds:g} s (lock: {path}); "
            "try again, or end that program"
        )
        self.path, self.seconds = path, seconds


class Unfinished(ProjectError):
    """A change that was decided before could not be finished. what: in the words of the system."""

    code = "unfinished_change"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"a change of this project is decided but not finished: {what}; mend that, and the next command finishes it"
        )
        self.what = what


class InvalidConfig(ProjectError):
    """key: dotted, or "" for the file."""

    code = "invalid_config"


class SchemaUnknown(ProjectError):
    """found: of meta.json."""

    code = "schema_unknown"

    def __init__(self, found: object) -> None:
        super().__init__(
            f"schema_version unsupported in meta.json (expected 1, 2, got {found!r})"
            + ("; a newer flowctl has made this project" if isinstance(found, int) and found > 2 else "")
        )
        self.found = found


class SectionError(ProjectError):
    """The body of a document has a heading twice, or lacks one."""

    code = "section"
