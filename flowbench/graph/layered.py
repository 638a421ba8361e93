"""Layered: the last resort, a plain SVG of our own that needs neither Graphviz nor any other library."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from itertools import pairwise

from flowbench.graph.drawing import Drawing, Edge, Node
from flowbench.graph.labels import EDGE_LABEL_LENGTH, GROUP_LABEL_LENGTH, element_id, tidy, width
from flowbench.graph.look import (
    BOLD,
    DETAIL_SIZE,
    FONT,
    GROUP_FILL,
    GROUP_OPACITY,
    INK,
    LABEL_SIZE,
    LINE,
    LINE_HEIGHT,
    LOOKS,
    Box,
    Look,
)
from flowbench.graph.placing import Placement, Point, place

_ARROW = 6.0
_DASHES = {"dashed": "5,3", "dotted": "1,3"}
_MOST_GROUP_CHECKS = 1_000_000  # boxes x nodes


def layered(drawing: Drawing) -> str:
    """SVG with the same node ids and looks as Graphviz's."""
    placed = place(drawing)
    index = {node.id: number for number, node in enumerate(drawing.nodes)}
    edges, left, right = [], 0.0, placed.width + (40.0 if any(placed.upward) else 0.0)
    for number, edge in enumerate(drawing.edges):
        text, start, end = _edge(edge, placed, number, index[edge.tail], index[edge.head])
        edges.append(text)
        left, right = min(left, start), max(right, end)
    nodes = [_node(*of) for of in zip(drawing.nodes, placed.centres, placed.boxes, strict=True)]
    extent = f"{left:.1f} 0 {right - left:.1f} {placed.height:.1f}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{extent}"><g class="graph">'
    return "\n".join([head, *_groups(drawing, placed), *edges, *nodes, "</g></svg>"])


def _node(node: Node, centre: Point, box: Box) -> str:
    look = LOOKS[node.kind]
    first = centre.y - LINE_HEIGHT * (len(box.lines) - 1) / 2 + LABEL_SIZE * 0.35 + _lowered(look)
    texts = [
        _text(line, Point(centre.x, first + number * LINE_HEIGHT), LABEL_SIZE, INK)
        for number, line in enumerate(box.lines)
    ]
    inner = "\n".join([_shape(look, centre, box), *texts])
    return f'<g id="{escape(element_id(node.id))}" class="node {node.kind}">\n{inner}\n</g>'


def _lowered(look: Look) -> float:
    return {"house": 4.0, "invhouse": -4.0}.get(look.shape, 0.0)


def _shape(look: Look, centre: Point, box: Box) -> str:
    paint = f'fill="{look.fill}" stroke="{look.stroke}"'
    half, tall = box.width / 2, box.height / 2
    left, right, top, bottom = centre.x - half, centre.x + half, centre.y - tall, centre.y + tall
    if look.shape in ("circle", "doublecircle"):
        ring = f'<circle cx="{centre.x:.1f}" cy="{centre.y:.1f}" r="{half:.1f}" fill="none" stroke="{look.stroke}"/>'
        radius = half if look.shape == "circle" else half - 3
        dot = f'<circle cx="{centre.x:.1f}" cy="{centre.y:.1f}" r="{radius:.1f}" {paint}/>'
        return dot if look.shape == "circle" else dot + ring
    if look.shape == "box":
        corner = 6 if look.rounded else 0
        size = f'width="{box.width:.1f}" height="{box.height:.1f}"'
        return f'<rect x="{left:.1f}" y="{top:.1f}" {size} rx="{corner}" {paint}/>'
    slant = look.aside * box.height
    middle = centre.y
    upper, lower = [(left + slant, top), (right - slant, top)], [(right - slant, bottom), (left + slant, bottom)]
    corners = {
        "hexagon": [(left, middle), *upper, (right, middle), *lower],
        "trapezium": [*upper, (right, bottom), (left, bottom)],
        "invtrapezium": [(left, top), (right, top), *lower],
        "octagon": [
            *((left, top + slant), *upper, (right, top + slant)),
            *((right, bottom - slant), *lower, (left, bottom - slant)),
        ],
        "house": [(left, top + 10), (centre.x, top), (right, top + 10), (right, bottom), (left, bottom)],
        "invhouse": [(left, top), (right, top), (right, bottom - 10), (centre.x, bottom), (left, bottom - 10)],
    }[look.shape]
    return f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}" {paint}/>'


