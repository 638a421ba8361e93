"""Held: which step a thread is in, read from its stack by another thread. Costs the steps nothing."""

from __future__ import annotations

from types import FrameType
from typing import NamedTuple

from flowbench.flow.evaluate import Evaluation
from flowbench.flow.waiting import rest
from flowbench.flow.walk import walk

OURS = ("flowbench.flow", "flowbench.runtime", "flowbench.storage")  # a slow disk is no fault of the step's


class Held(NamedTuple):
    """run, address, ref: the step whose body is being executed. place: `file:line in function`, innermost."""

    run: Evaluation
    address: str
    ref: str
    place: str


def held_by(frame: FrameType | None) -> Held | None:
    """The step that `frame`, the innermost of a thread, works for; None if that is no body of a step."""
    innermost = frame
    if innermost is None or innermost.f_globals.get("__name__", "").startswith(OURS):
        return None
    while frame is not None:
        if frame.f_code in (walk.__code__, rest.__code__):
            facts = frame.f_locals
            ref = facts["ref"] if frame.f_code is rest.__code__ else facts["op"].ref
            return Held(facts["run"], facts["address"], ref, place_of(innermost))
        frame = frame.f_back
    return None


def place_of(frame: FrameType) -> str:
    """Where a person finds it."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
