"""A picture: one drawing laid out, cleaned, dressed, and remembered until it is coloured anew."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from flowbench.graph.dot import digraph
from flowbench.graph.drawing import Drawing, Node
from flowbench.graph.labels import tidy
from flowbench.graph.layered import layered
from flowbench.graph.layout import layout
from flowbench.graph.look import DETAIL_SIZE, FAINT_INK
from flowbench.graph.svg import clean, nodes, read, recolour, write

REMEMBERED = 32  # drawings; a picture of 1,000 nodes has about 1 MB
_HOVER_LENGTH = 400
_TITLE_LENGTH = 200
_PIXELS_PER_POINT = 4 / 3

Layout = Callable[[str], str | None]


class Pictures:
    """Draws, and draws the same only once. Safe to use from any thread."""

    def __init__(self, layout: Layout = layout, remembered: int = REMEMBERED) -> None:
        """layout: DOT source -> SVG, or None to fall back to our own layers."""
        self._layout = layout
        self._drawn = functools.lru_cache(remembered)(self._draw)

    def svg(
        self, drawing: Drawing, status: Mapping[str, str] | None = None, counts: Mapping[str, str] | None = None
    ) -> str:
        """One <svg> element, safe to put into HTML. status, counts: by node id; see `recolour`."""
        return recolour(self._drawn(drawing), status or {}, counts)

    def _draw(self, drawing: Drawing) -> str:
        laid_out = self._layout(digraph(drawing).source)
        root = read(clean(layered(drawing) if laid_out is None else laid_out))
        known = {node.id: node for node in drawing.nodes}
        for id, group in nodes(root):
            if id in known:
                _dress(group, known[id])
        _frame(root, drawing)
        return write(root)


def _dress(group: Element, node: Node) -> None:
    """Small second line, and the whole text on hover."""
    first, *details = [child for child in group if child.tag == "text"] or [Element("text")]
    if node.kind == "step":
        first.set("font-weight", "600")
    for line in details:
        line.set("font-size", f"{DETAIL_SIZE:g}")
        line.set("fill", FAINT_INK)
    hover = Element("title")
    hover.text = tidy(node.hover or f"{node.label} {node.detail}", _HOVER_LENGTH) or node.kind
    group.insert(0, hover)


def _frame(root: Element, drawing: Drawing) -> None:
    """Natural size where there is room, the width of the cell where there is not."""
    extent = root.get("viewBox", "").split()
    if len(extent) == 4:
        root.set("width", f"{float(extent[2]) * _PIXELS_PER_POINT:.0f}")
        root.set("height", f"{float(extent[3]) * _PIXELS_PER_POINT:.0f}")
    root.set("style", "max-width:100%;height:auto")
    root.set("class", "flowbench-graph")
    root.set("role", "img")
    root.set("aria-label", tidy(drawing.title, _TITLE_LENGTH) or "flow")
