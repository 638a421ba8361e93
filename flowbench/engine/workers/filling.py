"""Filling: the placeholders of a program's spec become the values of one visit. No shell ever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowbench.blueprint import AgentProfile, CommandSpec, Part, Slot, SpecError, UnfitInput, templates
from flowbench.engine.spawner import Site
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.templates import render

Parts = Mapping[str, list[Part]]


def checked(command: CommandSpec, profile: AgentProfile | None) -> Parts:
    """The texts of the template form in pieces. Raises: SpecError, also for what the agent's profile does not say."""
    parts = templates(command)
    for place, each in parts.items():
        for part in each:
            if isinstance(part, Slot) and part.name == "model" and (profile is None or profile.model is None):
                raise SpecError(f"shell spec: {place} wants {{model}}, and the agent's profile names no model", place)
            if isinstance(part, Slot) and part.name == "system" and profile is None:
                raise SpecError(f"shell spec: {place} wants {{system}}, and the agent has no profile", place)
    return parts


class Filling:
    """The values for one visit. value: the step's input. named: of the other placeholders, without `system`."""

    def __init__(self, value: Any, prompt: str, named: Mapping[str, str], system: str) -> None:
        self._value, self._prompt, self._named, self._system = value, prompt, named, system

    async def fill(self, parts: Parts, site: Site) -> dict[str, str]:
        """Each text by its place. References to secrets stand in the Blueprint alone: what is put in names none.

        Raises: UnfitInput, TemplateFailed, Aborted.
        """
        system = ""
        if any(isinstance(part, Slot) and part.name == "system" for each in parts.values() for part in each):
            system = await render(site, self._system, self._prompt)
        filled = {}
        for place, each in parts.items():
            text = "".join(
                site.secrets.put_in(part) if isinstance(part, str) else self._of(part, place, system) for part in each
            )
            if "\0" in text and place != "stdin":
                raise UnfitInput(f"{place} would hold a NUL character, which no program can be told; use stdin")
            filled[place] = text
        return filled

    def _of(self, slot: Slot, place: str, system: str) -> str:
        if slot.name == "prompt":
            return self._prompt
        if slot.name == "system":
            return system
        if slot.name != "in":
            return self._named[slot.name]
        value = self._value
        for key in slot.keys:
            if not isinstance(value, dict) or key not in value:
                has = (
                    f"it has {', '.join(list(value)[:10]) or 'none'}" if isinstance(value, dict) else "it is no object"
                )
                raise UnfitInput(f"{place} wants {slot.text}, and the step's input has no '{key}' there; {has}")
            value = value[key]
        return text_form(value)
