"""Drawings that several tests of this room share."""

from __future__ import annotations

import random
from itertools import pairwise

from flowbench.graph import Drawing, Edge, Group, Node
from flowbench.graph.drawing import NODE_KINDS


def chain(count: int) -> Drawing:
    """start, steps in a row, end."""
    steps = [Node(str(number), f"agent {number}", detail="$.a → $.b") for number in range(count - 2)]
    nodes = (Node("start", "", "start"), *steps, Node("end", "", "end"))
    return Drawing(nodes, tuple(Edge(a.id, b.id) for a, b in pairwise(nodes)), title="a chain")


def dense(nodes: int, edges: int, seed: int = 1) -> Drawing:
    """Random edges, all downwards."""
    dice = random.Random(seed)
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < edges:
        a, b = sorted(dice.sample(range(nodes), 2))
        pairs.add((a, b))
    return Drawing(
        tuple(Node(str(number), f"n{number}") for number in range(nodes)),
        tuple(Edge(str(a), str(b)) for a, b in sorted(pairs)),
    )


def every_kind() -> Drawing:
    """One node of each kind in nested groups, every edge style, a back edge and a loop on itself."""
    kinds = sorted(NODE_KINDS)
    nodes = tuple(Node(f"2.{kind}", kind, kind, group=("", "outer", "inner")[i % 3]) for i, kind in enumerate(kinds))
    edges = [Edge(a.id, b.id, "next") for a, b in pairwise(nodes)]
    edges += [Edge(nodes[0].id, nodes[3].id, style=style) for style in ("dashed", "dotted", "bold")]
    edges += [Edge(nodes[-1].id, nodes[0].id, "again", back=True), Edge(nodes[1].id, nodes[1].id, "self", back=True)]
    return Drawing(nodes, tuple(edges), (Group("outer", "each item"), Group("inner", "try", "outer")), "all")
