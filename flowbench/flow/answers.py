"""Answers: what a body may say instead of a plain value: a value with named parts, or that the step does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flowbench.errors import FlowbenchError
from flowbench.flow.errors import NotJson
from flowbench.flow.values import take


class Skip(FlowbenchError):
    """The step does not apply here: raise it, or return it. The step ends `skipped`, writes nothing to its `out`, and
    the flow goes on; no `try` sees it.

    reason: for people; "" is allowed.
    """

    code = "skip"

    def __init__(self, reason: str = "") -> None:
        super().__init__(str(reason))

    @property
    def reason(self) -> str:
        return str(self.args[0])

    def __answer__(self) -> dict[str, Any]:
        """Plain data, for a body in a process of its own."""
        return {"skip": self.reason}


class Output(msgspec.Struct, frozen=True):
    """An answer with named parts beside its value: `Output("pass", parts={"report": text})`.

    value: what the step writes to its `out`. parts: name -> any JSON value; they are kept in the record of the step.
    """

    value: Any = None
    parts: Mapping[str, Any] = {}

    def __answer__(self) -> dict[str, Any]:
        """Plain data, for a body in a process of its own."""
        return {"value": self.value, "parts": dict(self.parts)}


ANSWERS: frozenset[type[Any]] = frozenset({Skip, Output})


def answer_of(plain: Mapping[str, Any]) -> Output:
    """The answer that `__answer__` has made plain data of. Raises: Skip, if it was one."""
    if "skip" in plain:
        raise Skip(plain["skip"])
    return Output(plain["value"], plain["parts"])


def taken_parts(parts: Any) -> tuple[dict[str, Any], bytes]:
    """(fresh copies, JSON text). Raises: NotJson, naming the part."""
    if not isinstance(parts, Mapping) or not all(isinstance(name, str) and name for name in parts):
        raise NotJson("the parts of an Output are an object: a name for each JSON value")
    try:
        fresh, text = take(dict(parts))
    except NotJson as error:
        raise NotJson(f"parts: {error}") from None
    return fresh, text
