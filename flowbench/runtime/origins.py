"""Origins: where the functions of recorded runs were defined, for who has to find them again."""

from __future__ import annotations

from collections.abc import Mapping

from flowbench import blueprint as bp
from flowbench.runtime import entries as e
from flowbench.runtime import index, journal, store
from flowbench.runtime.errors import RunNotFound
from flowbench.runtime.replay import Recorded, blueprint_of

LOOKED_AT = 5  # runs of one Blueprint, the newest first


def origins_of(blueprint: bp.Blueprint, functions: bp.Functions) -> dict[str, str]:
    """Id of each Python function that the Blueprint's agents call -> where it was defined, if that is known."""
    found = {}
    for agent in blueprint.agents:
        id = str(agent.spec.get("fn_id", agent.name)) if isinstance(agent.spec, Mapping) else agent.name
        if id in functions and (place := bp.origin(functions.get(id).fn)):
            found[id] = place
    return found


def recorded_origins(run_id: str) -> tuple[bp.Blueprint, dict[str, str]]:
    """The Blueprint of a run as it was last accepted, and where its functions were defined when it was launched.

    Raises: RunNotFound, JournalDamaged.
    """
    folder = store.find(run_id)
    try:
        lines = journal.read(folder)
    except FileNotFoundError:
        raise RunNotFound(f"no run '{run_id}' any more", run_id) from None
    recorded, begun = Recorded(folder, lines), lines[0]
    return blueprint_of(recorded), dict(begun.sources) if isinstance(begun, e.Begun) else {}


def known_origins(blueprint_id: str) -> dict[str, str]:
    """The same of the newest runs of this Blueprint here; what the newest one says counts."""
    found: dict[str, str] = {}
    for info in index.runs(blueprint=blueprint_id, limit=LOOKED_AT):
        begun = journal.first(info.path)
        if isinstance(begun, e.Begun):
            found = dict(begun.sources) | found
    return found
