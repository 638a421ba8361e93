"""A layer of Python functions: before may refuse, after may change the answer, what goes wrong after is told."""

from __future__ import annotations

from typing import Any

import pytest

from flowbench import engine
from flowbench.engine import ids
from flowbench.flow import Output, Skip
from flowbench.runtime import Faces
from tests.engine.layered import functions, run, said

inlines = pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])


def layer(before: Any = None, after: Any = None, inline: bool = False) -> engine.PythonLayer:
    return engine.PythonLayer(before, after, inline=inline)


@inlines
def test_both_are_told_who_visits(inline: bool) -> None:
    heard: list[Any] = []

    ended = run(
        "same",
        layers=[layer(heard.append, lambda *told: heard.extend(told), inline)],
        operator=Faces("composite", id="me"),
    )

    ctx = {
        "task_id": ids.visit_id(ended.id, ended.steps[0].address),
        "attempt": 1,
        "agent": "same",
        "operator": {"kind": "Composite", "id": "me"},
    }
    assert heard == [ctx, ctx, {"value": 1, "ok": True}]
    assert ended.result() == {"x": 1}


@inlines
def test_raising_before_refuses_the_step(inline: bool) -> None:
    def before(ctx: Any) -> None:
        raise ValueError(f"not {ctx['agent']}")

    ended = run("same", layers=[layer(before, inline=inline)])

    assert ended.steps[0].error == "spawn rejected by middleware: not same"


@inlines
@pytest.mark.parametrize(
    ("agent", "said", "output", "error"),
    [
        ("same", None, 1, None),
        ("same", {"value": 2}, 2, None),
        ("same", {"value": None}, None, None),
        ("same", {"ok": False}, None, "blocked: 1"),
        ("same", {"value": {"b": 1, "a": 2}, "ok": False}, None, 'blocked: {"a":2,"b":1}'),
        ("blocks", None, None, "blocked: no"),
        ("blocks", {"ok": True}, {"got": 1}, None),
        ("blocks", {"value": 3}, None, "blocked: 3"),
        ("fails", {"ok": True}, None, "boom"),
    ],
)
def test_after_may_change_value_and_ok(inline: bool, agent: str, said: Any, output: Any, error: str | None) -> None:
    ended = run(agent, layers=[layer(after=lambda ctx, result: said, inline=inline)])

    assert (ended.steps[0].output, ended.steps[0].error) == (output, error)


def _raises(ctx: Any, result: Any) -> Any:
    raise KeyError("value")


@inlines
@pytest.mark.parametrize(
    ("after", "told"),
    [
        (_raises, "a layer failed after the step: KeyError: 'value'"),
        (lambda ctx, result: "done", 'expected {"value": ..., "ok": bool} or None, not \'done\''),
        (lambda ctx, result: {"val": 1}, "not {'val': 1}"),
        (lambda ctx, result: {"ok": 1}, "not {'ok': 1}"),
        (lambda ctx, result: {"value": {1}}, "set"),
    ],
    ids=["raises", "text", "unknown", "ok-no-bool", "no-json"],
)
def test_what_goes_wrong_after_a_step_is_told_in_its_log_and_changes_nothing(
    inline: bool, after: Any, told: str
) -> None:
    ended = run("same", layers=[layer(after=after, inline=inline)])

    assert ended.result() == {"x": 1}
    assert told in said(ended)


@inlines
def test_what_after_does_to_the_value_it_gets_does_nothing(inline: bool) -> None:
    ended = run("same", {"x": [1]}, layers=[layer(after=lambda ctx, result: result["value"].append(2), inline=inline)])

    assert ended.result() == {"x": [1]}


@inlines
def test_parts_stay_and_what_does_not_apply_is_left_alone(inline: bool) -> None:
    table, heard = functions(), []
    table.register(lambda value: Output(value, {"report": "long"}), id="parted", inline=inline)

    def skips(value: Any) -> Any:
        return Skip("not today")

    def after(ctx: Any, result: Any) -> Any:
        heard.append(result)
        return {"value": 2}

    table.register(skips, id="skips", inline=inline)

    parted = run("parted", layers=[layer(after=after, inline=inline)], functions=table)
    skipped = run("skips", layers=[layer(after=after, inline=inline)], functions=table)

    assert (parted.steps[0].output, parted.steps[0].parts) == (2, {"report": "long"})
    assert (skipped.steps[0].status, skipped.steps[0].error) == ("skipped", "not today")
    assert heard == [{"value": 1, "ok": True}]


async def _later(*_: Any) -> Any:
    return {"value": "later"}


def test_functions_may_be_async() -> None:
    assert run("same", layers=[layer(_later, _later)]).result() == {"x": "later"}
