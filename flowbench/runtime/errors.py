"""Run errors: what became of a run, said to the person who waits for it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from flowbench.cancel import Cause
from flowbench.errors import FlowbenchError
from flowbench.words import count


def _no_cell(file: str) -> str:
    return ""


cell_of: Callable[[str], str] = _no_cell
"""The cell, such as `In[3]`, whose code has this file name; "" for a file. A notebook puts its own here: its cells have
files of long and odd names."""


class RunError(FlowbenchError):
    """Root of this room's errors. run_id: the run, where there is one."""

    code = "run"

    def __init__(self, message: str, run_id: str = "") -> None:
        super().__init__(message)
        self.run_id = run_id


class RunFailed(RunError):
    """The flow ended with an error that nothing in it caught.

    address, agent: the step that failed first. __cause__: the flow error; below it the body's own exception.
    """

    code = "run_failed"

    def __init__(self, message: str, run_id: str, address: str, body_error: BaseException | None) -> None:
        super().__init__(message, run_id)
        self.address, self.body_error = address, body_error

    def _render_traceback_(self) -> list[str]:
        lines = super()._render_traceback_()
        told = [] if self.body_error is None else own_frames(self.body_error)
        if isinstance(self.body_error, FlowbenchError) and len(told) == 1:
            return lines  # a program's exit code, an answer that is no JSON: the message has said it
        return [*lines, "", *told] if told else lines


class LaunchFailed(RunError):
    """What a launch of the service came to. where: compile | engine | flow eval.

    Source: mlua-swarm 0.2.1 `LaunchError`.
    """

    code = "launch_failed"

    def __init__(self, where: str, why: str, run_id: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {why}", run_id)


class ApplicationFailed(RunError):
    """The Blueprint was not found, or its launch failed. Source: mlua-swarm 0.2.1 `TaskApplicationError`."""

    code = "application_failed"


class RunCancelled(RunError):
    """The run was aborted. cause: the first one, (reason, by)."""

    code = "run_cancelled"

    def __init__(self, message: str, run_id: str, cause: Cause) -> None:
        super().__init__(message, run_id)
        self.cause = cause


class RunNotFound(RunError):
    """No run of this id is recorded here."""

    code = "run_not_found"


class RunOwned(RunError):
    """The run still goes on: this process, or another living one, writes it."""

    code = "run_owned"


class BlueprintChanged(RunError):
    """Resume with another Blueprint than the recorded one, which nobody has accepted.

    diff: unified. stay, recorded: outcomes that would stay valid, of how many. brief: one line.
    """

    code = "blueprint_changed"

    def __init__(self, run_id: str, diff: str, stay: int, recorded: int) -> None:
        self.diff, self.stay, self.recorded = diff, stay, recorded
        would = f"{stay:,} of {count(recorded, 'recorded step')} would stay"
        self.brief = f"this Blueprint is not the one that was recorded; {would}"
        super().__init__(f"{self.brief}; pass accept_changes=True to go on with it:\n{diff}", run_id)


class JournalDamaged(RunError):
    """What is recorded is not what was written. offset: bytes of the journal that are whole; 0 for a large value."""

    code = "journal_damaged"

    def __init__(self, path: Path, offset: int, why: str, *, text: str = "") -> None:
        run_id = path.parent.name
        if offset:
            text = f"{path}: damaged at byte {offset}: {why}. The records before that byte are whole; "
            text += "move the rest of the file away to go on from there"
        elif not text:
            text = f"run {run_id} cannot be read, because its record is damaged from the beginning: {why} ({path}). "
            text += f"Put the file back from a copy, or remove the run: flowbench runs rm {run_id}"
        super().__init__(text, run_id)
        self.path, self.offset = path, offset

    @classmethod
    def of_value(cls, path: Path, why: str) -> JournalDamaged:
        """A large value, which lies in a file of its own. why: what follows "a large value ..."."""
        run_id = path.parent.parent.name
        text = f"a large value of run {run_id} {why} ({path}). Put the file back from a copy, or launch the run anew"
        damaged = cls(path, 0, why, text=text)
        damaged.run_id = run_id
        return damaged


class EnhanceError(FlowbenchError):
    """Root of what goes wrong around the Enhance loop."""

    code = "enhance"


class DuplicateIssue(EnhanceError):
    code = "duplicate_issue"

    def __init__(self, id: str) -> None:
        super().__init__(f"there is an issue '{id}' already; give this one another id, or none")


class IssueNotFound(EnhanceError):
    code = "issue_not_found"

    def __init__(self, id: str) -> None:
        super().__init__(f"no issue '{id}'; list() names those there are")


class SettingNotFound(EnhanceError):
    code = "setting_not_found"

    def __init__(self, id: str) -> None:
        super().__init__(f"no enhance setting '{id}'; list() names those there are, put() makes one")


class LogConflict(EnhanceError):
    """What became of an issue is written once."""

    code = "log_conflict"

    def __init__(self, id: str) -> None:
        super().__init__(f"the log has an entry for issue '{id}' already")


class LogNotFound(EnhanceError):
    code = "log_not_found"

    def __init__(self, id: str) -> None:
        super().__init__(f"the log has no entry for issue '{id}'; it gets one when the issue is applied or rejected")


class BadCommit(EnhanceError):
    """The ctx of an enhance flow holds no commit, or one that does not fit what it says.

    Source: mlua-swarm 0.2.1, whose words begin with `commit shape`.
    """

    code = "bad_commit"

    def __init__(self, why: str) -> None:
        super().__init__(f"commit shape: {why}")


def own_frames(error: BaseException) -> list[str]:
    """The body's traceback without the frames of this package: a person looks for their own line."""
    inside = str(Path(__file__).parent.parent)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(inside)]
    told = [_with_cell(text, frame.filename) for text, frame in zip(traceback.format_list(frames), frames, strict=True)]
    lines = ["Traceback of the agent (most recent call last):", *told] if frames else []
    return [line.rstrip("\n") for line in (*lines, *traceback.format_exception_only(error))]


def _with_cell(text: str, file: str) -> str:
    cell = cell_of(file)
    return text.replace(f'File "{file}"', f"Cell {cell}", 1) if cell else text
