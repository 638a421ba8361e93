"""Reason: why something was aborted, who asked, and the exception that carries both."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class AbortReason(Enum):
    """Why. The numbers and words are those of pi-natives."""

    UNKNOWN = 1
    TIMEOUT = 2
    SIGNAL = 3
    USER = 4

    def __str__(self) -> str:
        return self.name.capitalize()

    @classmethod
    def from_byte(cls, byte: int) -> AbortReason | None:
        """None for 0, which is "not aborted"; a number that nobody knows is UNKNOWN."""
        return None if byte == 0 else cls(byte) if byte in _NUMBERS else cls.UNKNOWN


_NUMBERS = frozenset(reason.value for reason in AbortReason)


class Cause(NamedTuple):
    """Why, and who asked. by: "api", "cell", "button", "interrupt", "deadline", "signal", "parent (api)", ..."""

    reason: AbortReason
    by: str


class Aborted(BaseException):
    """The work was asked to stop. Its text is exactly `Aborted: <Reason>`.

    No Exception, so that `except Exception` in the work does not swallow it.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause

    @property
    def reason(self) -> AbortReason:
        return self.cause.reason

    @property
    def by(self) -> str:
        return self.cause.by

    def __str__(self) -> str:
        return f"Aborted: {self.cause.reason}"
