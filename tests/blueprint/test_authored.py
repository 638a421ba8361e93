"""Flows made in Python are Blueprints too: agents named by their functions, nodes loaded like any other source."""

from __future__ import annotations

import functools
from typing import Any

import pytest

import flowbench as fb
from flowbench import flow
from flowbench.blueprint import Functions, InvalidBlueprint, dumps, load, to_json
from flowbench.flow import ctx, fanout, pipeline, seq, step

mine = Functions()


@mine.agent
def read(path: str, limit: int = 3) -> list[str]:
    return [path] * limit


@mine.agent(inline=True)
def count(read: list[str], ctx: Any, token: Any, *, scale: int) -> int:
    return len(read) * scale


@mine.agent(id="shout it")
async def shout(text: str) -> str:
    return text.upper()


@mine.agent
def tick() -> int:
    return 7


@mine.agent
def anything(*values: Any) -> Any:
    return values


def test_a_step_may_name_the_function_itself() -> None:
    assert repr(step(read)) == 'step("read", in_=ctx.path, out=ctx.read)'
    assert repr(step(count)) == 'step("count", in_={"read": ctx.read, "scale": ctx.scale}, out=ctx.count)'
    assert repr(step(shout)) == 'step("shout it", in_=ctx.text, out=ctx["shout it"])'
    assert repr(step(tick)) == 'step("tick", in_=None, out=ctx.tick)'
    with pytest.raises(flow.AuthoringError, match="anything takes whatever it gets"):
        step(anything)


def test_methods_partials_and_builtins_are_found_again() -> None:
    class Shop:
        def sell(self, item: str) -> str:
            return item

    shop, twice = Shop(), functools.partial(read, limit=2)
    mine.agent(shop.sell)
    mine.agent(id="twice")(twice)
    mine.agent(len)

    assert step(shop.sell).ref == "sell"
    assert step(twice, ctx.x).ref == "twice"
    assert step(len, ctx.x).ref == "len"


def test_a_function_that_is_registered_again_keeps_its_new_name() -> None:
    def double(x: int) -> int:
        return x * 2

    mine.agent(double)
    mine.agent(id="two")(double)

    assert step(double).ref == "two"


def test_a_flow_is_launched_as_it_is() -> None:
    authored = seq(
        pipeline(read, count),
        fanout(["a", "b"], ctx.text, step(shout, out=ctx), out=ctx.loud),
        step(tick),
    )

    run = fb.launch(authored, {"path": "p", "scale": 10}, functions=mine, durability="memory")

    assert run.result(30) == {
        "path": "p",
        "scale": 10,
        "read": ["p", "p", "p"],
        "count": 30,
        "loud": ["A", "B"],
        "tick": 7,
    }
    assert run.blueprint.id == "flow"


def test_a_blueprint_of_an_authored_flow_is_the_one_that_its_json_gives() -> None:
    made = fb.Blueprint(id="words", flow=pipeline(read, count))

    assert load(dumps(made)) == made
    assert load(to_json(made)) == made
    assert load(made.flow, name="words") == made


def deep() -> flow.Node:
    node: flow.Node = seq()
    for _ in range(5_000):
        node = seq(node)
    return node


@pytest.mark.parametrize(
    ("node", "place", "says"),
    [
        (flow.Seq((flow.Step("a", flow.Path("bad"), flow.Path("$")),)), "$.flow.children[0].in.at", "invalid path"),
        (flow.Let("$.x", flow.Lit(object())), "$.flow", "no JSON"),
        (deep(), "$.flow", "deep"),
    ],
    ids=["path", "value", "depth"],
)
def test_structs_that_were_made_by_hand_are_checked_too(node: Any, place: str, says: str) -> None:
    with pytest.raises(InvalidBlueprint, match=says) as refused:
        load(node)

    assert refused.value.place == place


def test_a_place_is_no_blueprint() -> None:
    with pytest.raises(InvalidBlueprint, match="not a Python Place"):
        load(ctx.x)  # type: ignore[arg-type]
