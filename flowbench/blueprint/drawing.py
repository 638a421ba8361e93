"""Drawing: a Blueprint as boxes and arrows. The id of a box is the address of its node, without branch numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from typing import Any, NamedTuple

from flowbench.blueprint.folding import Folds
from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.phrase import phrase, reading
from flowbench.flow import to_json
from flowbench.graph import Drawing, Edge, Group, Node


class _End(NamedTuple):
    """An arrow that has left its box and waits for the next one."""

    tail: str
    label: str = ""
    style: str = "solid"


class _Part(NamedTuple):
    """One node to draw: its written form, its address, the arrows that come in, the group around it."""

    node: dict[str, Any]
    at: str
    ends: list[_End]
    group: str


# A generator draws one node: it yields its inner nodes, is sent the arrows that leave them, and returns its own. So
# the depth of a flow is the length of a list here and never the depth of Python's stack.
_Pen = Generator[_Part, list[_End], list[_End]]
_Drawn = list[_End] | _Pen  # a node with nothing inside is drawn at once


def draw(blueprint: Blueprint, opened: Collection[str] = ()) -> Drawing:
    """start -> flow -> end. Bodies of fan-outs, loops and tries stand in groups.

    Of a large flow, stretches of its seqs are single boxes of kind "fold", whose id says which: `2.f[25-49]`.
    opened: ids of folds that are to be drawn as what is in them.
    """
    root = to_json(blueprint.flow)
    if root["kind"] != "seq":
        root = {"kind": "seq", "children": [root]}
    sketch = _Sketch(Folds(root, opened))
    sketch.box(Node("start", "start", "start"), [])
    ends = _all(sketch, _Part(root, "", [_End("start")], ""))
    sketch.box(Node("end", "end", "end"), ends)
    return Drawing(tuple(sketch.nodes), tuple(sketch.edges), tuple(sketch.groups), blueprint.id)


class _Sketch:
    """What is drawn so far."""

    def __init__(self, folds: Folds) -> None:
        self.folds = folds
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.groups: list[Group] = []

    def box(self, node: Node, ends: list[_End]) -> list[_End]:
        """Put a box where the arrows lead; the plain arrow that leaves it."""
        self.nodes.append(node)
        self.edges += [Edge(end.tail, node.id, end.label, end.style) for end in ends]
        return [_End(node.id)]

    def grouped(self, group: Group, part: _Part) -> _Pen:
        """Draw a part inside a new group, unless it turns out to hold no box."""
        place, before = len(self.groups), len(self.nodes)
        self.groups.append(group)
        ends = yield part._replace(group=group.id)
        if len(self.nodes) == before:
            del self.groups[place]
        return ends


def _all(sketch: _Sketch, part: _Part) -> list[_End]:
    pens: list[_Pen] = []
    drawn = _PENS[part.node["kind"]](sketch, part)
    while True:
        if isinstance(drawn, list):
            if not pens:
                return drawn
            inner = _next(pens[-1], drawn)
        else:
            pens.append(drawn)
            inner = _next(drawn, None)
        if isinstance(inner, _Part):
            drawn = _PENS[inner.node["kind"]](sketch, inner)
        else:
            pens.pop()
            drawn = inner


def _next(pen: _Pen, ends: list[_End] | None) -> _Part | list[_End]:
    """The next inner node, or what leaves the finished one."""
    try:
        return next(pen) if ends is None else pen.send(ends)
    except StopIteration as finished:
        left: list[_End] = finished.value
        return left


def _step(sketch: _Sketch, part: _Part) -> _Drawn:
    node = part.node
    out = phrase(node["out"])
    detail = f"{reading(node['in'])} → {out}".strip()
    hover = f"{node['ref']} {phrase(node['in'])} → {out}"
    return sketch.box(Node(part.at, node["ref"], "step", detail, part.group, hover), part.ends)


def _assign(sketch: _Sketch, part: _Part) -> _Drawn:
    label = f"{phrase(part.node['at'])} = {phrase(part.node['value'])}"
    return sketch.box(Node(part.at, label, "assign", "", part.group), part.ends)


def _seq(sketch: _Sketch, part: _Part) -> _Pen:
    children = part.node["children"]
    if not children:
        return part.ends
    return (yield from _children(sketch, part, children, 0, len(children) - 1))


def _children(sketch: _Sketch, part: _Part, children: list[Any], first: int, last: int) -> _Pen:
    """Children first..last of a seq, in stretches where there are many."""
    ends = part.ends
    stretches = sketch.folds.stretches(part.at, children, first, last)
    if stretches is None:
        for index in range(first, last + 1):
            ends = yield _Part(children[index], _inside(part.at, str(index)), ends, part.group)
        return ends
    for stretch in stretches:
        place = f"{stretch.first + 1:,} to {stretch.last + 1:,} of {len(children):,}"
        if sketch.folds.is_open(stretch):
            group = part.group
            if stretch.boxes > 1:
                sketch.groups.append(Group(stretch.id, place, part.group))
                group = stretch.id
            inner = part._replace(ends=ends, group=group)
            ends = yield from _children(sketch, inner, children, stretch.first, stretch.last)
        else:
            ends = sketch.box(Node(stretch.id, f"{stretch.boxes:,} nodes", "fold", place, part.group), ends)
    return ends


def _branch(sketch: _Sketch, part: _Part) -> _Pen:
    sketch.box(Node(part.at, phrase(part.node["cond"]), "branch", "", part.group), part.ends)
    yes = yield _Part(part.node["then"], f"{part.at}.t", [_End(part.at, "yes")], part.group)
    no = yield _Part(part.node["else"], f"{part.at}.e", [_End(part.at, "no")], part.group)
    return yes + no


def _fanout(sketch: _Sketch, part: _Part) -> _Pen:
    node = part.node
    head = Node(part.at, f"for each of {phrase(node['items'])}", "fanout", f"as {phrase(node['bind'])}", part.group)
    body = _Part(node["body"], f"{part.at}.f", sketch.box(head, part.ends), "")
    ends = yield from sketch.grouped(Group(body.at, "each item", part.group), body)
    join = Node(f"{part.at}.join", node["join"], "join", f"→ {phrase(node['out'])}", part.group)
    return sketch.box(join, ends)


def _loop(sketch: _Sketch, part: _Part) -> _Pen:
    node = part.node
    detail = f"{phrase(node['counter'])}, max {node['max']:,}"
    head = Node(part.at, f"while {phrase(node['cond'])}", "loop", detail, part.group)
    body = _Part(node["body"], f"{part.at}.i", sketch.box(head, part.ends), "")
    ends = yield from sketch.grouped(Group(body.at, "repeat", part.group), body)
    sketch.edges += [Edge(end.tail, part.at, end.label, end.style, back=True) for end in ends]
    return [_End(part.at, "done")]


def _try(sketch: _Sketch, part: _Part) -> _Pen:
    node = part.node
    detail = f"error → {phrase(node['err_at'])}" if node.get("err_at") is not None else ""
    head = Node(part.at, "try", "try", detail, part.group)
    body = _Part(node["body"], f"{part.at}.b", sketch.box(head, part.ends), "")
    ends = yield from sketch.grouped(Group(body.at, "try", part.group), body)
    catch = _Part(node["catch"], f"{part.at}.c", [_End(part.at, "on error", "dashed")], "")
    caught = yield from sketch.grouped(Group(catch.at, "on error", part.group), catch)
    return ends + caught


def _inside(at: str, segment: str) -> str:
    return f"{at}.{segment}" if at else segment


_PENS: dict[str, Callable[[_Sketch, _Part], _Drawn]] = {
    "step": _step,
    "seq": _seq,
    "branch": _branch,
    "fanout": _fanout,
    "loop": _loop,
    "try": _try,
    "assign": _assign,
    "let": _assign,
}
