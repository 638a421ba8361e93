"""Exit codes: how a shell learns what became of a command."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowbench.cancel import Cause
    from flowbench.errors import FlowbenchError


HOW_TO_NAME_AGENTS = "name the Python file or notebook that defines it with --agents"


class Exit(IntEnum):
    """What the command's number means. 128 + n is the shell's own way to say `ended by signal n`."""

    DONE = 0
    FAILED = 1
    USAGE = 2  # also: a file that cannot be read, a run that does not exist
    MISSING = 3  # the Blueprint names functions that nobody registered, or secrets that nobody gives
    UNTRUSTED = 4  # the Blueprint would run commands that nobody has allowed
    UNANSWERED = 5  # a person would have to answer, and there is neither a policy nor a terminal
    TIMEOUT = 124  # as timeout(1) says it
    INTERRUPTED = 130
    KERNEL_DIED = 138  # as papermill says it
    TERMINATED = 143


class Refusal(Exception):
    """A command that cannot go on: one line for a person and the number for the shell."""

    def __init__(self, message: str, exit_code: Exit) -> None:
        self.message = " ".join(message.split())  # one line, whatever the error carried
        self.exit_code = exit_code
        super().__init__(self.message)


def refusal(error: FlowbenchError, loaded: Sequence[str] = ()) -> Refusal:
    """What an error of ours means on the command line. loaded: what --agents named, as it was named."""
    # The rooms are imported here because only an error needs them: `flowbench --help` stays quick.
    from flowbench import blueprint as bp
    from flowbench.engine import NobodyToAsk, PolicyError, SecretError, UnresolvedRef
    from flowbench.flow import ParseError
    from flowbench.runtime import RunNotFound

    missing = next((each for each in causes(error) if isinstance(each, (bp.UnknownFunction, UnresolvedRef))), None)
    if missing is not None:
        hint = f"loaded: {', '.join(loaded)}" if loaded else HOW_TO_NAME_AGENTS
        return Refusal(f"{missing}; {hint}", Exit.MISSING)
    if isinstance(error, bp.BlueprintError):
        return Refusal(error.brief, Exit.USAGE)  # str() adds the excerpt, which takes two more lines
    if isinstance(error, bp.UntrustedBlueprint):
        return Refusal(str(error), Exit.UNTRUSTED)
    if isinstance(error, SecretError):
        return Refusal(str(error), Exit.MISSING)
    if isinstance(error, NobodyToAsk):
        return Refusal(str(error), Exit.UNANSWERED)
    misnamed = (
        *(ParseError, PolicyError, RunNotFound, bp.UnfitId, bp.IdNotFound, bp.HeadEmpty, bp.Archived),
        *(bp.VersionNotFound, bp.AmbiguousVersion, bp.BadRequirement, bp.NoVersionMatches),
    )
    code = Exit.USAGE if isinstance(error, misnamed) else Exit(getattr(error, "exit_code", Exit.FAILED))
    return Refusal(str(error) or type(error).__name__, code)


def of_cancelled(cause: Cause | None, heard: Exit | None) -> Exit:
    """The number of a cancelled run. heard: that of the signal this process got, if any."""
    from flowbench.cancel import AbortReason

    if cause is not None and cause.reason is AbortReason.TIMEOUT:
        return Exit.TIMEOUT
    if heard is not None:
        return heard
    if cause is not None and cause.reason is AbortReason.SIGNAL:
        return Exit.INTERRUPTED
    return Exit.FAILED


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: a spec is invalid because, two errors down, nobody knows its function."""
    here: BaseException | None = error
    while here is not None:
        yield here
        here = here.__cause__
