"""Blueprints: what to run. Text, files and plain data in, frozen structs out, with the place of every refusal."""

from __future__ import annotations

from flowbench.blueprint.drawing import draw
from flowbench.blueprint.errors import (
    BlueprintError,
    InvalidBlueprint,
    UnfitFunction,
    UnfitInput,
    UnknownFormat,
    UnknownFunction,
    UnreadableFile,
    UnreadableText,
)
from flowbench.blueprint.excerpt import Spot
from flowbench.blueprint.loader import HasBlueprint, load
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
    SpawnerHints,
    dumps,
    parse,
    to_json,
)
from flowbench.blueprint.python_function import PythonFunction
from flowbench.blueprint.reader import Document, read
from flowbench.blueprint.registry import Functions, adopt, agent, functions
from flowbench.blueprint.secret_names import REFERENCE, secret_names
from flowbench.blueprint.shorthand import expand_paths

__all__ = [
    "REFERENCE",
    "AgentDef",
    "AgentKind",
    "AgentMeta",
    "AgentProfile",
    "Algo",
    "Blueprint",
    "BlueprintError",
    "BlueprintMetadata",
    "BlueprintOrigin",
    "CompilerHints",
    "CompilerStrategy",
    "Document",
    "File",
    "Functions",
    "HasBlueprint",
    "Inline",
    "InvalidBlueprint",
    "OperatorDef",
    "OperatorKind",
    "PythonFunction",
    "SpawnerHints",
    "Spot",
    "UnfitFunction",
    "UnfitInput",
    "UnknownFormat",
    "UnknownFunction",
    "UnreadableFile",
    "UnreadableText",
    "adopt",
    "agent",
    "draw",
    "dumps",
    "expand_paths",
    "functions",
    "load",
    "parse",
    "read",
    "secret_names",
    "to_json",
]
