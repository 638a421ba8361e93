"""References: `$file` and `$agent_md` in a Blueprint are replaced by what the files hold.

`{"$file": "notes.md"}`, an object of that one key, is the text of the file; it may stand anywhere, inside `lit` too.
`{"$agent_md": "agents/judge.md", ...}` is the agent of that file; each key beside it replaces the agent's own.
Paths are relative to the Blueprint's folder, stay inside it, and lead through no link. What a file holds is not read
for further references, so that there are no cycles.
Source: mlua-swarm 0.2.1 loader.
"""

from __future__ import annotations

from typing import Any

from flowbench.blueprint.agent_md import read_agent
from flowbench.blueprint.errors import BadReference, InvalidAgentFile, InvalidBlueprint
from flowbench.blueprint.folder import Folder, Refused
from flowbench.blueprint.model import AgentKind
from flowbench.blueprint.place import ROOT, under
from flowbench.blueprint.shape import to_plain
from flowbench.blueprint.words import what

FILE, AGENT = "$file", "$agent_md"

_Slot = tuple[Any, Any, str]  # a list or object, the index or key in it, its place


def expand_references(data: dict[str, Any], folder: Folder) -> dict[str, Any]:
    """`data` with every reference replaced; lists and objects that hold none may be shared with it.

    Raises: BadReference, InvalidAgentFile.
    """
    kind = _default_kind(data)
    top: list[Any] = [data]
    work: list[_Slot] = [(top, 0, ROOT)]
    while work:
        holder, key, place = work.pop()
        value = holder[key]
        if isinstance(value, dict) and FILE in value:
            holder[key] = _text(value, place, folder)
        elif isinstance(value, dict):
            holder[key] = made = _agent(value, kind, place, folder) if AGENT in value else dict(value)
            own = [each for each in value if each != AGENT]  # what the agent's file says is not looked into
            work += [(made, name, under(place, name)) for name in reversed(own)]
        elif isinstance(value, list):
            holder[key] = made_list = list(value)
            work += [(made_list, index, under(place, index)) for index in reversed(range(len(value)))]
    expanded: dict[str, Any] = top[0]
    return expanded


def _default_kind(data: dict[str, Any]) -> AgentKind:
    """What the Blueprint says, or `operator`; nonsense is refused later, with its place."""
    return _kind(data.get("default_agent_kind")) or AgentKind.OPERATOR


def _kind(word: Any) -> AgentKind | None:
    return next((kind for kind in AgentKind if kind.value == word), None)


def _text(reference: dict[str, Any], place: str, folder: Folder) -> str:
    path = _path(reference, FILE, place)
    if len(reference) > 1:
        other = next(key for key in reference if key != FILE)
        raise InvalidBlueprint(under(place, other), f'"{FILE}" stands alone in its object', names_key=True)
    try:
        return folder.text(path)
    except Refused as error:
        raise BadReference(place, FILE, path, str(error)) from error


def _agent(reference: dict[str, Any], default: AgentKind, place: str, folder: Folder) -> dict[str, Any]:
    path = _path(reference, AGENT, place)
    kind = _kind(reference.get("kind")) or default
    try:
        agent = read_agent(folder.text(path), kind, str(folder.path / path))
    except Refused as error:
        raise BadReference(place, AGENT, path, str(error)) from error
    except InvalidAgentFile as error:
        error.place = place
        raise
    return {**to_plain(agent), **{key: each for key, each in reference.items() if key != AGENT}}


def _path(reference: dict[str, Any], name: str, place: str) -> str:
    path = reference[name]
    if not isinstance(path, str):
        raise InvalidBlueprint(under(place, name), f"{name} names a file, as a text, not {what(path)}")
    return path