def _edge(edge: Edge, placed: Placement, number: int, tail: int, head: int) -> tuple[str, float, float]:
    """The arrow, and how far its label reaches to the left and to the right."""
    start, end = placed.centres[tail], placed.centres[head]
    stroke = f'stroke="{LINE}" stroke-width="{BOLD if edge.style == "bold" else 1.2}"'
    if edge.style in _DASHES:
        stroke += f' stroke-dasharray="{_DASHES[edge.style]}"'
    if placed.upward[number]:
        path, tip, middle = _around(start, end, placed.boxes[tail], placed.boxes[head], placed.width)
        arrow = f"{tip.x + _ARROW:.1f},{tip.y - 3:.1f} {tip.x:.1f},{tip.y:.1f} {tip.x + _ARROW:.1f},{tip.y + 3:.1f}"
    else:
        leave = Point(start.x, start.y + placed.boxes[tail].height / 2)
        tip = Point(end.x, end.y - placed.boxes[head].height / 2)
        path, middle = _through([leave, *placed.bends[number], Point(tip.x, tip.y - _ARROW)])
        arrow = f"{tip.x - 2.6:.1f},{tip.y - _ARROW:.1f} {tip.x:.1f},{tip.y:.1f} {tip.x + 2.6:.1f},{tip.y - _ARROW:.1f}"
    label = tidy(edge.label, EDGE_LABEL_LENGTH)
    side, anchor = (-4, "end") if end.x < start.x - 1 and not placed.upward[number] else (4, "start")
    text = _text(label, Point(middle.x + side, middle.y), DETAIL_SIZE, LINE, anchor) if label else ""
    reach = width(label, DETAIL_SIZE) + 8.0 if label else 0.0
    drawn = (
        f'<g class="edge"><path d="{path}" fill="none" {stroke}/>'
        f'<polygon points="{arrow}" fill="{LINE}" stroke="{LINE}"/>{text}</g>'
    )
    return drawn, middle.x - (reach if anchor == "end" else 0.0), middle.x + (reach if anchor == "start" else 0.0)


def _through(points: list[Point]) -> tuple[str, Point]:
    """A curve that leaves and enters every point straight down, and a point of its first piece where it is steep."""
    path = f"M{points[0].x:.1f},{points[0].y:.1f}"
    for a, b in pairwise(points):
        y = (a.y + b.y) / 2
        path += f"C{a.x:.1f},{y:.1f} {b.x:.1f},{y:.1f} {b.x:.1f},{b.y:.1f}"
    first, second = points[0], points[1]
    return path, Point(first.x + (second.x - first.x) * 0.84, first.y + (second.y - first.y) * 0.7)


def _around(start: Point, end: Point, tail: Box, head: Box, width: float) -> tuple[str, Point, Point]:
    """From the right side of the tail to the right side of the head."""
    leave, tip = Point(start.x + tail.width / 2, start.y), Point(end.x + head.width / 2, end.y)
    far = min(max(leave.x, tip.x) + 40.0, width + 30.0)
    enter = Point(tip.x + _ARROW, tip.y)
    if leave == tip:
        leave = Point(leave.x, leave.y + tail.height / 4)
    path = f"M{leave.x:.1f},{leave.y:.1f}C{far:.1f},{leave.y:.1f} {far:.1f},{enter.y:.1f} {enter.x:.1f},{enter.y:.1f}"
    return path, tip, Point(far - 8, (leave.y + tip.y) / 2)


def _groups(drawing: Drawing, placed: Placement) -> list[str]:
    """Boxes around members, outermost first; one that would swallow a stranger is left out rather than mislead."""
    parents = {group.id: group.parent for group in drawing.groups}
    if len(parents) * len(drawing.nodes) > _MOST_GROUP_CHECKS:
        return []
    members: dict[str, set[int]] = defaultdict(set)
    depth: dict[str, int] = defaultdict(int)
    for number, node in enumerate(drawing.nodes):
        at, level = node.group, 0
        while at:
            members[at].add(number)
            depth[at] = max(depth[at], level)
            at, level = parents[at], level + 1
    drawn = []
    for group in sorted(drawing.groups, key=lambda group: -depth[group.id]):
        if not members[group.id]:
            continue
        pad = 6.0 + 4.0 * min(depth[group.id], 2)
        spans = [(placed.centres[number], placed.boxes[number]) for number in members[group.id]]
        left = max(min(c.x - b.width / 2 for c, b in spans) - pad, 1.0)
        right = min(max(c.x + b.width / 2 for c, b in spans) + pad, placed.width - 1.0)
        top = max(min(c.y - b.height / 2 for c, b in spans) - pad - 8, 1.0)
        bottom = min(max(c.y + b.height / 2 for c, b in spans) + pad, placed.height - 1.0)
        strangers = (c for number, c in enumerate(placed.centres) if number not in members[group.id])
        if any(left < c.x < right and top < c.y < bottom for c in strangers):
            continue
        label = tidy(group.label, GROUP_LABEL_LENGTH)
        text = _text(label, Point(left + 6, top + DETAIL_SIZE), DETAIL_SIZE, LINE, "start") if label else ""
        drawn.append(
            f'<g class="cluster"><rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" rx="8" fill="{GROUP_FILL}" fill-opacity="{GROUP_OPACITY}" '
            f'stroke="{GROUP_FILL}" stroke-opacity="0.4"/>{text}</g>'
        )
    return drawn


def _text(line: str, at: Point, size: float, ink: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{at.x:.1f}" y="{at.y:.1f}" text-anchor="{anchor}" font-family="{FONT}" font-size="{size:g}" '
        f'fill="{ink}">{escape(line, quote=False)}</text>'
    )
