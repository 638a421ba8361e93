"""Link: wrap every agent of a compiled Blueprint in its layers, the last one listed outermost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flowbench.blueprint import secret_names
from flowbench.engine.compile import Compiled
from flowbench.engine.contract import contracted
from flowbench.engine.errors import NotRegistered
from flowbench.engine.spawner import Body, Site, Spawner, Uses

Layer = Callable[[str, Spawner], Spawner]
"""(agent name, inner) -> outer."""


class Linked:
    """What a run needs of the engine: the program and, by slot, who does the work.

    uses: of each slot. quick: slots whose bodies never wait. digests: agent name -> digest of its code, for agents
    the flow calls.
    wants_secrets: some agent's code asks for secrets by name, beyond what the Blueprint and the ctx mention.
    """

    def __init__(self, compiled: Compiled, layers: Sequence[Layer]) -> None:
        self.blueprint, self.program = compiled.blueprint, compiled.program
        agents = {agent.name: agent for agent in compiled.blueprint.agents}
        table = _wrap(compiled, layers)
        self._spawners = [contracted(table[ref], agents.get(ref)) for ref in compiled.program.refs]
        self.wants_secrets = any(spawner.wants_secrets for spawner in self._spawners)
        self.quick = frozenset(slot for slot, spawner in enumerate(self._spawners) if spawner.quick)
        self.uses = tuple(spawner.uses for spawner in self._spawners)
        self.digests = {ref: spawner.digest for ref, spawner in zip(compiled.program.refs, self._spawners, strict=True)}

    def bodies(self, site: Site) -> list[Body]:
        """One body per slot of the program, for one run."""
        bodies = [spawner.body(site) for spawner in self._spawners]
        if not (site.secrets.names or self.wants_secrets):
            return bodies
        specs = {agent.name: agent.spec for agent in self.blueprint.agents}
        own = [{name for name, _ in secret_names(specs.get(ref))} for ref in self.program.refs]
        return [site.secrets.guard(body, names) for body, names in zip(bodies, own, strict=True)]


def link(compiled: Compiled, layers: Sequence[Layer] = ()) -> Linked:
    """Source: mlua-swarm 0.2.1 `Linker`: each wrap goes outside the one before it."""
    return Linked(compiled, layers)


def _wrap(compiled: Compiled, layers: Sequence[Layer]) -> Mapping[str, Spawner]:
    """Whole layer by whole layer, around all agents: one may send a step to another agent."""
    table = {ref: compiled.routes.get(ref) or _Nobody(ref) for ref in compiled.program.refs}
    if layers:
        table = {**compiled.routes, **table}
    for layer in layers:
        table = {agent: layer(agent, inner) for agent, inner in table.items()}
    return table


class _Nobody:
    """Stands for an agent that the Blueprint allows to be missing (`strict_refs: false`): its step fails, at run time.

    Source: mlua-swarm 0.2.1 `SpawnError::NotRegistered`.
    """

    uses: Uses = "loop"
    quick, wants_secrets, digest = True, False, ""

    def __init__(self, ref: str) -> None:
        self.ref = ref

    def body(self, site: Site) -> Body:
        def fail(_: object) -> object:
            raise NotRegistered(self.ref)

        return fail
