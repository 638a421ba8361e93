"""Linting: what is very likely not meant in a Blueprint that can be read; nothing runs.

Each rule is one function that yields findings. A rule that would often be wrong is no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowbench.blueprint import lint_agents, lint_logic, lint_paths
from flowbench.blueprint.finding import LEVELS, Finding
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.registry import Functions
from flowbench.blueprint.registry import functions as registered
from flowbench.blueprint.survey import Survey

Rule = Callable[[Survey, Functions], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    lint_agents.duplicate_agent,
    lint_agents.invalid_spec,
    lint_agents.unfed_program,
    lint_agents.unknown_agent,
    lint_agents.unknown_operator,
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
)


def lint(blueprint: Blueprint, *, functions: Functions = registered, compat: str | None = None) -> list[Finding]:
    """Errors first, then warnings, then notes; in each the order of the Blueprint.

    functions: where steps find agents that the Blueprint does not define. compat: the dialect it will run in.
    """
    survey = Survey(blueprint, compat)
    found = [finding for rule in RULES for finding in rule(survey, functions)]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))
