from __future__ import annotations

import pytest

from flowbench.graph import Drawing, Edge, Node, boxes
from flowbench.graph.layout import layout
from flowbench.graph.picture import Pictures

TWO = Drawing((Node("start", "start", "start"), Node("a", "first"), Node("b", "second", "branch")), (
    Edge("start", "a"), Edge("a", "b"),
))  # fmt: skip


@pytest.mark.parametrize("way", [layout, lambda dot: None], ids=["Graphviz", "our own layers"])
def test_every_node_has_a_box_inside_the_picture_and_they_follow_each_other(way: object) -> None:
    svg = Pictures(way).svg(TWO)  # type: ignore[arg-type]

    found = boxes(svg)

    assert list(found) == ["start", "a", "b"]
    for box in found.values():
        assert 0 <= box.left < box.left + box.width <= 1.001
        assert 0 <= box.top < box.top + box.height <= 1.001
    tops = [box.top for box in found.values()]
    assert tops == sorted(tops)
    assert found["start"].top + found["start"].height <= found["a"].top


def test_colours_and_counts_do_not_move_boxes() -> None:
    plain = Pictures(layout).svg(TWO)
    coloured = Pictures(layout).svg(TWO, {"a": "done"}, {"a": "3/4"})

    assert boxes(coloured) == boxes(plain)
