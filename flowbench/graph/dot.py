"""DOT: a drawing as a graphviz.Digraph whose only outside text is in escaped labels."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from flowbench.graph.drawing import Drawing, Edge, Node
from flowbench.graph.labels import EDGE_LABEL_LENGTH, GROUP_LABEL_LENGTH, element_id, tidy
from flowbench.graph.look import BOLD, DETAIL_SIZE, FONT, GROUP_FILL, INK, LABEL_SIZE, LINE, LOOKS, box

if TYPE_CHECKING:
    import graphviz

_POINTS_PER_INCH = 72


def digraph(drawing: Drawing) -> graphviz.Digraph:
    """DOT of a drawing; export it, or render it with a Graphviz of your own.

    Nodes are called n0, n1, ... and groups cluster_0, ...; the SVG id of a node is "fb-" and its id.
    """
    import graphviz

    names = {node.id: f"n{number}" for number, node in enumerate(drawing.nodes)}
    graph = graphviz.Digraph(
        "flow",
        graph_attr={
            "bgcolor": "transparent",
            "rankdir": "TB",
            "nodesep": "0.3",
            "ranksep": "0.36",
            "pad": "0.15",
            "fontname": FONT,
            "fontsize": f"{DETAIL_SIZE:g}",
            "fontcolor": LINE,
        },
        node_attr={"fontname": FONT, "fontsize": f"{LABEL_SIZE:g}", "fontcolor": INK, "fixedsize": "true"},
        edge_attr={
            "fontname": FONT,
            "fontsize": f"{DETAIL_SIZE:g}",
            "fontcolor": LINE,
            "color": LINE,
            "arrowsize": "0.6",
            "penwidth": "1.2",
        },
    )
    _add_members(graph, drawing, names)
    for edge in drawing.edges:
        graph.edge(names[edge.tail], names[edge.head], **_edge(edge))
    return graph


def _add_members(graph: graphviz.Digraph, drawing: Drawing, names: dict[str, str]) -> None:
    """Nodes and nested clusters, without recursion: a flow may be nested deeper than Python's stack."""
    inside: dict[str, list[Node]] = defaultdict(list)
    for node in drawing.nodes:
        inside[node.group].append(node)
    children: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(drawing.groups):
        children[group.parent].append(number)
    work = [("open", number) for number in reversed(children[""])]
    for node in inside[""]:
        graph.node(names[node.id], **_node(node))
    while work:
        act, number = work.pop()
        if act == "close":
            graph.body.append("}\n")
            continue
        group = drawing.groups[number]
        graph.body.append(f"subgraph cluster_{number} {{\n")
        graph.attr(
            "graph",
            label=_text(tidy(group.label, GROUP_LABEL_LENGTH)),
            style="rounded,filled",
            color=f"{GROUP_FILL}66",
            fillcolor=f"{GROUP_FILL}17",
            labeljust="l",
            margin="10",
        )
        for node in inside[group.id]:
            graph.node(names[node.id], **_node(node))
        work.append(("close", number))
        work.extend(("open", child) for child in reversed(children[group.id]))


def _node(node: Node) -> dict[str, str]:
    look, size = LOOKS[node.kind], box(node)
    return {
        "id": _text(element_id(node.id)),
        "class": node.kind,
        "label": _text(*size.lines),
        "shape": look.shape,
        "style": "filled,rounded" if look.rounded else "filled",
        "fillcolor": look.fill,
        "color": look.stroke,
        "width": f"{size.width / _POINTS_PER_INCH:.4f}",
        "height": f"{size.height / _POINTS_PER_INCH:.4f}",
    }


def _edge(edge: Edge) -> dict[str, str]:
    attributes = {"style": edge.style}
    if edge.style == "bold":
        attributes["penwidth"] = f"{BOLD:g}"  # the graph's own width would go over the style
    label = tidy(edge.label, EDGE_LABEL_LENGTH)
    if label:
        attributes["label"] = _text(f" {label} ")
    if edge.back:
        attributes["constraint"] = "false"
    return attributes


def _text(*lines: str) -> str:
    """A label that Graphviz shows letter by letter: backslashes, entities and HTML-like labels mean nothing in it."""
    from graphviz import escape, nohtml

    escaped: str = nohtml("\\n".join(escape(line.replace("&", "&amp;")) for line in lines))
    return escaped
