"""Errors of cancel: work that ended in a way that no caller may take for its own."""

from __future__ import annotations

from flowbench.errors import FlowbenchError


class Panicked(FlowbenchError):
    """Tagged work raised what must not leave it as it is: SystemExit, KeyboardInterrupt, CancelledError, StopIteration.

    In the caller they would end the process, the task or an iteration that has nothing to do with the work. They are
    the __cause__. Every other exception of the work is passed on as it is.
    Source: pi-natives task.rs, a panic in work; there any panic, here only these, because exceptions are values.
    """

    code = "panicked"

    def __init__(self, tag: str, error: BaseException) -> None:
        said = error.args[0] if error.args and isinstance(error.args[0], str) else repr(error)
        super().__init__(f"native task `{tag}` panicked: {said}")
        self.tag = tag
