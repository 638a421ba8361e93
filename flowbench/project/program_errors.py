"""Program errors: what became of a review, or of a tool of a third party, and with which exit code flowctl says so."""

from __future__ import annotations

from flowbench.project.errors import ProjectError


class ReviewRefused(ProjectError):
    """There is nothing to review, or a receipt, a base or a reviewer is not what it should be."""

    code = "review_refused"


class ProgramError(ProjectError):
    """A tool of a third party did not do what it was asked. exit_code: of flowctl. program: its name."""

    code = "program"
    exit_code = 2

    def __init__(self, program: str, text: str) -> None:
        super().__init__(text)
        self.program = program


class ProgramMissing(ProgramError):
    """It is not installed."""

    code = "program_missing"

    def __init__(self, program: str) -> None:
        super().__init__(program, f"{program} not found in PATH")


class ProgramFailed(ProgramError):
    """why: in its own words."""

    code = "program_failed"

    def __init__(self, program: str, why: str) -> None:
        super().__init__(program, f"{program} failed: {why}")
        self.why = why


class NoVerdict(ProgramError):
    """A reviewer came to an end, and said nothing that a gate could read."""

    code = "no_verdict"


class ProgramLate(ProgramError):
    """It took longer than it may, and was ended. seconds: what it had."""

    code = "program_late"
    exit_code = 3

    def __init__(self, program: str, seconds: float) -> None:
        super().__init__(program, f"{program} timed out after {seconds:g}s")
        self.seconds = seconds


class SandboxBlocked(ProgramError):
    """Its sandbox did not let it read or run what it had to."""

    code = "sandbox_blocked"
    exit_code = 3
