"""Compile: a Blueprint becomes a program and a table of who runs each agent. Nothing runs yet."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flowbench import flow
from flowbench.blueprint import Blueprint
from flowbench.engine.errors import (
    DuplicateAgent,
    InvalidSpec,
    UnknownKind,
    UnresolvedOperatorRef,
    UnresolvedRef,
    VerdictNotAllowed,
)
from flowbench.engine.spawner import Factory, Spawner, SpecError


@dataclass(frozen=True)
class Compiled:
    """program: the flow, flat. routes: agent name -> Spawner, every agent of the Blueprint."""

    blueprint: Blueprint
    program: flow.Program
    routes: Mapping[str, Spawner]


def compile(
    blueprint: Blueprint,
    factories: Mapping[str, Factory],
    *,
    compat: str | None = None,
    externs: Mapping[str, Callable[[list[Any]], Any]] | None = None,
    meant: Iterable[str] = (),
) -> Compiled:
    """Check the whole Blueprint in the seed's order: operator refs, agents, flow refs; then the flow itself.

    factories: by agent kind. meant: names beside its agents' that a step may have misspelt.
    Raises: CompileError, flow.ParseError.
    Source: mlua-swarm 0.2.1 `Compiler::compile`.
    """
    _check_operators(blueprint)
    routes = _routes(blueprint, factories)
    program = flow.compile(blueprint.flow, compat, externs)
    if blueprint.strategy.strict_refs:
        for ref in program.refs:
            if ref not in routes:
                raise UnresolvedRef(ref, {*routes, *meant})
    _check_verdicts(blueprint, compat)
    return Compiled(blueprint, program, routes)


def _check_verdicts(blueprint: Blueprint, compat: str | None) -> None:
    if all(agent.verdict is None for agent in blueprint.agents):
        return
    from flowbench.blueprint.linting import lint_verdicts_alone  # most Blueprints have no verdict

    for found in lint_verdicts_alone(blueprint, compat).at("error"):
        raise VerdictNotAllowed(found)


def _check_operators(blueprint: Blueprint) -> None:
    defined = [operator.name for operator in blueprint.operators]
    for index, agent in enumerate(blueprint.agents):
        ref = agent.spec.get("operator_ref") if isinstance(agent.spec, dict) else None
        if agent.kind.value == "operator" and isinstance(ref, str) and ref not in defined:
            raise UnresolvedOperatorRef(agent.name, ref, defined, index)


def _routes(blueprint: Blueprint, factories: Mapping[str, Factory]) -> dict[str, Spawner]:
    routes: dict[str, Spawner] = {}
    for index, agent in enumerate(blueprint.agents):
        if agent.name in routes:
            raise DuplicateAgent(agent.name, index)
        factory = factories.get(agent.kind.value)
        if factory is None:
            if blueprint.strategy.strict_kind:
                raise UnknownKind(agent.name, agent.kind.value, factories, index)
            warnings.warn(f"agent '{agent.name}' is left out: nothing here runs kind {agent.kind.value}", stacklevel=3)
            continue
        try:
            routes[agent.name] = factory.build(agent)
        except SpecError as error:
            raise InvalidSpec(agent.name, str(error), index, error.at) from error
    return routes
