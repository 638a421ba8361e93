"""Loader: a Blueprint out of whatever holds one: the text of a cell, a file, plain data, an object that makes one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from flowbench.blueprint.errors import InvalidBlueprint, UnknownFormat, UnreadableFile
from flowbench.blueprint.folder import Folder
from flowbench.blueprint.model import Blueprint, Provenance, parse, parsed_flow
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.plain import copied
from flowbench.blueprint.reader import LIMIT, Document, format_of, read
from flowbench.blueprint.references import expand_references
from flowbench.blueprint.shorthand import expand_paths
from flowbench.blueprint.words import what
from flowbench.flow import Node, Term, to_json
from flowbench.flow.nodes import NODES

_EXTENSIONS = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_FILE_NAME = re.compile(r"(?![{\[])(?!.*:\s)[^\n\r]+\.(?:json|ya?ml)", re.IGNORECASE)


@runtime_checkable
class HasBlueprint(Protocol):
    """Something that can be written as a Blueprint, as flows authored in Python are."""

    def to_blueprint(self) -> Blueprint | Mapping[str, Any]: ...


Source = str | bytes | os.PathLike[str] | Mapping[str, Any] | Blueprint | Node | HasBlueprint
_AUTHORED = "flow"  # the id of a flow made in Python, unless it gets a name


class _How(msgspec.Struct, frozen=True):
    """What `load` was told. source: the file's name, "" without one."""

    name: str | None
    compat: str | None
    folder: Path
    source: str = ""


def load(
    source: Source,
    *,
    format: str | None = None,
    name: str | None = None,
    compat: str | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Blueprint:
    """A Blueprint. bytes and str are text (JSON if it starts with `{`, else YAML); a Path is a file, and so is a str
    that is a file's name alone, like "night.yaml", which no Blueprint can be.

    A flow alone (an object with `kind` and without `flow`, or the node that `flow.seq` and its like return) is taken
    as a Blueprint of that flow. `$file` and `$agent_md` are replaced by what these files hold.
    format: "json" or "yaml"; of a file, its extension unless given. name: the id where the text has none; a flow
    alone in a file takes the file's stem. compat: the flow's dialect. folder: where references are looked up; by
    default where the file is, and for text and data the working directory.
    Raises: UnreadableText, UnreadableFile, UnknownFormat, InvalidBlueprint, InvalidAgentFile; with line and column if
    there was text.
    """
    if isinstance(source, Blueprint):
        return source
    if isinstance(source, str) and format is None and _FILE_NAME.fullmatch(source):
        source = Path(source)
    how = _How(name, compat, Path() if folder is None else Path(folder))
    if isinstance(source, (str, bytes)):
        return _of_document(read(source, format or format_of(source)), how)
    if isinstance(source, os.PathLike):
        path = Path(source)
        return _of_file(path, format, msgspec.structs.replace(how, folder=path.parent) if folder is None else how)
    if isinstance(source, Mapping):
        return _of_data(copied(source), how)
    if isinstance(source, NODES):
        return _of_node(source, name, compat)
    if isinstance(source, HasBlueprint) and not isinstance(source, Term):  # `ctx.x` has every attribute
        return load(_made(source), name=name, compat=compat, folder=folder)
    raise InvalidBlueprint(
        ROOT, f"a Blueprint comes from text, a path, a mapping, a flow or a Blueprint, not {what(source)}"
    )


def _made(source: HasBlueprint) -> Blueprint | Mapping[str, Any]:
    made = source.to_blueprint()
    if not isinstance(made, (Blueprint, Mapping)):
        raise InvalidBlueprint(ROOT, f"{type(source).__name__}.to_blueprint() gave {what(made)}, no Blueprint")
    return made


def _of_node(node: Node, name: str | None, compat: str | None) -> Blueprint:
    """Read like any other, since the structs themselves check nothing."""
    place = under(ROOT, "flow")
    try:
        plain = to_json(node)
    except RecursionError:
        raise InvalidBlueprint(place, "nodes nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise InvalidBlueprint(place, f"a part of it is no JSON: {error}") from None
    return Blueprint(id=_AUTHORED if name is None else name, flow=parsed_flow(plain, place, compat))


def _of_file(path: Path, format: str | None, how: _How) -> Blueprint:
    if format is None:
        format = _EXTENSIONS.get(path.suffix.lower())
        if format is None:
            if path.is_dir():
                raise UnknownFormat("a folder; name the .json, .yaml or .yml file in it", source=str(path))
            shown = path.suffix or "(none)"
            raise UnknownFormat(f"unsupported extension: {shown}; .json, .yaml and .yml are known", source=str(path))
    document = read(_bytes(path), format, source=str(path))
    name = path.stem if how.name is None and is_bare(document.data) else how.name
    blueprint = _of_document(document, msgspec.structs.replace(how, name=name, source=str(path)))
    return msgspec.structs.replace(blueprint, provenance=Provenance(str(path)))


def _bytes(path: Path) -> bytes:
    """The content of a regular file, one byte over the limit at most: the reader refuses it then."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for ever, a device would never end
            raise UnreadableFile("this is no regular file", source=str(path))
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise UnreadableFile(getattr(error, "strerror", None) or str(error), source=str(path)) from error


def _of_document(document: Document, how: _How) -> Blueprint:
    try:
        return _of_data(document.data, how)
    except InvalidBlueprint as error:
        error.source = how.source
        error.spot = document.key_spot(error.place) if error.names_key else document.spot(error.place)
        raise


def _of_data(data: Any, how: _How) -> Blueprint:
    """data is ours to keep."""
    if not isinstance(data, dict):
        raise InvalidBlueprint(ROOT, f"a Blueprint is an object with id and flow, not {what(data)}")
    folder = Folder(how.folder, LIMIT)
    if is_bare(data):
        if how.name is None:
            raise InvalidBlueprint(ROOT, "a flow alone has no id; wrap it as {id: ..., flow: ...} or give a name")
        # Paths first: the text of a file is a value, even if it begins with a $.
        flow = expand_references(expand_paths(data, ROOT), folder)
        return Blueprint(id=how.name, flow=parsed_flow(flow, ROOT, how.compat))
    full = data if how.name is None else {"id": how.name, **data}
    if "flow" in full:
        full = {**full, "flow": expand_paths(full["flow"], under(ROOT, "flow"))}
    return parse(expand_references(full, folder), how.compat)


def is_bare(data: Any) -> bool:
    return isinstance(data, dict) and "flow" not in data and "kind" in data
