"""Unfolded: what is in the folds of a large drawing, as small drawings, for a place where no kernel draws them anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from flowbench import blueprint as bp
from flowbench.graph import Drawing
from flowbench.notebook.folds import Folds, first_of

LEVELS = 4  # of folds inside folds; twelve pieces each, a flow of 100,000 steps needs no more


class Piece(NamedTuple):
    """The drawing of what is in one fold; it may hold folds itself."""

    fold: str
    drawing: Drawing


def pieces(blueprint: bp.Blueprint, whole: Drawing) -> Iterator[Piece]:
    """All folds of the drawing `whole` of the Blueprint, then those inside them, and so on. Drawn as they are taken."""
    opened: list[str] = []
    outer = whole
    for _ in range(LEVELS):
        closed = [node.id for node in outer.nodes if node.kind == "fold" and node.id not in opened]
        if not closed:
            return
        opened += closed
        inner = bp.draw(blueprint, opened)
        folds = Folds(outer)
        homes = {node.id: folds.of(first_of(node.id)) for node in inner.nodes}
        for fold in closed:
            yield Piece(fold, _part(inner, fold, {id for id, home in homes.items() if home == fold}))
        outer = inner


def _part(drawing: Drawing, fold: str, ids: set[str]) -> Drawing:
    """These nodes, the edges between them, and the groups that hold nothing else."""
    parents = {group.id: group.parent for group in drawing.groups}
    mixed = {fold}
    for node in drawing.nodes:
        at = node.group
        while at and node.id not in ids and at not in mixed:
            mixed.add(at)
            at = parents[at]
    kept = {id for node in drawing.nodes if node.id in ids for id in _around(node.group, parents)} - mixed
    return Drawing(
        tuple(
            replace(node, group=node.group if node.group in kept else "") for node in drawing.nodes if node.id in ids
        ),
        tuple(edge for edge in drawing.edges if edge.tail in ids and edge.head in ids),
        tuple(
            replace(group, parent=group.parent if group.parent in kept else "")
            for group in drawing.groups
            if group.id in kept
        ),
        drawing.title,
    )


def _around(group: str, parents: dict[str, str]) -> Iterator[str]:
    while group:
        yield group
        group = parents[group]
