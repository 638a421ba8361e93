"""Linting: what is very likely not meant in a Blueprint that can be read; nothing runs.

Each rule is one function that yields findings. A rule that would often be wrong is no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from flowbench.blueprint import lint_agents, lint_logic, lint_paths, lint_verdicts
from flowbench.blueprint.errors import UnknownRule
from flowbench.blueprint.levels import Levels, checked, leveled, unknown_rules
from flowbench.blueprint.model import Blueprint, LintLevel
from flowbench.blueprint.place import outward
from flowbench.blueprint.registry import Functions
from flowbench.blueprint.registry import functions as registered
from flowbench.blueprint.survey import Survey
from flowbench.diagnostic import LEVELS, Diagnostic, Diagnostics
from flowbench.flow import Step

Rule = Callable[[Survey, Functions], Iterator[Diagnostic]]
RULES: tuple[Rule, ...] = (
    lint_agents.duplicate_agent,
    lint_agents.invalid_spec,
    lint_agents.unfed_program,
    lint_agents.unknown_agent,
    lint_agents.unknown_layer,
    lint_agents.unknown_operator,
    lint_agents.unread_front_matter,
    lint_agents.unused_agent,
    lint_logic.branch_never_boolean,
    lint_logic.never_runs,
    lint_logic.loop_without_progress,
    lint_logic.lonely_race,
    lint_logic.useless_try,
    lint_logic.never_equal,
    lint_paths.read_before_write,
    lint_paths.unread_output,
    lint_paths.dead_write,
    lint_paths.shadowed_bind,
    lint_verdicts.invalid_verdict,
    lint_verdicts.unknown_verdict,
    lint_verdicts.unread_verdict,
)


CODES = frozenset({*(rule.__name__ for rule in RULES), "no_items", "unknown_rule"})
_VERDICTS = (lint_verdicts.invalid_verdict, lint_verdicts.unknown_verdict)


def lint(
    blueprint: Blueprint,
    *,
    functions: Functions = registered,
    compat: str | None = None,
    levels: Levels | None = None,
) -> Diagnostics:
    """Errors first, then warnings, then notes; in each the order of the Blueprint.

    functions: where steps find agents that the Blueprint does not define. compat: the dialect it will run in.
    levels: rule -> allow (say nothing), warn or deny (an error); goes before what the agents and the Blueprint set in
    their own field `lint`. Raises: UnknownRule.
    """
    return _told(RULES, blueprint, functions, compat, checked(levels or {}, CODES))


def lint_verdicts_alone(blueprint: Blueprint, compat: str | None = None) -> Diagnostics:
    """What compiling asks: verdicts that cannot be, as far as the Blueprint does not allow them."""
    return _told(_VERDICTS, blueprint, registered, compat, {})


def explained(code: str) -> str:
    """What a rule looks for. Raises: UnknownRule."""
    if code not in CODES:
        raise UnknownRule(code, CODES)
    known = {rule.__name__: rule.__doc__ or "" for rule in RULES}
    known |= {"no_items": lint_logic.never_runs.__doc__ or "", "unknown_rule": unknown_rules.__doc__ or ""}
    return " ".join(known[code].split())


def _told(
    rules: tuple[Rule, ...], blueprint: Blueprint, functions: Functions, compat: str | None, call: dict[str, LintLevel]
) -> Diagnostics:
    survey = Survey(blueprint, compat)
    steps = {stop.place: stop.node.ref for stop in survey.stops if isinstance(stop.node, Step)}
    owners = {f"$.agents[{index}]": agent.name for index, agent in enumerate(blueprint.agents)} | steps

    def agent_at(place: str) -> str:
        return next((owners[each] for each in outward(place) if each in owners), "")

    strange = unknown_rules(blueprint, CODES) if rules is RULES else iter(())
    found = chain((each for rule in rules for each in rule(survey, functions)), strange)
    told = leveled(found, blueprint, call, agent_at)
    return Diagnostics(sorted(told, key=lambda each: LEVELS.index(each.level)))
