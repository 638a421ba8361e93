"""A drawing that contradicts itself cannot be built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowbench.errors import FlowbenchError
from flowbench.graph import Drawing, Edge, GraphError, Group, Node

A, B = Node("a", "A"), Node("b", "B")


@pytest.mark.parametrize(
    ("build", "fragment"),
    [
        pytest.param(lambda: Drawing((A, A), ()), "two nodes with the id 'a'", id="node twice"),
        pytest.param(lambda: Drawing((Node("", "x"),), ()), "a node of the drawing has no id", id="node without id"),
        pytest.param(lambda: Drawing((A,), (Edge("a", "b"),)), "node 'b', which does not exist", id="edge to nowhere"),
        pytest.param(
            lambda: Drawing((A,), (Edge("b", "a"),)), "node 'b', which does not exist", id="edge from nowhere"
        ),
        pytest.param(lambda: Drawing((Node("a", "A", "blob"),), ()), "kind 'blob'", id="unknown kind"),
        pytest.param(lambda: Drawing((A, B), (Edge("a", "b", style="wavy"),)), "edge style 'wavy'", id="unknown style"),
        pytest.param(lambda: Drawing((Node("a", "A", group="g"),), ()), "group 'g'", id="unknown group"),
        pytest.param(lambda: Drawing((), (), (Group("g", "G", "h"),)), "group 'h'", id="unknown parent"),
        pytest.param(lambda: Drawing((), (), (Group("g", "G"), Group("g", "H"))), "two groups", id="group twice"),
        pytest.param(
            lambda: Drawing((), (), (Group("g", "G", "h"), Group("h", "H", "g"))),
            "contains itself",
            id="groups in a ring",
        ),
    ],
)
def test_a_contradiction_is_refused_with_its_name(build: Callable[[], Drawing], fragment: str) -> None:
    with pytest.raises(GraphError, match=fragment) as caught:
        build()

    assert caught.value.code == "graph"
    assert isinstance(caught.value, FlowbenchError)


def test_equal_drawings_have_equal_hashes() -> None:
    one, two = (Drawing((A, B), (Edge("a", "b", "x"),), (Group("g", "G"),)) for _ in range(2))

    assert hash(one) == hash(two)
    assert one == two
