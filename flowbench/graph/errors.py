"""What can go wrong with a picture: a drawing that contradicts itself, an SVG that is none, a layout that gave up."""

from __future__ import annotations

from flowbench.errors import FlowbenchError


class GraphError(FlowbenchError):
    """A drawing cannot be laid out. Hostile labels are never the reason."""

    code = "graph"
