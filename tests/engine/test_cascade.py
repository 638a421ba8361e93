"""Cascade: all of the truth table: four tiers, each silent or saying one of the kinds."""

from __future__ import annotations

from itertools import product

from flowbench.blueprint import OperatorKind, load
from flowbench.engine import Tier, Tiers, tiers_of
from tests.flows import blueprint, step

KINDS = (None, *OperatorKind)
ROWS = list(product(KINDS, repeat=4))


def test_the_first_tier_that_says_something_decides() -> None:
    order = (Tier.LAUNCH_AGENT, Tier.LAUNCH, Tier.BLUEPRINT_AGENT, Tier.BLUEPRINT)
    assert len(ROWS) == 256
    for row in ROWS:
        per_agent, launch, operator, default = row
        tiers = Tiers(
            {"agent": per_agent} if per_agent else {}, launch, {"agent": operator} if operator else {}, default
        )

        said = next((kind for kind in row if kind is not None), None)

        decided = (said or OperatorKind.AUTOMATE, Tier.DEFAULT if said is None else order[row.index(said)])
        assert tiers.decide("agent") == decided, row


def test_what_is_said_of_one_agent_is_of_no_matter_to_another() -> None:
    tiers = Tiers({"a": OperatorKind.COMPOSITE}, blueprint_agents={"b": OperatorKind.MAIN_AI})

    assert [str(tiers.effective(name)) for name in "abc"] == ["composite", "main_ai", "automate"]


def test_an_operator_is_reached_through_an_agent_of_any_kind() -> None:
    made = load(
        blueprint(
            step("a"),
            agents=[
                {"name": "a", "kind": "operator", "spec": {"operator_ref": "boss"}},
                {"name": "b", "kind": "subprocess", "spec": {"program": "true", "operator_ref": "boss"}},
                {"name": "c", "kind": "operator", "spec": {"operator_ref": "silent"}},
                {"name": "d", "kind": "python_fn", "spec": {"fn_id": "d"}},
                {"name": "e", "kind": "lua", "spec": None},
            ],
            operators=[{"name": "boss", "kind": "main_ai"}, {"name": "silent"}],
            default_operator_kind="composite",
        )
    )

    tiers = tiers_of(made)

    assert {name: str(tiers.effective(name)) for name in "abcde"} == {
        "a": "main_ai", "b": "main_ai", "c": "composite", "d": "composite", "e": "composite",
    }  # fmt: skip
    assert tiers.decide("b") == (OperatorKind.MAIN_AI, Tier.BLUEPRINT_AGENT)
    launched = tiers_of(made, OperatorKind.AUTOMATE, {"a": OperatorKind.COMPOSITE})
    assert {name: str(launched.effective(name)) for name in "ab"} == {"a": "composite", "b": "automate"}
