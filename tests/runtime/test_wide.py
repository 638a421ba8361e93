"""A fan-out over a list of the ctx: each branch's ctx holds that list, and yet the result is no square of it."""

from __future__ import annotations

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import blueprint, fan

ITEMS = 10_000


@pytest.mark.usefixtures("home")
def test_ten_thousand_branches_share_the_list_they_came_from() -> None:
    twice = {"op": "mul", "lhs": {"op": "path", "at": "$.i"}, "rhs": {"op": "lit", "value": 2}}
    flow = fan({"kind": "assign", "at": {"op": "path", "at": "$.twice"}, "value": twice})
    flow["items"] = {"op": "path", "at": "$.items"}
    run = fb.launch(blueprint(flow), {"items": list(range(ITEMS))}, functions=Functions())

    branches = run.result(60)["r"]

    assert [branch["twice"] for branch in branches] == [2.0 * n for n in range(ITEMS)]
    assert len({id(branch["items"]) for branch in branches}) == 1
    assert fb.recall(run.id).ctx["r"][-1]["i"] == ITEMS - 1
