"""JSON Schema: what a Blueprint file may hold, for editors: made from the structs, so that the two cannot differ.

It describes the written form with its shorthand, `$file` and `$agent_md`. It cannot say everything: how deep nodes may
nest, that a text fits into memory, that a step's agent is there.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from flowbench.blueprint.model import SCHEMA_VERSION, SEMVER, AgentDef, Blueprint
from flowbench.blueprint.outer_specs import AgentBlockSpec, FlowFields, NotebookSpec
from flowbench.blueprint.references import AGENT, FILE
from flowbench.blueprint.secret_names import REFERENCE
from flowbench.blueprint.shape import UNSIGNED, ReadBy, Record, Unsigned, written_fields
from flowbench.blueprint.specs import CHOICES, CommandSpec, LuaSpec
from flowbench.blueprint.tool_options import TOOLS
from flowbench.blueprint.tool_specs import IGNORE
from flowbench.flow import nodes

Schema = dict[str, Any]
ID = f"urn:flowbench:blueprint:{SCHEMA_VERSION}"
PATH = r'^(\$|ctx)(\.[^.\[]+|\["(?!"\])((?!"\])[\s\S])+"\])*$'
SPECS: dict[str, type[msgspec.Struct]] = {
    "agent_block": AgentBlockSpec,
    "flow": FlowFields,
    "lua": LuaSpec,
    "notebook": NotebookSpec,
    "subprocess": CommandSpec,
}
TAKES = "The option that takes a step's input which is no object."
_EXPECTED = "A value read from the ctx, a literal, or an operation. Short: `$.a` or `ctx.a` for a path."


def schema() -> Schema:
    """The schema (draft 2020-12) of a Blueprint, or of a flow alone. A new dict each time."""
    made: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "flowbench Blueprint",
        "description": "What one piece of work does: a flow, and the agents that its steps name.",
        "type": "object",
        # A flow alone is told from a Blueprint as the loader does it.
        "if": {"required": ["kind"], "not": {"required": ["flow"]}},
        "then": _ref("Node"),
        "else": _ref("Blueprint"),
    }
    return {**made, "$defs": {**_language(), **_records(Blueprint)}}


def _language() -> dict[str, Schema]:
    """Nodes and expressions."""
    kinds, operations = _tagged(nodes.NODES, "kind"), _tagged(nodes.EXPRESSIONS, "op")
    short = {"type": "string", "pattern": PATH, "description": "A path, short for {op: path, at: ...}."}
    secret = {"type": "string", "pattern": f"^(?:{REFERENCE.pattern})$", "description": "A secret by its name."}
    return {
        "Node": {"description": "One part of a flow; `kind` says which.", **_one_of(kinds, "kind")},
        "Expr": {"description": _EXPECTED, "anyOf": [_one_of(operations, "op"), short, secret]},
        "PathText": {"type": "string", "pattern": PATH, "description": 'A place in the ctx: `$.a.b`, `ctx.a["b c"]`.'},
        "FileText": {
            "description": "The text of a file beside the Blueprint.",
            "type": "object",
            "properties": {FILE: {"type": "string", "minLength": 1}},
            "required": [FILE],
            "additionalProperties": False,
        },
        "Text": {"anyOf": [{"type": "string"}, _ref("FileText")]},
        **kinds,
        **operations,
    }


def _one_of(definitions: Iterable[str], tag: str) -> Schema:
    """Which of them it is, its tag says. With `oneOf` a reader would try them all, at every level of nesting."""
    words = {name: name.removeprefix(f"{tag}_") for name in definitions}
    chosen = [
        {"if": {"required": [tag], "properties": {tag: {"const": word}}}, "then": _ref(name)}
        for name, word in words.items()
    ]
    known: Schema = {tag: {"enum": list(words.values())}}
    return {"type": "object", "required": [tag], "properties": known, "allOf": chosen}


def _tagged(structs: Iterable[type[msgspec.Struct]], tag: str) -> dict[str, Schema]:
    made = {}
    for struct in structs:
        word = str(struct.__struct_config__.tag)
        properties: Schema = {tag: {"const": word}}
        required = [tag]
        about = told(struct)
        for field in msgspec.structs.fields(struct):
            properties[field.encode_name] = _described(_member(struct, field), about.get(field.encode_name))
            if field.required:
                required.append(field.encode_name)
        made[f"{tag}_{word}"] = _object(struct, properties, required)
    return made


def _member(struct: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> Schema:
    if field.type is str:
        return _ref("PathText") if field.name == "at" else {"type": "string"}
    return next(rule() for type_, rule in _MEMBERS if field.type == type_)


_MEMBERS: tuple[tuple[Any, Callable[[], Schema]], ...] = (
    (nodes.Expr, lambda: _ref("Expr")),
    (nodes.Expr | None, lambda: {"anyOf": [_ref("Expr"), {"type": "null"}]}),
    (tuple[nodes.Expr, ...], lambda: {"type": "array", "items": _ref("Expr")}),
    (nodes.Node, lambda: _ref("Node")),
    (tuple[nodes.Node, ...], lambda: {"type": "array", "items": _ref("Node")}),
    (int, lambda: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}),
    (nodes.JoinMode, lambda: {"enum": list(get_args(nodes.JoinMode))}),
    (Any, dict),
)


def _records(top: type[Record]) -> dict[str, Schema]:
    """The schema of a record and of all records inside it."""
    made: dict[str, Schema] = {}
    work = [top]
    while work:
        cls = work.pop(0)
        if cls.__name__ in made:
            continue
        about = told(cls)
        properties: Schema = {}
        required = []
        tag = cls.__struct_config__.tag
        if tag is not None:
            properties["kind"] = {"const": tag}
            required.append("kind")
        for field, hint in written_fields(cls):
            inner, records = _of_hint(hint)
            work += records
            properties[field.encode_name] = _described(inner, about.get(field.encode_name))
            if field.required:
                required.append(field.encode_name)
        made[cls.__name__] = _object(cls, properties, required)
        if tag is not None:
            del made[cls.__name__]["additionalProperties"]  # provenance: later versions may say more
    made["AgentFile"] = _agent_file(made[AgentDef.__name__])
    specs = {kind: cls.__name__ for kind, cls in SPECS.items()} | {"tool": "ToolSpec"}
    made[AgentDef.__name__]["allOf"] = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": {"spec": _ref(name)}}}
        for kind, name in specs.items()
    ]
    return made | {cls.__name__: _spec(cls) for cls in SPECS.values()} | _tools()


def _tools() -> dict[str, Schema]:
    """The spec of kind `tool`, and of each tool."""
    made = {}
    for name, cls in TOOLS.items():
        each = _spec(cls)
        takes = {"description": TAKES, "enum": [*each["properties"], IGNORE, None]}
        made[f"tool_{name}"] = {**each, "properties": {"tool": {"const": name}, "input": takes, **each["properties"]}}
    return {"ToolSpec": _one_of(made, "tool"), **made}


def _spec(cls: type[msgspec.Struct]) -> Schema:
    """Null is as good as absent, for each field."""
    properties: Schema = {}
    about = told(cls)
    for field in msgspec.structs.fields(cls):
        hint = {"enum": list(CHOICES[field.name])} if field.name in CHOICES else _of_hint(field.type)[0]
        choices = [each for each in hint.get("anyOf", [hint]) if each != {"type": "null"}]
        properties[field.name] = _described({"anyOf": [*choices, {"type": "null"}]}, about.get(field.name))
    return _object(cls, properties, [])


def _agent_file(agent: Schema) -> Schema:
    properties = {AGENT: {"type": "string", "minLength": 1, "description": "A Markdown file with an agent."}}
    return {
        "description": "An agent out of a Markdown file; every field beside it replaces the agent's own.",
        "type": "object",
        "properties": {**properties, **agent["properties"]},
        "required": [AGENT],
        "additionalProperties": False,
    }


def _of_hint(hint: Any) -> tuple[Schema, list[type[Record]]]:
    """The schema of an annotation, and the records it names."""
    marks = getattr(hint, "__metadata__", ())
    if any(isinstance(mark, ReadBy) for mark in marks):
        plain = get_args(hint)[0]
        return ({"type": "string", "pattern": f"^(?:{SEMVER.pattern})$"} if plain is str else _ref("Node")), []
    if marks:
        inner, records = _of_hint(get_args(hint)[0])
        if Unsigned in marks:
            _whole(inner)
        return inner, records
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}, []
    if hint is type(None):
        return {"type": "null"}, []
    if origin in (Union, types.UnionType):
        members = [_of_hint(each) for each in arguments]
        return {"anyOf": [inner for inner, _ in members]}, [record for _, records in members for record in records]
    if origin is Literal:
        return {"enum": list(arguments)}, []
    if origin is tuple:
        inner, records = _of_hint(arguments[0])
        if AgentDef in records:
            inner = {"anyOf": [inner, _ref("AgentFile")]}
        return {"type": "array", "items": inner}, records
    if origin is dict:
        inner, records = _of_hint(arguments[1])
        return {"type": "object", "additionalProperties": inner}, records
    if issubclass(hint, Record):
        return _ref(hint.__name__), [hint]
    if issubclass(hint, msgspec.Struct):
        return _spec(hint), []
    if issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}, []
    return {
        str: _ref("Text"),
        bytes: {"type": "string"},
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        float: {"type": "number"},
    }[hint], []


def _whole(inner: Schema) -> None:
    for each in inner.get("anyOf", [inner]):
        if each.get("type") == "integer":
            each.update(minimum=0, maximum=UNSIGNED)


def _object(cls: type, properties: Schema, required: list[str]) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    about = told(cls).get("")
    return {"description": about, **made} if about else made


def _described(inner: Schema, told: str | None) -> Schema:
    return {"description": told, **inner} if told else inner


def told(cls: type) -> dict[str, str]:
    """What a docstring says about each field (`name: text.`), and under "" what it says first."""
    text = " ".join((inspect.cleandoc(cls.__dict__.get("__doc__") or "")).split())
    parts = re.split(r"(?:(?<=\. )|^)(\w+): ", text)
    # msgspec writes the signature into the docstring of a struct that has none
    told = {"": parts[0].strip()} if not text.startswith(f"{cls.__name__}(") else {}
    return told | {name: said.strip() for name, said in zip(parts[1::2], parts[2::2], strict=True)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
