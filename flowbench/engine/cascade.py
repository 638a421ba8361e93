"""Cascade: which OperatorKind holds for an agent, and who said so. The first of four tiers that has a say wins.

1 what the launch says of this agent, 2 what it says of all (an explicit `automate` counts), 3 the operator in the
Blueprint that the agent's `spec.operator_ref` names, of whatever kind the agent is, 4 the Blueprint's
`default_operator_kind`; else automate. Source: mlua-swarm 0.2.1, OperatorKind cascade.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from flowbench.blueprint import Blueprint, OperatorKind


class Tier(StrEnum):
    """Who decided."""

    LAUNCH_AGENT = "launch, per agent"
    LAUNCH = "launch"
    BLUEPRINT_AGENT = "Blueprint operator"
    BLUEPRINT = "Blueprint default"
    DEFAULT = "default"


class Tiers(msgspec.Struct, frozen=True):
    """What was said at each tier. launch_agents, blueprint_agents: agent name -> kind."""

    launch_agents: Mapping[str, OperatorKind] = {}
    launch: OperatorKind | None = None
    blueprint_agents: Mapping[str, OperatorKind] = {}
    blueprint: OperatorKind | None = None

    def decide(self, agent: str) -> tuple[OperatorKind, Tier]:
        """The kind that holds for this agent, and the tier that said so."""
        told = (
            (self.launch_agents.get(agent), Tier.LAUNCH_AGENT),
            (self.launch, Tier.LAUNCH),
            (self.blueprint_agents.get(agent), Tier.BLUEPRINT_AGENT),
            (self.blueprint, Tier.BLUEPRINT),
        )
        return next(((kind, tier) for kind, tier in told if kind is not None), (OperatorKind.AUTOMATE, Tier.DEFAULT))

    def effective(self, agent: str) -> OperatorKind:
        return self.decide(agent)[0]


def tiers_of(
    blueprint: Blueprint,
    launch: OperatorKind | None = None,
    launch_agents: Mapping[str, OperatorKind] | None = None,
) -> Tiers:
    """All four tiers of one launch."""
    kinds = {operator.name: operator.kind for operator in blueprint.operators if operator.kind is not None}
    refs = {agent.name: agent.spec.get("operator_ref") for agent in blueprint.agents if isinstance(agent.spec, dict)}
    told = {name: kinds[ref] for name, ref in refs.items() if isinstance(ref, str) and ref in kinds}
    return Tiers(launch_agents or {}, launch, told, blueprint.default_operator_kind)
