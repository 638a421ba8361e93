"""Errors of a flow: what `try` can catch, and what it cannot.

kind is the variant name of the language, code our stable word for JSON and logs. `causes` are the addresses whose
outcome led here: a resumed run forgets exactly these.
"""

from __future__ import annotations

import asyncio

from flowbench.cancel import Aborted
from flowbench.errors import FlowbenchError


class FlowError(FlowbenchError):
    """An error inside a flow; `try` catches it. address: where it happened ("" until the evaluator has met it)."""

    kind = "FlowError"
    code = "flow_error"

    def __init__(self, *facts: str) -> None:
        super().__init__(*facts)
        self.address = ""
        self.causes: tuple[str, ...] = ()


class PathNotFound(FlowError):
    """A path was read that the ctx does not have. path: its whole text."""

    kind = "PathNotFound"
    code = "path_not_found"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"path not found: {self.path}"


class InvalidPath(FlowError):
    """A path text, or a write target, that cannot be used."""

    kind = "InvalidPath"
    code = "invalid_path"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"invalid path syntax: {self.message}"


class NonBoolCond(FlowError):
    """The condition of a branch was no JSON boolean. value: its compact JSON."""

    kind = "NonBoolCond"
    code = "non_bool_cond"

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return f"branch cond must be boolean, got: {self.value}"


class NamedError(FlowError):
    """An error with a name in its text. ref: the agent, extern or operation."""

    label = ""

    def __init__(self, ref: str, message: str) -> None:
        super().__init__(ref, message)
        self.ref = ref
        self.message = message

    def __str__(self) -> str:
        return f"{self.label} '{self.ref}': {self.message}"


class DispatcherError(NamedError):
    """A step failed. __cause__: the exception of its body, None if it was answered from a record."""

    kind = "DispatcherError"
    code = "dispatcher_error"
    label = "dispatcher error for ref"


class ExternError(NamedError):
    """An extern failed, or there is none of that name."""

    kind = "ExternError"
    code = "extern_error"
    label = "extern error for ref"


class TypeMismatch(NamedError):
    """An operation met a value of another type than it can use. ref: the operation."""

    kind = "TypeError"
    code = "type_error"
    label = "type error in"


class ArithError(NamedError):
    """A calculation has no finite result. ref: the operation."""

    kind = "ArithError"
    code = "arith_error"
    label = "arithmetic error in"


class ParseError(FlowbenchError, ValueError):
    """The flow is malformed; nothing has run.

    place: like `$.flow.children[0].in`. field: one there that nobody knows; None if something else is wrong.
    """

    code, stage = "parse_error", "read"

    def __init__(self, message: str, place: str = "$", field: str | None = None) -> None:
        super().__init__(message, place)
        self.message = message
        self.place = place
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} - at `{self.place}`"


class AuthoringError(FlowbenchError, TypeError):
    """A flow that is written in Python cannot mean anything; said by the call that is wrong, before anything runs.

    file: "" for a cell. line: from 1. source: that line's text, or "".
    """

    code, stage = "authoring", "read"

    def __init__(self, message: str, *, file: str = "", line: int = 0, source: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.source = source

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file else f"line {self.line}"
        return f"{where}: {self.message}" + (f"\n    {self.source}" if self.source else "")


class NotJson(FlowbenchError, TypeError):
    """A value cannot be written as JSON; the text names the place inside the value."""

    code = "not_json"


class NotReproducible(FlowbenchError):
    """An unchanged flow asked for something else than it did when it was recorded."""

    code = "not_reproducible"

    def __init__(self, address: str, message: str) -> None:
        super().__init__(address, message)
        self.address = address
        self.message = message

    def __str__(self) -> str:
        return f"{self.address}: {self.message}"


class WouldWait(FlowbenchError):
    """A body waits, but the evaluation is synchronous and nobody can wait for it."""

    code = "would_wait"


class Frontier(BaseException):
    """A replay without execution has reached the first step that has no record. No `try` catches it."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


_ENDS = (StopIteration, StopAsyncIteration)


def text_of(error: BaseException) -> str:
    """What an exception says, as text that JSON can hold; its class name if it says nothing.

    One that is no Exception, or ends an iteration, gets its class name in front: a bare `2` of sys.exit(2) would tell
    nobody anything.
    """
    if isinstance(error, asyncio.CancelledError):
        said = text_of(BaseException(*error.args)).removeprefix("BaseException").removeprefix(": ")
        return f"cancelled from inside: {said}" if said else "cancelled from inside"
    if type(error) is RuntimeError and isinstance(error.__cause__, _ENDS) and "raised Stop" in str(error):
        error = error.__cause__  # a coroutine cannot raise it, so Python has put another in its place
    try:
        text = f"KeyError: {error}" if isinstance(error, KeyError) and error.args else str(error)  # else only the key
    except Exception:  # the exception's class is user code, and its __str__ may fail like any other
        text = ""
    if not text:
        return type(error).__name__
    if isinstance(error, _ENDS) or not isinstance(error, Exception | Aborted):
        text = f"{type(error).__name__}: {text}"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
