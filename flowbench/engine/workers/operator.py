"""Agents that operators do the work of: whoever is registered under the id at that moment, a person or a program."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from flowbench import flow
from flowbench.blueprint import AgentDef, SpecError, read_operator
from flowbench.engine.errors import Internal, TemplateFailed
from flowbench.engine.executing import execute
from flowbench.engine.faces import Operator, binding_of
from flowbench.engine.spawner import Body, Site, Uses
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.templates import render
from flowbench.errors import nearest

if TYPE_CHECKING:
    from flowbench.engine.core import Engine

SHOWN = 20  # ids in an error
UNBOUND = "profile.worker_binding is required for this operator backend; declare it in the agent .md frontmatter"


class Operators:
    """Operators by id: those given at a launch, then those that an engine has registered, each as of now."""

    def __init__(self, given: Mapping[str, Operator], engine: Callable[[], Engine]) -> None:
        self._given, self._engine = given, engine

    def find(self, id: str) -> Operator | None:
        return self._given.get(id) or self._engine().operators.get(id)

    def ids(self) -> list[str]:
        return sorted({*self._given, *self._engine().operators.list()})


class OperatorFactory:
    """Builds agents of kind `operator`. spec: {"operator_ref": name of an operator}

    Source: mlua-swarm 0.2.1 `OperatorFactory`.
    """

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    def build(self, agent: AgentDef) -> OperatorSpawner:
        """Raises: SpecError."""
        ref = read_operator(agent.spec)
        found = self._operators.find(ref)
        if found is None:
            raise SpecError(not_registered(ref, self._operators.ids()), "operator_ref")
        if getattr(found, "requires_worker_binding", False) and binding_of(agent.profile) is None:
            raise SpecError(UNBOUND)
        return OperatorSpawner(agent, ref, self._operators)


class OperatorSpawner:
    """One agent: its system prompt, its worker binding, and the id under which its operator is looked up each time."""

    quick, wants_secrets = False, False
    uses: Uses = "loop"  # whoever waits for a person takes no place away from those that compute

    def __init__(self, agent: AgentDef, ref: str, operators: Operators) -> None:
        self._agent, self._ref, self._operators = agent.name, ref, operators
        self._system = None if agent.profile is None else agent.profile.system_prompt
        self._worker = binding_of(agent.profile)
        told = [ref, self._system, msgspec.to_builtins(self._worker)]
        self.digest = hashlib.sha256(flow.compact(told).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            with site.here():
                prompt = text_form(value)
                system = await system_of(site, self._system, prompt)
                info = site.operator(self._agent)
                backend = self._operators.find(self._ref)
                if backend is None:
                    raise Internal(not_registered(self._ref, self._operators.ids()))
                info = msgspec.structs.replace(info, backend=backend)
                return await execute(site, self._agent, info, system, prompt, self._worker)

        return body


async def system_of(site: Site, template: str | None, prompt: str) -> str | None:
    """An agent's system prompt for this visit, left with the task for who fetches it. Raises: Internal, Aborted."""
    if template is None:
        return None
    try:
        text = await render(site, template, prompt)
    except TemplateFailed as error:
        raise Internal(str(error)) from error
    site.task().system = text
    return text


def not_registered(ref: str, known: list[str]) -> str:
    """Source: mlua-swarm 0.2.1; its hint names a tool that flowbench does not have."""
    near = nearest(ref, known)
    meant = f"Did you mean '{near}'? " if near else ""
    listed = ", ".join(f'"{id}"' for id in known[:SHOWN]) + (", ..." if len(known) > SHOWN else "")
    return (
        f"operator_ref '{ref}' not registered in factory. Registered sids: [{listed}]. {meant}"
        f"Hint: launch with operators={{'{ref}': ...}}, or call engine.default().register_operator('{ref}', ...) first."
    )
