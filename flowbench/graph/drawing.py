"""A drawing: nodes, edges and group boxes, as plain frozen data that anyone can build and compare."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flowbench.graph.errors import GraphError

NODE_KINDS = frozenset({"start", "end", "step", "assign", "branch", "fanout", "join", "loop", "try", "catch", "fold"})
EDGE_STYLES = frozenset({"solid", "dashed", "dotted", "bold"})


class Node(msgspec.Struct, frozen=True):
    """One box. id: address such as "2.f.0", unique in its drawing; label, detail: any text, shown cut and escaped.

    hover: what the mouse shows, if that is more than label and detail.
    """

    id: str
    label: str
    kind: str = "step"
    detail: str = ""
    group: str = ""
    hover: str = ""


class Edge(msgspec.Struct, frozen=True):
    """One arrow between two node ids. back: closes a loop and must not push its head below its tail."""

    tail: str
    head: str
    label: str = ""
    style: str = "solid"
    back: bool = False


class Group(msgspec.Struct, frozen=True):
    """One faint box around the nodes and groups that name it: the body of a fan-out, a loop or a try."""

    id: str
    label: str
    parent: str = ""


class Drawing(msgspec.Struct, frozen=True):
    """What a picture shows; hashable.

    Raises: GraphError for an unknown kind or style, an id used twice, an edge or a group that leads nowhere, groups
    that contain each other.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        nodes = _unique("node", (node.id for node in self.nodes))
        groups = _unique("group", (group.id for group in self.groups))
        for node in self.nodes:
            _known("kind", node.kind, NODE_KINDS)
            _known("group", node.group, groups | {""})
        for edge in self.edges:
            _known("edge style", edge.style, EDGE_STYLES)
            _known("node", edge.tail, nodes)
            _known("node", edge.head, nodes)
        _check_nesting(self.groups, groups)


def _unique(what: str, ids: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for id in ids:
        if not id:
            raise GraphError(f"a {what} of the drawing has no id")
        if id in seen:
            raise GraphError(f"the drawing has two {what}s with the id {id!r}")
        seen.add(id)
    return seen


def _known(what: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise GraphError(f"the drawing names the {what} {value!r}, which does not exist")


def _check_nesting(groups: tuple[Group, ...], ids: set[str]) -> None:
    parents = {group.id: group.parent for group in groups}
    settled: set[str] = {""}
    for group in groups:
        _known("group", group.parent, ids | {""})
        trail: list[str] = []
        at = group.id
        while at not in settled:
            if at in trail:
                raise GraphError(f"the group {at!r} of the drawing contains itself")
            trail.append(at)
            at = parents.get(at, "")
        settled.update(trail)
