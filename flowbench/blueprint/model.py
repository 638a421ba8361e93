"""Model: a Blueprint says what one piece of work does: a flow, and the agents that its steps name.

The structs are the wire format: field order is the written order, wire names stand in the fields and nowhere else.
Source: mlua-swarm-schema 0.2.1; `python_fn`, `flow` and `notebook` are added to its closed set of agent kinds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from flowbench.blueprint.errors import InvalidBlueprint
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.shape import Omitted, ReadBy, Record, Unsigned, Unwritten, from_plain, to_plain
from flowbench.blueprint.words import what
from flowbench.flow import Node, ParseError
from flowbench.flow import parse as parse_flow
from flowbench.flow import to_json as flow_to_json

SCHEMA_VERSION = "0.1.0"
BODY = "body"
_PART = r"(?:0|[1-9][0-9]*)"
_LABEL = rf"(?:{_PART}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
SEMVER = re.compile(rf"{_PART}\.{_PART}\.{_PART}(?:-{_LABEL}(?:\.{_LABEL})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")


class AgentKind(StrEnum):
    """Who does an agent's work. python_fn: a function registered with @agent, `spec = {"fn_id": its id}`.

    flow: another Blueprint, as a run of its own. notebook: a notebook with parameters. tool: one of our own tools.
    """

    LUA = "lua"
    RUST_FN = "rust_fn"
    AGENT_BLOCK = "agent_block"
    SUBPROCESS = "subprocess"
    OPERATOR = "operator"
    PYTHON_FN = "python_fn"
    FLOW = "flow"
    NOTEBOOK = "notebook"
    TOOL = "tool"


class OperatorKind(StrEnum):
    """How an operator takes part."""

    MAIN_AI = "main_ai"
    AUTOMATE = "automate"
    COMPOSITE = "composite"


class LintLevel(StrEnum):
    """What becomes of a finding of lint. allow: nothing is said. warn: a warning. deny: an error."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


class Verdict(Record, frozen=True):
    """What an agent may answer. values: texts, compared without blanks around them; one that differs only in case is
    taken as it stands here. channel: body: the step's output is the verdict. Else the name of a part: then the step
    writes `{"out": output, "parts": {name: value}}`, so that a condition reads `$.step.parts.name`.
    """

    values: tuple[str, ...]
    channel: str = BODY


class AgentProfile(Record, frozen=True):
    """Who an agent is. version_hash: blake3 hex of system_prompt. extras: whatever else its author wrote down."""

    system_prompt: str = ""
    model: str | None = None
    effort: str | None = None
    tools: tuple[str, ...] = ()
    description: str | None = None
    extras: Any = None
    version_hash: str | None = None
    worker_binding: Annotated[str | None, Omitted] = None


class AgentMeta(Record, frozen=True):
    description: str | None = None
    version: str | None = None
    tags: tuple[str, ...] = ()


class AgentDef(Record, frozen=True):
    """One agent: steps name it in `ref`. spec: whatever its kind needs.

    verdict: the only answers it may give. skip_on: answers that mean `does not apply`: the step is skipped. lint:
    rule -> level, for what it finds at this agent and its steps.
    """

    name: str
    kind: AgentKind
    spec: Any = None
    profile: AgentProfile | None = None
    meta: AgentMeta | None = None
    verdict: Annotated[Verdict | None, Omitted] = None
    skip_on: Annotated[tuple[Any, ...] | None, Omitted] = None
    lint: Annotated[dict[str, LintLevel] | None, Omitted] = None


class OperatorDef(Record, frozen=True):
    """A role that a person or a main AI fills; agents of kind `operator` name it in `spec.operator_ref`."""

    name: str
    display_name: str | None = None
    kind: OperatorKind | None = None
    spec: Any = None
    profile: AgentProfile | None = None
    meta: AgentMeta | None = None


class CompilerHints(Record, frozen=True):
    """Hints for whoever builds agents. per_agent: agent name -> any."""

    per_agent: dict[str, Any] = msgspec.field(default_factory=dict)
    global_: Any = msgspec.field(default=None, name="global")


class CompilerStrategy(Record, frozen=True):
    """strict_refs: every step's ref needs an agent. strict_kind: every agent's kind needs somebody who can run it."""

    strict_refs: bool = True
    strict_kind: bool = True


