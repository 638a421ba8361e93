"""Specs of agents whose work is done elsewhere: by an operator, a language model, a notebook, a flow of their own."""

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
from flowbench.blueprint.specs import check_time, read_spec
from flowbench.flow import InvalidPath, parse_path


class McpServerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program that offers tools over its stdin and stdout."""

    name: str
    command: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str | None = None


class AgentBlockSpec(msgspec.Struct, frozen=True):
    """A language model, which the profile names: model, system prompt, tools.

    project_root: the folder MCP servers start in. script_path: of the agent-block SDK, which nothing here runs.
    mcp_rpc_timeout_ms: that a server may take for one answer. mcp_servers: programs that offer tools; those start of
    which `profile.tools` names a tool as mcp__<name>__<tool>. fold: how text becomes JSON, as for a program.
    timeout: seconds. max_requests: that one step may send to the model.
    """

    project_root: str | None = None
    script_path: str | None = None
    mcp_rpc_timeout_ms: int = 30000
    mcp_servers: tuple[McpServerSpec, ...] = ()
    fold: str | None = None
    timeout: float | None = None
    max_requests: int = 50


class NotebookSpec(msgspec.Struct, frozen=True):
    """A notebook, executed from top to bottom; the step's input is its parameters.

    path: from the folder of the Blueprint's file, else from the working directory; the kernel starts there. timeout:
    seconds for the whole, cell_timeout: for each cell. kernel: an installed one; null: this Python. secrets:
    environment variables that it reads, whose values never reach the executed notebook.
    """

    path: str
    timeout: float | None = None
    cell_timeout: float | None = None
    kernel: str | None = None
    secrets: tuple[str, ...] = ()


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


def read_agent_block(spec: Any) -> AgentBlockSpec:
    """Raises: SpecError. Source: mlua-swarm 0.2.1 `AgentBlockFactory`; fold, timeout and max_requests are ours."""
    if spec is not None and not isinstance(spec, Mapping):
        raise SpecError("agent_block spec: an object, or nothing at all")
    block = read_spec(spec or {}, AgentBlockSpec, "agent_block spec")
    if block.script_path is not None:
        raise SpecError(
            "agent_block spec: script_path is a script of the agent-block SDK, which nothing here runs; kind lua or "
            "subprocess runs scripts",
            "script_path",
        )
    check_time(block.timeout, "agent_block spec")
    for name in ("mcp_rpc_timeout_ms", "max_requests"):
        if getattr(block, name) < 1:
            raise SpecError(f"agent_block spec: {name} is a number from 1 on, not {getattr(block, name)}", name)
    names = [each.name for each in block.mcp_servers]
    for index, each in enumerate(block.mcp_servers):
        if not each.name or "__" in each.name or names.index(each.name) != index:
            raise SpecError(
                f"agent_block spec: mcp_servers[{index}] needs a name of its own, without two underscores in a row",
                f"mcp_servers[{index}].name",
            )
    return block


def read_notebook(spec: Any) -> NotebookSpec:
    """Raises: SpecError."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("path"), str) or not spec["path"]:
        raise SpecError("notebook spec: 'path' (string) required: the notebook to execute")
    notebook = read_spec(spec, NotebookSpec, "notebook spec")
    check_time(notebook.timeout, "notebook spec")
    if notebook.cell_timeout is not None:
        check_time(notebook.cell_timeout, "notebook spec: cell_timeout")
    if "\0" in notebook.path:
        raise SpecError("notebook spec: a path holds no NUL character", "path")
    for index, name in enumerate(notebook.secrets):
        if not name.isidentifier():
            raise SpecError(
                f"notebook spec: secrets[{index}] is no name of an environment variable", f"secrets[{index}]"
            )
    return notebook
