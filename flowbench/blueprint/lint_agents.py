"""Lint of agents: steps that nobody answers, agents that nobody calls, names that are there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flowbench.blueprint.hints import hint_names
from flowbench.blueprint.outer_specs import read_agent_block, read_flow, read_notebook, read_operator
from flowbench.blueprint.placeholders import SpecError
from flowbench.blueprint.registry import Functions
from flowbench.blueprint.specs import read_command, read_lua, templates
from flowbench.blueprint.survey import Survey
from flowbench.blueprint.tool_specs import read_tool
from flowbench.diagnostic import Diagnostic, Fix, Level
from flowbench.errors import nearest
from flowbench.flow import Step

BESIDE = ("verdict", "skip_on", "lint", "fold", "kind", "spec")
REFERENCE = "$agent_md"


def unknown_agent(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A step names an agent that neither the Blueprint defines nor @agent has registered."""
    known = {agent.name for agent in survey.blueprint.agents}
    told = set()
    for stop in survey.stops:
        if not isinstance(stop.node, Step) or (ref := stop.node.ref) in known or ref in functions or ref in told:
            continue
        told.add(ref)
        meant = nearest(ref, [*known, *functions.ids()])
        hint = f"did you mean '{meant}'?" if meant else f"define it under `agents`, or with @agent as '{ref}'"
        level: Level = "error" if survey.blueprint.strategy.strict_refs else "warning"
        fix = Fix(f"{stop.place}.ref", meant) if meant else None
        yield Diagnostic(level, "unknown_agent", f"{stop.place}.ref", f"no agent is called '{ref}'", hint, fix, ref)


def unused_agent(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """An agent is defined, and no step names it."""
    refs = {stop.node.ref for stop in survey.stops if isinstance(stop.node, Step)}
    unanswered = refs - {agent.name for agent in survey.blueprint.agents}
    for index, agent in enumerate(survey.blueprint.agents):
        if agent.name not in refs:
            meant = nearest(agent.name, unanswered)
            hint = f"did a step mean it with '{meant}'?" if meant else "remove it, or name it in the `ref` of a step"
            text = f"no step calls the agent '{agent.name}'"
            yield Diagnostic("warning", "unused_agent", f"$.agents[{index}].name", text, hint)


def duplicate_agent(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """Two agents have one name."""
    first: dict[str, int] = {}
    for index, agent in enumerate(survey.blueprint.agents):
        if agent.name in first:
            text = f"'{agent.name}' is the name of $.agents[{first[agent.name]}] already"
            yield Diagnostic(
                "error", "duplicate_agent", f"$.agents[{index}].name", text, "give one of them another name"
            )
        first.setdefault(agent.name, index)


def unknown_operator(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """An operator agent names an operator that the Blueprint does not define."""
    known = [operator.name for operator in survey.blueprint.operators]
    for index, agent in enumerate(survey.blueprint.agents):
        ref = agent.spec.get("operator_ref") if isinstance(agent.spec, dict) else None
        if agent.kind.value == "operator" and isinstance(ref, str) and ref not in known:
            meant = nearest(ref, known)
            hint = f"did you mean '{meant}'?" if meant else "define it under `operators`"
            place = f"$.agents[{index}].spec.operator_ref"
            fix = Fix(place, meant) if meant else None
            yield Diagnostic("error", "unknown_operator", place, f"no operator is called '{ref}'", hint, fix)


def invalid_spec(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """An agent's spec does not say what its kind needs."""
    readers: dict[str, Callable[[Any], object]] = {
        "agent_block": read_agent_block,
        "flow": read_flow,
        "lua": read_lua,
        "notebook": read_notebook,
        "operator": read_operator,
        "subprocess": read_command,
        "tool": read_tool,
    }
    for index, agent in enumerate(survey.blueprint.agents):
        try:
            if read := readers.get(agent.kind.value):
                read(agent.spec)
        except SpecError as error:
            text, _, hint = str(error).partition("; ")
            hint = hint or "the agent cannot be built as it is"
            place = f"$.agents[{index}].spec" + (f".{error.at}" if error.at else "")
            yield Diagnostic("error", "invalid_spec", place, text, hint)


def unfed_program(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A program in the template form gets nothing of its step's input."""
    for index, agent in enumerate(survey.blueprint.agents):
        if agent.kind.value != "subprocess":
            continue
        try:
            parts = [part for each in templates(read_command(agent.spec)).values() for part in each]
        except SpecError:
            continue
        if agent.spec.get("argv") and not any(getattr(part, "name", "") in ("prompt", "in") for part in parts):
            text = f"the program of '{agent.name}' is told nothing of its step's input"
            hint = 'put {prompt} into argv, or say stdin: "{prompt}"'
            yield Diagnostic("note", "unfed_program", f"$.agents[{index}].spec", text, hint)


def unread_front_matter(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """The front matter of an agent's file says what only a Blueprint can say: `profile.extras` keeps it, unread."""
    for index, agent in enumerate(survey.blueprint.agents):
        extras = agent.profile.extras if agent.profile is not None else None
        for name in [each for each in BESIDE if isinstance(extras, dict) and each in extras]:
            where = f"in `spec`, beside {REFERENCE}" if name == "fold" else f"beside {REFERENCE}"
            text = f"nothing reads the '{name}' of '{agent.name}' in profile.extras"
            place = f"$.agents[{index}].profile.extras.{name}"
            yield Diagnostic("warning", "unread_front_matter", place, text, f"write `{name}:` {where}")


def unknown_layer(survey: Survey, functions: Functions) -> Iterator[Diagnostic]:
    """A hint names a layer that nobody here knows: it is left out."""
    for index, name in enumerate(survey.blueprint.spawner_hints.layers):
        if name not in hint_names:
            meant = nearest(name, hint_names)
            hint = f"did you mean '{meant}'?" if meant else f"there are {', '.join(sorted(hint_names))}"
            text = f"no layer is called '{name}', so the steps run without it"
            place = f"$.spawner_hints.layers[{index}]"
            fix = Fix(place, meant) if meant else None
            yield Diagnostic("warning", "unknown_layer", place, text, hint, fix)
