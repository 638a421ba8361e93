"""Tool specs: `{"tool": "grep", ...options}` read and checked, and put together with the input of a step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from flowbench.blueprint.errors import UnfitInput
from flowbench.blueprint.placeholders import SpecError
from flowbench.blueprint.specs import read_spec
from flowbench.blueprint.tool_options import TOOLS, ToolOptions
from flowbench.errors import nearest
from flowbench.flow import compact

IGNORE = "ignore"  # spec.input: the step's input says nothing to the tool
OWN = ("tool", "input")  # of the kind; everything else is an option of the tool
_AT = re.compile(r" - at `\$\.?(?P<at>[^`]*)`$")
_SHOWN = 80  # characters of an input in an error


class ToolSpec(msgspec.Struct, frozen=True):
    """tool: its name. options: those that the spec says. input: the option that takes an input which is no object; ""
    for none of them; None: the input is not looked at.
    """

    tool: str
    options: dict[str, Any]
    input: str | None

    @property
    def known(self) -> type[ToolOptions]:
        """What the tool can be told."""
        return TOOLS[self.tool]


def read_tool(spec: Any) -> ToolSpec:
    """Raises: SpecError, at the option that is misspelt or of the wrong type."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("tool"), str):
        raise SpecError(f"tool spec: 'tool' (string) required: one of {', '.join(TOOLS)}", "tool")
    name = spec["tool"]
    if name not in TOOLS:
        near = nearest(name, TOOLS)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(TOOLS)}"
        raise SpecError(f"tool spec: no tool is called '{name}'; {hint}", "tool")
    cls = TOOLS[name]
    options = {key: each for key, each in spec.items() if key not in OWN}
    told = options_of(options, name)
    takes = _input(spec.get("input"), cls)
    if takes is None and (missing := [each for each in cls.needed if each not in told]):
        raise SpecError(f"tool {name}: {missing[0]} is missing, and the step's input is not looked at", missing[0])
    return ToolSpec(name, told, takes)


def options_of(given: Mapping[str, Any], tool: str) -> dict[str, Any]:
    """Options by name, checked; null is as good as absent. Raises: SpecError."""
    cls = TOOLS[tool]
    try:
        read = read_spec(given, cls, f"tool {tool}")
    except SpecError as error:
        found = _AT.search(str(error))
        if found is None:
            raise
        raise SpecError(f"{str(error)[: found.start()]} at {found['at']}", found["at"]) from error
    return _said(read)


def about_tool(name: str) -> tuple[str, dict[str, str]]:
    """What a tool does, and what each of its options means."""
    from flowbench.blueprint.json_schema import told  # its docstring is read as an editor's help is

    words = told(TOOLS[name])
    return words.get("", ""), words


def _said(read: msgspec.Struct) -> dict[str, Any]:
    values = {name: getattr(read, name) for name in read.__struct_fields__}
    plain = {name: _said(each) if isinstance(each, msgspec.Struct) else each for name, each in values.items()}
    return {name: each for name, each in plain.items() if each is not None}


def tool_call(spec: ToolSpec, value: Any) -> dict[str, Any]:
    """The options for one visit of a step. value: its input: an object of options, which go before those of the spec;
    null says nothing; anything else is the option that `spec.input` names, the tool's first one by default.

    Raises: UnfitInput.
    """
    given = _given(spec, value)
    for name, fixed in spec.known.safe.items():
        if spec.options.get(name) == fixed and given.get(name, fixed) != fixed:
            raise UnfitInput(f"tool {spec.tool}: its spec says {name}: {compact(fixed)}, which no input may change")
    try:
        options = {**spec.options, **options_of(given, spec.tool)}
    except SpecError as error:
        raise UnfitInput(f"{error}; the step's input says so") from error
    if missing := [each for each in spec.known.needed if each not in options]:
        how = f"say spec.{missing[0]}" + (", or hand it over as the step's input" if spec.input == missing[0] else "")
        raise UnfitInput(f"tool {spec.tool}: {missing[0]} is missing; {how}")
    return options


def needs_trust(spec: Any) -> bool:
    """Whether a file that asks for this has to be trusted: what cannot be read has to be, too."""
    cls = TOOLS.get(spec.get("tool", "")) if isinstance(spec, Mapping) and isinstance(spec.get("tool"), str) else None
    if cls is None:
        return True
    is_safe = bool(cls.safe) and all(spec.get(name) is value for name, value in cls.safe.items())
    return bool(cls.danger) and not is_safe


def _input(asked: Any, cls: type[ToolOptions]) -> str | None:
    if asked is None:
        return cls.principal
    if asked == IGNORE:
        return None
    if not isinstance(asked, str) or asked not in cls.__struct_fields__:
        near = nearest(asked, cls.__struct_fields__) if isinstance(asked, str) else None
        hint = f"did you mean '{near}'?" if near else f"it has {', '.join(cls.__struct_fields__)}; or say {IGNORE}"
        raise SpecError(f"tool {cls.tool}: input names no option: {compact(asked)}; {hint}", "input")
    return asked


def _given(spec: ToolSpec, value: Any) -> dict[str, Any]:
    if value is None or spec.input is None:
        return {}
    if isinstance(value, dict):
        return value
    if not spec.input:
        raise UnfitInput(f"tool {spec.tool} takes an object of options as its input, not {compact(value)[:_SHOWN]}")
    return {spec.input: value}
