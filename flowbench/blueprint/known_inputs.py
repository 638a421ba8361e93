"""Known inputs: what each step of a flow will be given, as far as that can be told before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.phrase import phrase
from flowbench.blueprint.survey import Stop, Survey, overlap
from flowbench.flow import FlowError, Loop, Step, compile_expr, to_json
from flowbench.flow import duplicate as copy_of


class StepInput(NamedTuple):
    """One step. place: `$.flow.children[0]`. text: its `in`, as a person would write it. value: what that comes to.

    why: "" if value is known, else why it is not.
    """

    place: str
    ref: str
    text: str
    value: Any
    why: str


def step_inputs(
    blueprint: Blueprint,
    ctx: Any,
    *,
    compat: str | None = None,
    externs: Mapping[str, Callable[[list[Any]], Any]] | None = None,
) -> Iterator[StepInput]:
    """In the order of the flow. ctx: that the run would begin with.

    A value is known if nothing that comes before the step may have written what it reads.
    """
    survey = Survey(blueprint, compat)
    for number in survey.steps:
        stop = survey.stops[number]
        assert isinstance(stop.node, Step)
        value, why = None, _written_before(survey, stop)
        if not why:
            try:
                value = copy_of(compile_expr(stop.node.input, compat, externs)(ctx))
            except FlowError as error:
                why = str(error)
        yield StepInput(stop.place, stop.node.ref, phrase(to_json(stop.node.input)), value, why)


def _written_before(survey: Survey, stop: Stop) -> str:
    loops = [number for number, _ in stop.around if isinstance(survey.stops[number].node, Loop)]
    until = survey.ends[loops[0]] if loops else stop.number
    for read in stop.reads:
        for number in survey.writers.near(read.keys):
            other = survey.stops[number]
            if number >= until:
                break
            touched = (*other.writes, *([other.bind] if other.bind else []))
            if any(overlap(read.keys, write.keys) for write in touched):
                return f"{read.text} is written by {other.place} before"
    return ""
