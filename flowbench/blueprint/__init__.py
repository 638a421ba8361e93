"""Blueprints: what to run. Text, files and plain data in, frozen structs out, with the place of every refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.blueprint.agent_md import read_agent, read_agents
from flowbench.blueprint.defined import NOTEBOOK_PATH, origin
from flowbench.blueprint.errors import (
    Archived,
    BadPatch,
    BadReference,
    BadRequirement,
    BlueprintError,
    BlueprintStoreError,
    HashMismatch,
    HeadEmpty,
    HeadMoved,
    IdNotFound,
    InvalidAgentFile,
    InvalidBlueprint,
    InvalidLayout,
    InvalidVersionLabel,
    LintRefused,
    LockBusy,
    NotCanonical,
    NoVersionMatches,
    UnfitFunction,
    UnfitId,
    UnfitInput,
    UnknownFormat,
    UnknownFunction,
    UnknownRule,
    UnreadableFile,
    UnreadableText,
    UntrustedBlueprint,
    VersionNotFound,
)
from flowbench.blueprint.excerpt import Spot
from flowbench.blueprint.hashes import content_hash, text_hash
from flowbench.blueprint.hints import hint_names
from flowbench.blueprint.loader import HasBlueprint, Source, load
from flowbench.blueprint.lua_registry import LuaScripts, lua_host, lua_script, lua_scripts
from flowbench.blueprint.model import (
    BODY,
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
    LintLevel,
    OperatorDef,
    OperatorKind,
    Provenance,
    SpawnerHints,
    Verdict,
    dumps,
    parse,
    to_json,
)
from flowbench.blueprint.outer_specs import (
    AgentBlockSpec,
    FlowSpec,
    McpServerSpec,
    read_agent_block,
    read_flow,
    read_operator,
)
from flowbench.blueprint.place import under
from flowbench.blueprint.placeholders import Part, Slot, SpecError, placeholders
from flowbench.blueprint.python_function import PythonFunction
from flowbench.blueprint.reader import Document, read
from flowbench.blueprint.registry import Functions, adopt, agent, functions, step_refs
from flowbench.blueprint.secret_names import REFERENCE, secret_names
from flowbench.blueprint.shorthand import expand_paths
from flowbench.blueprint.specs import FOLDS, MODES, CommandSpec, LuaSpec, read_command, read_lua, templates
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
from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.blueprint.drawing import draw
    from flowbench.blueprint.json_patch import apply_patch
    from flowbench.blueprint.json_schema import schema
    from flowbench.blueprint.linting import lint
    from flowbench.blueprint.mending import fixed, located
    from flowbench.blueprint.python_body import is_python, run_body
    from flowbench.blueprint.versions.frames import history_frame
    from flowbench.blueprint.versions.git import GitStore
    from flowbench.blueprint.versions.memory import MemoryStore
    from flowbench.blueprint.versions.selector import (
        Fixed,
        Latest,
        SemverReq,
        VersionSelector,
        highest,
        resolve,
        selector,
    )
    from flowbench.blueprint.versions.semver import Requirement, Version, parse_requirement, parse_version
    from flowbench.blueprint.versions.store import BlueprintStore
    from flowbench.blueprint.versions.traced import ZERO_HASH, CommitMetadata, Entry, EpochId, Git, Trace, Traced

__all__ = [
    "BODY",
    "FOLDS",
    "MODES",
    "NOTEBOOK_PATH",
    "REFERENCE",
    "ZERO_HASH",
    "AgentBlockSpec",
    "AgentDef",
    "AgentKind",
    "AgentMeta",
    "AgentProfile",
    "Algo",
    "Archived",
    "BadPatch",
    "BadReference",
    "BadRequirement",
    "Blueprint",
    "BlueprintError",
    "BlueprintMetadata",
    "BlueprintOrigin",
    "BlueprintStore",
    "BlueprintStoreError",
    "CommandSpec",
    "CommitMetadata",
    "CompilerHints",
    "CompilerStrategy",
    "Document",
    "Entry",
    "EpochId",
    "File",
    "Fixed",
    "FlowSpec",
    "Functions",
    "Git",
    "GitStore",
    "HasBlueprint",
    "HashMismatch",
    "HeadEmpty",
    "HeadMoved",
    "IdNotFound",
    "Inline",
    "InvalidAgentFile",
    "InvalidBlueprint",
    "InvalidLayout",
    "InvalidVersionLabel",
    "Latest",
    "LintLevel",
    "LintRefused",
    "LockBusy",
    "LuaScripts",
    "LuaSpec",
    "McpServerSpec",
    "MemoryStore",
    "NoVersionMatches",
    "NotCanonical",
    "OperatorDef",
    "OperatorKind",
    "Part",
    "Provenance",
    "PythonFunction",
    "Requirement",
    "SemverReq",
    "Slot",
    "Source",
    "SpawnerHints",
    "SpecError",
    "Spot",
    "Trace",
    "Traced",
    "UnfitFunction",
    "UnfitId",
    "UnfitInput",
    "UnknownFormat",
    "UnknownFunction",
    "UnknownRule",
    "UnreadableFile",
    "UnreadableText",
    "UntrustedBlueprint",
    "Verdict",
    "Version",
    "VersionNotFound",
    "VersionSelector",
    "adopt",
    "agent",
    "apply_patch",
    "command_summary",
    "commands",
    "content_hash",
    "draw",
    "dumps",
    "expand_paths",
    "fixed",
    "functions",
    "highest",
    "hint_names",
    "history_frame",
    "is_python",
    "is_trusted",
    "lint",
    "load",
    "located",
    "lua_host",
    "lua_script",
    "lua_scripts",
    "origin",
    "parse",
    "parse_requirement",
    "parse_version",
    "placeholders",
    "read",
    "read_agent",
    "read_agent_block",
    "read_agents",
    "read_command",
    "read_flow",
    "read_lua",
    "read_operator",
    "remember_trust",
    "require_trust",
    "resolve",
    "revoke",
    "run_body",
    "schema",
    "secret_names",
    "selector",
    "shown",
    "step_refs",
    "templates",
    "text_hash",
    "to_json",
    "trust",
    "trust_hash",
    "under",
]

# What only an author needs is loaded when it is first used: a launch neither draws nor lints.
__getattr__ = front(
    "flowbench.blueprint",
    {
        "drawing": ("draw",),
        "json_patch": ("apply_patch",),
        "json_schema": ("schema",),
        "linting": ("lint",),
        "mending": ("fixed", "located"),
        "python_body": ("is_python", "run_body"),
        "versions.frames": ("history_frame",),
        "versions.git": ("GitStore",),
        "versions.memory": ("MemoryStore",),
        "versions.selector": ("Fixed", "Latest", "SemverReq", "VersionSelector", "highest", "resolve", "selector"),
        "versions.semver": ("Requirement", "Version", "parse_requirement", "parse_version"),
        "versions.store": ("BlueprintStore",),
        "versions.traced": ("CommitMetadata", "Entry", "EpochId", "Git", "Trace", "Traced", "ZERO_HASH"),
    },
)
