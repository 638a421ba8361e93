"""The look: one palette, and for each kind of node its shape, colours, lines of text and size."""

from __future__ import annotations

from typing import NamedTuple

from flowbench.graph.drawing import Node
from flowbench.graph.labels import tidy, width

FONT = "Helvetica,Arial,sans-serif"
LABEL_SIZE = 12.0  # points, as all lengths here
DETAIL_SIZE = 10.0
LINE_HEIGHT = 15.0
LABEL_LENGTH = 40  # characters
DETAIL_LENGTH = 44

INK = "#1f2937"  # text on a fill of ours: readable whatever the theme behind it
FAINT_INK = "#5b6472"
LINE = "#8b949e"  # edges and free text: contrast above 3 on white and on the dark theme's #111
BOLD = 2.8  # of an edge
GROUP_FILL = "#8b949e"
GROUP_OPACITY = "0.09"

STATUS_COLOURS: dict[str, str] = {
    "running": "#fcd873",
    "done": "#a9dfb4",
    "failed": "#f6a59d",
    "cancelled": "#c3c8cf",
    "skipped": "#eef0f2",
    "mixed": "#f6cfa0",
}
STATUS_STROKES = {
    "running": "#b7820b",
    "done": "#3c8a50",
    "failed": "#c0392b",
    "cancelled": "#6b7280",
    "skipped": "#b6bcc4",
    "mixed": "#c0392b",
}


class Look(NamedTuple):
    """shape: Graphviz's name. aside: how much of the height the slanted sides take from the width, left and right."""

    shape: str
    fill: str
    stroke: str
    padding: float = 12.0
    aside: float = 0.0
    rounded: bool = False


LOOKS = {
    "start": Look("circle", LINE, LINE),
    "end": Look("doublecircle", LINE, LINE),
    "step": Look("box", "#eef3fa", "#6f8fbc", rounded=True),
    "assign": Look("box", "#f5f5f3", "#a9a9a2", padding=8.0),
    "branch": Look("hexagon", "#f4f0fb", "#9079bd", aside=0.7),
    "fanout": Look("trapezium", "#eaf5f6", "#4f97a3", aside=0.7),
    "join": Look("invtrapezium", "#eaf5f6", "#4f97a3", aside=0.7),
    "loop": Look("octagon", "#f4f0fb", "#9079bd", aside=0.3),
    "try": Look("house", "#faf3ec", "#b08a63", aside=0.0),
    "fold": Look("box", "#fbfaf2", "#b3a869", padding=16.0),
    "catch": Look("invhouse", "#faf3ec", "#b08a63", aside=0.0),
}


class Box(NamedTuple):
    """Size of a node in points and its lines of text, already cut; the dots of start and end have none."""

    width: float
    height: float
    lines: tuple[str, ...]


def box(node: Node) -> Box:
    """Measure a node."""
    if node.kind in ("start", "end"):
        return Box(13.0, 13.0, ())
    look = LOOKS[node.kind]
    label = tidy(node.label, LABEL_LENGTH) or " "
    detail = tidy(node.detail, DETAIL_LENGTH)
    lines = (label, detail) if detail else (label,)
    text = max(width(label, LABEL_SIZE), width(detail, DETAIL_SIZE))
    height = LINE_HEIGHT * len(lines) + look.padding
    if look.shape in ("house", "invhouse"):
        height += 10.0
    return Box(round(text + 2 * look.padding + 2 * look.aside * height, 1), height, lines)
