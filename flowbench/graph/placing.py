"""Placing: layers, orders within layers and coordinates for a drawing, in time bounded by nodes plus edges.

Longest paths give the layers, a few barycentre sweeps the order, a few alignment sweeps the x. Long edges bend around
the boxes between their ends as long as there are not too many bends.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

from flowbench.graph.drawing import Drawing
from flowbench.graph.look import Box, box

MARGIN = 16.0
_LAYER_GAP = 38.0
_GAP = 18.0
_GROUP_GAP = 30.0
_ORDER_SWEEPS = 8
_ALIGN_SWEEPS = 16
_MOST_BENDS = 3_000
_BEND = Box(4.0, 0.0, ())


class Point(NamedTuple):
    x: float
    y: float


class Placement(NamedTuple):
    """Centres of the nodes by index; for every edge the points between its ends; edges that go up; the extent."""

    centres: list[Point]
    boxes: list[Box]
    bends: list[list[Point]]
    upward: list[bool]
    width: float
    height: float


def place(drawing: Drawing) -> Placement:
    """Coordinates in points, y downwards, origin at the top left."""
    boxes = [box(node) for node in drawing.nodes]
    index = {node.id: number for number, node in enumerate(drawing.nodes)}
    ends = [(index[edge.tail], index[edge.head]) for edge in drawing.edges]
    upward = _upward(len(boxes), ends, [edge.back for edge in drawing.edges])
    downward = [pair for pair, up in zip(ends, upward, strict=True) if not up]
    layer = _layers(len(boxes), downward)

    cells, groups = list(boxes), [node.group for node in drawing.nodes]
    chains: list[list[int]] = [[] for _ in ends]
    bends_wanted = sum(layer[head] - layer[tail] - 1 for tail, head in downward)
    if bends_wanted <= _MOST_BENDS:
        for number, (tail, head) in enumerate(ends):
            for between in range(layer[tail] + 1, 0 if upward[number] else layer[head]):
                chains[number].append(len(cells))
                cells.append(_BEND)
                groups.append(groups[tail] if groups[tail] == groups[head] else "")
                layer.append(between)
    links = [
        link
        for (tail, head), chain, up in zip(ends, chains, upward, strict=True)
        if not up
        for link in zip([tail, *chain], [*chain, head], strict=True)
    ]
    rows = _order(layer, links, [_ancestry(drawing, group) for group in groups])
    xs = _align(rows, links, cells, groups)
    centres, width, height = _settle(rows, xs, cells)
    bends = [[centres[cell] for cell in chain] for chain in chains]
    return Placement(centres[: len(boxes)], boxes, bends, upward, width, height)


def _upward(count: int, ends: list[tuple[int, int]], back: list[bool]) -> list[bool]:
    """Which edges must be left out so that the rest has no cycle: those marked, and what a depth-first walk finds."""
    leaving: list[list[int]] = [[] for _ in range(count)]
    for number, (tail, _) in enumerate(ends):
        leaving[tail].append(number)
    upward = [marked or tail == head for (tail, head), marked in zip(ends, back, strict=True)]
    unseen, open_, closed = 0, 1, 2
    state = [unseen] * count
    for root in range(count):
        if state[root] != unseen:
            continue
        state[root] = open_
        stack = [(root, iter(leaving[root]))]
        while stack:
            at, rest = stack[-1]
            for number in rest:
                head = ends[number][1]
                if upward[number]:
                    continue
                if state[head] == open_:
                    upward[number] = True
                elif state[head] == unseen:
                    state[head] = open_
                    stack.append((head, iter(leaving[head])))
                    break
            else:
                state[at] = closed
                stack.pop()
    return upward


def _layers(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """Length of the longest path that ends in each node."""
    heads: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in edges:
        heads[tail].append(head)
        waiting[head] += 1
    layer = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:
        for head in heads[node]:
            layer[head] = max(layer[head], layer[node] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return layer


def _ancestry(drawing: Drawing, group: str) -> tuple[str, ...]:
    parents = {one.id: one.parent for one in drawing.groups}
    line: list[str] = []
    while group:
        line.append(group)
        group = parents[group]
    return tuple(reversed(line))


def _order(layer: list[int], links: list[tuple[int, int]], ancestry: list[tuple[str, ...]]) -> list[list[int]]:
    """Cells of every layer from left to right: near their neighbours, groups kept together."""
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    above: list[list[int]] = [[] for _ in layer]
    below: list[list[int]] = [[] for _ in layer]
    for tail, head in links:
        above[head].append(tail)
        below[tail].append(head)
    for cell, depth in enumerate(layer):
        rows[depth].append(cell)
    position = [0.0] * len(layer)
    for sweep in range(_ORDER_SWEEPS):
        down = sweep % 2 == 0
        neighbours = above if down else below
        for row in rows if down else reversed(rows):
            wish = {cell: _mean([position[other] for other in neighbours[cell]], position[cell]) for cell in row}
            row.sort(key=_by_group(row, wish, ancestry).__getitem__)
            middle = (len(row) - 1) / 2
            for place, cell in enumerate(row):
                position[cell] = place - middle
    return rows


def _by_group(
    row: list[int], wish: dict[int, float], ancestry: list[tuple[str, ...]]
) -> dict[int, tuple[tuple[float, str], ...]]:
    """Sort keys: the mean wish of each group around the cell, outermost first, then its own."""
    wishes: dict[str, list[float]] = defaultdict(list)
    for cell in row:
        for group in ancestry[cell]:
            wishes[group].append(wish[cell])
    means = {group: sum(all) / len(all) for group, all in wishes.items()}
    return {cell: (*((means[group], group) for group in ancestry[cell]), (wish[cell], "")) for cell in row}


def _align(rows: list[list[int]], links: list[tuple[int, int]], cells: list[Box], groups: list[str]) -> list[float]:
    """x of every cell: under the middle of its neighbours as far as the order of the row leaves room."""
    xs = [0.0] * len(cells)
    above: list[list[int]] = [[] for _ in cells]
    below: list[list[int]] = [[] for _ in cells]
    for tail, head in links:
        below[tail].append(head)
        above[head].append(tail)
    around = [up + down for up, down in zip(above, below, strict=True)]
    for sweep in range(_ALIGN_SWEEPS + 1):
        last = sweep == _ALIGN_SWEEPS  # under the tails alone, which leaves chains straight and branches symmetric
        neighbours = above if last else around
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wish = [_mean([xs[other] for other in neighbours[cell]], xs[cell]) for cell in row]
            _pack(row, wish, xs, cells, groups)
    return xs


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _pack(row: list[int], wish: list[float], xs: list[float], cells: list[Box], groups: list[str]) -> None:
    """The nearest places to the wishes that keep order and distance: neighbours that collide share one mean."""
    blocks: list[tuple[float, int, int]] = []  # sum of wishes relative to the block's first cell, count, first index
    offsets = [0.0] * len(row)
    for place in range(1, len(row)):
        left, right = row[place - 1], row[place]
        gap = _GAP if groups[left] == groups[right] else _GROUP_GAP
        offsets[place] = offsets[place - 1] + (cells[left].width + cells[right].width) / 2 + gap
    for place, wanted in enumerate(wish):
        total, count, first = wanted - offsets[place], 1, place
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before, many, first = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count, first))
    blocks.append((0.0, 0, len(row)))
    for (total, count, first), (_, _, end) in pairwise(blocks):
        for place in range(first, end):
            xs[row[place]] = total / count + offsets[place]


def _settle(rows: list[list[int]], xs: list[float], cells: list[Box]) -> tuple[list[Point], float, float]:
    """Shift everything to the margin and stack the layers."""
    left = min((x - cell.width / 2 for x, cell in zip(xs, cells, strict=True)), default=0.0) - MARGIN
    right = max((x + cell.width / 2 for x, cell in zip(xs, cells, strict=True)), default=0.0) + MARGIN
    centres = [Point(0.0, 0.0)] * len(cells)
    y = MARGIN
    for row in rows:
        height = max(cells[cell].height for cell in row)
        for cell in row:
            centres[cell] = Point(xs[cell] - left, y + height / 2)
        y += height + _LAYER_GAP
    return centres, right - left, max(y - _LAYER_GAP, MARGIN) + MARGIN
