"""Graph: nodes and edges become a still, safe SVG."""

from __future__ import annotations

from flowbench.graph.boxes import Box, boxes
from flowbench.graph.dot import digraph
from flowbench.graph.drawing import Drawing, Edge, Group, Node
from flowbench.graph.errors import GraphError
from flowbench.graph.layout import installed
from flowbench.graph.look import STATUS_COLOURS, STATUS_STROKES
from flowbench.graph.picture import Pictures
from flowbench.graph.svg import recolour

__all__ = [
    "STATUS_COLOURS",
    "STATUS_STROKES",
    "Box",
    "Drawing",
    "Edge",
    "GraphError",
    "Group",
    "Node",
    "boxes",
    "digraph",
    "installed",
    "recolour",
    "svg",
]

svg = Pictures().svg
