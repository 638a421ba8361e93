"""Specs of agents whose work is done elsewhere: by an operator, by a flow of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flowbench.blueprint.errors import BadRequirement, BlueprintError
from flowbench.blueprint.loader import load
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.place import under
from flowbench.blueprint.placeholders import SpecError
from flowbench.blueprint.reader import format_of, read
from flowbench.blueprint.references import AGENT, FILE
from flowbench.blueprint.specs import read_spec
from flowbench.flow import InvalidPath, parse_path


class FlowSpec(msgspec.Struct, frozen=True):
    """blueprint: what runs, None for a stored one. id, version: of a stored one: `latest`, a hash or a requirement.
    out: the path in its final ctx that is the step's answer; None: all of it.
    """

    blueprint: Blueprint | None = None
    id: str = ""
    version: str = "latest"
    out: str | None = None


class FlowFields(msgspec.Struct, frozen=True):
    """Another Blueprint, which runs as a run of its own.

    blueprint: the Blueprint itself, its text, or {"id": ..., "version": ...} of a stored one; version: latest, a hash,
    or a requirement like ^1. out: the path in its final ctx that is the answer; null: the whole ctx.
    """

    blueprint: Any = None
    out: str | None = None


class _Stored(msgspec.Struct, frozen=True):
    id: str
    version: str = "latest"


def read_operator(spec: Any) -> str:
    """`operator_ref`: the name of one of the Blueprint's operators, under which whoever does the work is registered.

    What else the spec says is between its author and the operator. Raises: SpecError.
    Source: mlua-swarm 0.2.1 `OperatorFactory`.
    """
    ref = spec.get("operator_ref") if isinstance(spec, Mapping) else None
    if not isinstance(ref, str):
        raise SpecError("operator spec: 'operator_ref' (string) required")
    return ref


def read_flow(spec: Any) -> FlowSpec:
    """Raises: SpecError, also for a Blueprint in it that cannot be read."""
    given = spec.get("blueprint") if isinstance(spec, Mapping) else None
    if not isinstance(given, Mapping | str):
        raise SpecError("flow spec: 'blueprint' required: a Blueprint, or {id: ..., version: ...} of a stored one")
    fields = read_spec(spec, FlowFields, "flow spec")
    try:
        if fields.out is not None:
            parse_path(fields.out)
    except InvalidPath as error:
        raise SpecError(f"flow spec: out: {error}", "out") from error
    if isinstance(given, Mapping) and "id" in given and given.keys() <= {"id", "version"}:
        return _stored(given, fields.out)
    return FlowSpec(_inline(given), out=fields.out)


def _stored(given: Mapping[str, Any], out: str | None) -> FlowSpec:
    from flowbench.blueprint.versions.selector import selector

    named = read_spec(given, _Stored, "flow spec: blueprint")
    try:
        selector(named.version)
    except BadRequirement as error:
        raise SpecError(f"flow spec: {error}", "blueprint.version") from error
    return FlowSpec(None, named.id, named.version, out)


def _inline(given: Mapping[str, Any] | str) -> Blueprint:
    try:
        data = read(given, format_of(given)).data if isinstance(given, str) else given
        if not isinstance(data, Mapping):
            hint = f'; write {{"{FILE}": "{given}"}} for a file' if isinstance(given, str) and len(given) < 100 else ""
            raise SpecError(f"flow spec: its blueprint is no object with id and flow{hint}", "blueprint")
        if (place := _reference(data)) is not None:
            raise SpecError(
                f"flow spec: a Blueprint inside of another one names no files, and this one does at {place}",
                "blueprint",
            )
        return load(data, name="flow" if "flow" not in data else None)
    except BlueprintError as error:
        raise SpecError(f"flow spec: the Blueprint inside of it: {error}", "blueprint") from error


def _reference(data: Any) -> str | None:
    """The first place of `$file` or `$agent_md`: which folder it would be in nobody could say."""
    work = [(data, "$")]
    while work:
        value, place = work.pop()
        if isinstance(value, Mapping):
            if FILE in value or AGENT in value:
                return place
            work += [(each, under(place, key)) for key, each in value.items()]
        elif isinstance(value, list | tuple):
            work += [(each, under(place, index)) for index, each in enumerate(value)]
    return None
