"""Blueprints: what to run. Text, files and plain data in, frozen structs out, with the place of every refusal."""

from __future__ import annotations

from flowbench.blueprint.agent_md import read_agent, read_agents
from flowbench.blueprint.defined import NOTEBOOK_PATH, origin
from flowbench.blueprint.drawing import draw
from flowbench.blueprint.errors import (
    BadReference,
    BlueprintError,
    InvalidAgentFile,
    InvalidBlueprint,
    UnfitFunction,
    UnfitInput,
    UnknownFormat,
    UnknownFunction,
    UnreadableFile,
    UnreadableText,
    UntrustedBlueprint,
)
from flowbench.blueprint.excerpt import Spot
from flowbench.blueprint.finding import Finding
from flowbench.blueprint.json_schema import schema
from flowbench.blueprint.linting import lint
from flowbench.blueprint.loader import HasBlueprint, Source, load
from flowbench.blueprint.model import (
    AgentDef,
    AgentKind,
    AgentMeta,
    AgentProfile,
    Algo,
    Blueprint,
    BlueprintMetadata,
    BlueprintOrigin,
    CompilerHints,
    CompilerStrategy,
    File,
    Inline,
    OperatorDef,
    OperatorKind,
    Provenance,
    SpawnerHints,
    dumps,
    parse,
    to_json,
)
from flowbench.blueprint.python_body import is_python, run_body
from flowbench.blueprint.python_function import PythonFunction
from flowbench.blueprint.reader import Document, read
from flowbench.blueprint.registry import Functions, adopt, agent, functions, step_refs
from flowbench.blueprint.secret_names import REFERENCE, secret_names
from flowbench.blueprint.shorthand import expand_paths
from flowbench.blueprint.trusted import (
    command_summary,
    commands,
    is_trusted,
    remember_trust,
    require_trust,
    revoke,
    shown,
    trust,
    trust_hash,
)

__all__ = [
    "NOTEBOOK_PATH",
    "REFERENCE",
    "AgentDef",
    "AgentKind",
    "AgentMeta",
    "AgentProfile",
    "Algo",
    "BadReference",
    "Blueprint",
    "BlueprintError",
    "BlueprintMetadata",
    "BlueprintOrigin",
    "CompilerHints",
    "CompilerStrategy",
    "Document",
    "File",
    "Finding",
    "Functions",
    "HasBlueprint",
    "Inline",
    "InvalidAgentFile",
    "InvalidBlueprint",
    "OperatorDef",
    "OperatorKind",
    "Provenance",
    "PythonFunction",
    "Source",
    "SpawnerHints",
    "Spot",
    "UnfitFunction",
    "UnfitInput",
    "UnknownFormat",
    "UnknownFunction",
    "UnreadableFile",
    "UnreadableText",
    "UntrustedBlueprint",
    "adopt",
    "agent",
    "command_summary",
    "commands",
    "draw",
    "dumps",
    "expand_paths",
    "functions",
    "is_python",
    "is_trusted",
    "lint",
    "load",
    "origin",
    "parse",
    "read",
    "read_agent",
    "read_agents",
    "remember_trust",
    "require_trust",
    "revoke",
    "run_body",
    "schema",
    "secret_names",
    "shown",
    "step_refs",
    "to_json",
    "trust",
    "trust_hash",
]
