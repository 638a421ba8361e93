"""Levels: which rules of lint an author silences, softens or enforces: for a call, an agent, a whole Blueprint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from flowbench.blueprint.errors import UnknownRule
from flowbench.blueprint.model import Blueprint, LintLevel
from flowbench.blueprint.place import under
from flowbench.diagnostic import Diagnostic, Level
from flowbench.errors import nearest

Levels = Mapping[str, LintLevel | str]
"""Rule -> allow | warn | deny."""
_TOLD: dict[str, Level] = {LintLevel.WARN: "warning", LintLevel.DENY: "error"}


def checked(levels: Levels, known: Collection[str]) -> dict[str, LintLevel]:
    """Levels of a call. Raises: UnknownRule for a rule or a level that there is not."""
    for rule, level in levels.items():
        if rule not in known:
            raise UnknownRule(rule, known)
        if level not in list(LintLevel):
            raise UnknownRule(str(level), [each.value for each in LintLevel], what="level")
    return {rule: LintLevel(level) for rule, level in levels.items()}


def unknown_rules(blueprint: Blueprint, known: Collection[str]) -> Iterator[Diagnostic]:
    """Levels that the Blueprint sets for rules that there are not."""
    owners = [("$.lint", blueprint.lint), *((f"$.agents[{n}].lint", a.lint) for n, a in enumerate(blueprint.agents))]
    for place, levels in owners:
        for rule in levels or ():
            if rule not in known:
                meant = nearest(rule, known)
                text, hint = f"no rule is called '{rule}'", f"did you mean '{meant}'?" if meant else "remove it"
                yield Diagnostic("warning", "unknown_rule", under(place, rule), text, hint)


def leveled(
    found: Iterator[Diagnostic], blueprint: Blueprint, call: Mapping[str, LintLevel], agent_at: Callable[[str], str]
) -> Iterator[Diagnostic]:
    """As they are to be told: what the call says of a rule goes before what the agent says, that before the Blueprint.

    agent_at: the agent that a place belongs to, "" for none.
    """
    agents = {agent.name: agent.lint or {} for agent in blueprint.agents}
    whole = blueprint.lint or {}
    for each in found:
        agent = each.agent or agent_at(each.place)
        level = call.get(each.code) or agents.get(agent, {}).get(each.code) or whole.get(each.code)
        if level is LintLevel.ALLOW:
            continue
        told = each.level if level is None else _TOLD[level]
        yield msgspec.structs.replace(each, level=told, agent=agent)
