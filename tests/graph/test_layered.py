"""Our own layers: downwards, without overlaps, in bounded time, with the ids that Graphviz's pictures have."""

from __future__ import annotations

import time
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowbench.graph import Drawing, Edge, Group, Node
from flowbench.graph.layered import layered
from flowbench.graph.picture import Pictures
from flowbench.graph.placing import Placement, place
from tests.graph.drawings import chain, dense, every_kind
from tests.graph.reading import ids


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    count = draw(st.integers(1, 14))
    groups = tuple(Group(f"g{n}", f"group {n}", f"g{n - 1}" if n and draw(st.booleans()) else "") for n in range(3))
    inside = st.sampled_from(["", *(group.id for group in groups)])
    nodes = tuple(Node(str(n), draw(st.text(max_size=12)), group=draw(inside)) for n in range(count))
    number = st.integers(0, count - 1).map(str)
    edges = draw(st.lists(st.builds(Edge, number, number, label=st.text(max_size=5), back=st.booleans()), max_size=30))
    return Drawing(nodes, tuple(edges), groups)


def _overlaps(placed: Placement) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a, b in combinations(range(len(placed.centres)), 2)
        if abs(placed.centres[a].x - placed.centres[b].x) < (placed.boxes[a].width + placed.boxes[b].width) / 2
        and abs(placed.centres[a].y - placed.centres[b].y) < (placed.boxes[a].height + placed.boxes[b].height) / 2
    ]


@given(drawings())
@settings(deadline=None)
def test_boxes_never_overlap_and_stay_inside(drawing: Drawing) -> None:
    placed = place(drawing)

    assert _overlaps(placed) == []
    for centre, box in zip(placed.centres, placed.boxes, strict=True):
        assert box.width / 2 <= centre.x <= placed.width - box.width / 2
        assert box.height / 2 <= centre.y <= placed.height - box.height / 2


@given(drawings())
@settings(deadline=None)
def test_every_edge_goes_down_unless_it_closes_a_cycle(drawing: Drawing) -> None:
    placed = place(drawing)

    y = {node.id: centre.y for node, centre in zip(drawing.nodes, placed.centres, strict=True)}
    down = [edge for edge, upward in zip(drawing.edges, placed.upward, strict=True) if not upward]
    assert all(y[edge.tail] < y[edge.head] for edge in down)
    for edge, upward in zip(drawing.edges, placed.upward, strict=True):
        if upward and not edge.back:
            with pytest.raises(CycleError):
                _sort([*down, edge])


def _sort(edges: list[Edge]) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in edges:
        sorter.add(edge.head, edge.tail)
    return list(sorter.static_order())


def test_a_chain_is_a_straight_line() -> None:
    placed = place(chain(12))

    assert len({round(centre.x, 3) for centre in placed.centres}) == 1
    assert all(a.y < b.y for a, b in pairwise(placed.centres))


def test_branches_stand_symmetrically_under_their_question() -> None:
    nodes = tuple(Node(id, "same") for id in "abcd")
    placed = place(Drawing(nodes, (Edge("a", "b"), Edge("a", "c"), Edge("b", "d"), Edge("c", "d"))))

    a, b, c, d = (centre.x for centre in placed.centres)
    assert a == pytest.approx((b + c) / 2)
    assert a == pytest.approx(d)


def test_a_long_edge_bends_around_the_boxes_between() -> None:
    placed = place(Drawing(chain(6).nodes, (*chain(6).edges, Edge("start", "end"))))

    bends = placed.bends[-1]
    assert len(bends) == 4
    assert all(abs(bend.x - placed.centres[1].x) > placed.boxes[1].width / 2 for bend in bends)


@pytest.mark.parametrize("drawing", [every_kind(), chain(1_000), Drawing((), ())], ids=["kinds", "long", "empty"])
def test_both_kinds_of_picture_have_the_same_ids(drawing: Drawing, graphviz: Pictures, plain: Pictures) -> None:
    wanted = {f"fb-{node.id}" for node in drawing.nodes}

    assert ids(plain.svg(drawing)) == wanted
    assert ids(graphviz.svg(drawing)) == wanted


@pytest.mark.parametrize(("nodes", "edges"), [(200, 3_000), (1_000, 3_000), (1_000, 20_000)])
def test_crowded_drawings_are_placed_in_bounded_time(nodes: int, edges: int) -> None:
    drawing = dense(nodes, edges)
    start = time.process_time()

    svg = layered(drawing)

    assert time.process_time() - start < 20  # a second or less; what is not bounded takes minutes
    assert svg.count('class="edge"') == edges


def test_a_chain_longer_than_the_stack_is_placed() -> None:
    placed = place(chain(5_000))

    assert len(placed.centres) == 5_000


def test_a_group_box_that_would_hold_a_stranger_is_left_out() -> None:
    line = (Node("a", "A", group="g"), Node("b", "B"), Node("c", "C", group="g"))
    edges = (Edge("a", "b"), Edge("b", "c"))

    assert "cluster" not in layered(Drawing(line, edges, (Group("g", "G"),)))
    together = (Node("a", "A", group="g"), Node("b", "B", group="g"), Node("c", "C"))
    assert "cluster" in layered(Drawing(together, edges, (Group("g", "G"),)))


def test_a_long_edge_label_stays_inside_the_picture() -> None:
    drawing = Drawing((Node("a", "A"), Node("b", "B")), (Edge("a", "b", "W" * 30),))

    svg = layered(drawing)

    extent = svg.split('viewBox="')[1].split('"')[0].split()
    assert float(extent[2]) > place(drawing).width + 150
