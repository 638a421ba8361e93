"""Persons: people stand behind a Blueprint's agents where nobody else does, and a launch that they would have to answer
is refused at once if they cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowbench import blueprint as bp
from flowbench import engine
from flowbench.runtime.people import attendants

if TYPE_CHECKING:
    from flowbench.runtime.dispatch import Dispatch
    from flowbench.runtime.launching import Common

PEOPLE = "people"
"""As `operator` of a launch: whoever watches the run, or its `answers`, is hook, bridge and operator."""
WHY = "nobody is there who could answer, so nothing has run"
CALLING = ("main_ai", "senior_escalation", "operator_delegate")
HOOKED = (bp.OperatorKind.MAIN_AI, bp.OperatorKind.COMPOSITE)


def stand_behind(options: Common) -> bool:
    """Whether a launch with these options leaves to people what nobody else is named for."""
    operator = options.get("operator")
    if operator is None:
        return options.get("seat") is None and options.get("answers") is not None
    return isinstance(operator, str) and operator == PEOPLE


def are_wanted(blueprint: bp.Blueprint, layers: Sequence[str | engine.LayerFactory]) -> bool:
    """Some layer would call a hook, a bridge or an operator."""
    return any(each.name in CALLING for each in engine.layer_registry.stack(blueprint, layers))


def faces() -> dict[str, Any]:
    """Of Faces: hook, bridge and backend, and the id under which these are told of."""
    return {
        "hook": engine.NotebookHook(),
        "bridge": engine.NotebookBridge(),
        "backend": engine.NotebookOperator(),
        "id": PEOPLE,
    }


def operators(
    blueprint: bp.Blueprint, options: Common, desk: Callable[[], engine.Engine]
) -> Mapping[str, engine.Operator]:
    """By name: those of the options and, where people stand behind the launch, these for the Blueprint's operators that
    nobody has registered.
    """
    given = options.get("operators") or {}
    if not blueprint.operators or not stand_behind(options):
        return given
    registered = desk().list_operators()
    people = {each.name: engine.NotebookOperator() for each in blueprint.operators if each.name not in registered}
    return {**people, **given}


def require_somebody(blueprint: bp.Blueprint, dispatch: Dispatch, options: Common) -> None:
    """Look at the steps that are reached unless one before them fails.

    Raises: engine.NobodyToAsk if one of them asks a person and nobody is there.
    """
    is_plain = options.get("operator") is None and options.get("seat") is None
    if (is_plain and not blueprint.operators) or dispatch.answers is not None:
        return
    if any(each.is_there() for each in attendants):
        return
    stack = [each.name for each in engine.layer_registry.stack(blueprint, dispatch.layers)]
    known = engine.Operators(operators(blueprint, options, dispatch.desk), dispatch.desk)
    work = {agent.name: known.find(str(agent.spec.get("operator_ref"))) for agent in _operated(blueprint)}
    for agent in _certain(bp.to_json(blueprint)["flow"]):
        prompt = _asks(agent, dispatch, stack, work.get(agent))
        if prompt:
            raise engine.NobodyToAsk(f"agent '{agent}'", prompt, WHY)


def _operated(blueprint: bp.Blueprint) -> list[bp.AgentDef]:
    return [agent for agent in blueprint.agents if agent.kind == "operator" and isinstance(agent.spec, dict)]


def _asks(agent: str, dispatch: Dispatch, stack: Sequence[str], worker: engine.Operator | None) -> str:
    """What a person would be asked before or for this step; "" if nobody would."""
    info = dispatch.operator(agent)
    for layer in reversed(stack):
        hook = info.hook
        if layer == "operator_delegate" and info.backend is not None:
            return "to do its work" if _is_person(info.backend) else ""
        if layer == "main_ai" and info.kind in HOOKED and _is_person(hook):
            agents = getattr(hook, "agents", None)
            if agents is None or agent in agents:
                return getattr(hook, "prompt", "") or f"Run {agent}?"
    return "to do its work" if _is_person(worker) else ""


def _is_person(face: Any) -> bool:
    return bool(getattr(face, "asks_people", False))


def _certain(node: Mapping[str, Any]) -> Iterator[str]:
    """Agents of the steps that are reached whatever the ctx is."""
    if node["kind"] == "step":
        yield node["ref"]
    elif node["kind"] == "seq":
        for child in node["children"]:
            yield from _certain(child)
    elif node["kind"] == "try":
        yield from _certain(node["body"])