class Inline(Record, frozen=True, tag_field="kind", tag="inline"):
    """Written where it is used: a cell, a request."""


class File(Record, frozen=True, tag_field="kind", tag="file"):
    path: str


class Algo(Record, frozen=True, tag_field="kind", tag="algo"):
    """Made by a program. session_id: which one of its sessions."""

    session_id: str


BlueprintOrigin = Inline | File | Algo


class BlueprintMetadata(Record, frozen=True):
    """default_run_ttl_secs: seconds that a run may take unless the launch says otherwise."""

    description: str | None = None
    origin: BlueprintOrigin = Inline()
    tags: tuple[str, ...] = ()
    version_label: Annotated[str | None, Omitted] = None
    project_name_alias: Annotated[str | None, Omitted] = None
    default_run_ttl_secs: Annotated[int | None, Omitted, Unsigned] = None


class SpawnerHints(Record, frozen=True):
    """layers: names of what has to surround every step, the last one outermost."""

    layers: tuple[str, ...] = ()


class Provenance(msgspec.Struct, frozen=True, eq=False):
    """Where a Blueprint was read. file: its name. run: id of the run that recorded it. store: which one, in words.
    "" where that is not so.

    All are equal, so that two Blueprints are equal whenever they are written alike.
    """

    file: str = ""
    run: str = ""
    store: str = ""

    @property
    def is_value(self) -> bool:
        """The text of a cell, or something that Python made."""
        return not (self.file or self.run or self.store)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Provenance)

    def __hash__(self) -> int:
        return hash(Provenance)


def _version(value: Any, place: str) -> str:
    if not isinstance(value, str) or not SEMVER.fullmatch(value):
        raise InvalidBlueprint(place, f'expected a version like "{SCHEMA_VERSION}", not {what(value)}')
    return value


def _flow(value: Any, place: str) -> Node:
    if isinstance(value, msgspec.Struct):  # parse() has read it already, in the dialect that was asked for
        node: Node = value  # type: ignore[assignment]
        return node
    return parsed_flow(value, place, None)


def parsed_flow(value: Any, place: str, compat: str | None) -> Node:
    """The node tree of plain data. Raises: InvalidBlueprint."""
    try:
        return parse_flow(value, compat, root=place)
    except ParseError as error:
        if error.field is None:
            raise InvalidBlueprint(error.place, error.message) from error
        raise InvalidBlueprint(under(error.place, error.field), error.message, names_key=True) from error


class Blueprint(Record, frozen=True, kw_only=True):
    """What to run: `flow` says the order, `agents` who does each step. lint: rule -> level, for the whole of it."""

    schema_version: Annotated[str, ReadBy(_version, str)] = SCHEMA_VERSION
    id: str
    flow: Annotated[Node, ReadBy(_flow, flow_to_json)]
    agents: tuple[AgentDef, ...] = ()
    operators: tuple[OperatorDef, ...] = ()
    hints: CompilerHints = CompilerHints()
    strategy: CompilerStrategy = CompilerStrategy()
    metadata: BlueprintMetadata = BlueprintMetadata()
    spawner_hints: SpawnerHints = SpawnerHints()
    default_agent_kind: AgentKind = AgentKind.OPERATOR
    default_operator_kind: Annotated[OperatorKind | None, Omitted] = None
    lint: Annotated[dict[str, LintLevel] | None, Omitted] = None
    provenance: Annotated[Provenance, Unwritten] = Provenance()


def parse(data: Mapping[str, Any], compat: str | None = None) -> Blueprint:
    """A Blueprint out of plain data in its full written form. No file is read: `$file` and the like are data here.

    compat: the flow's dialect. Raises: InvalidBlueprint.
    """
    if isinstance(data, Mapping) and "flow" in data:
        data = {**data, "flow": parsed_flow(data["flow"], under(ROOT, "flow"), compat)}
    return from_plain(Blueprint, data, ROOT)


def to_json(blueprint: Blueprint) -> dict[str, Any]:
    """The plain data of a Blueprint: every field in its order, the flow in its full form."""
    return to_plain(blueprint)


def dumps(blueprint: Blueprint) -> str:
    """Canonical JSON: equal Blueprints give equal text. Keys are sorted, there are no spaces."""
    return msgspec.json.encode(to_plain(blueprint), order="sorted").decode()
