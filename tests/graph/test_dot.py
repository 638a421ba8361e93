"""DOT carries no outside text but escaped labels."""

from __future__ import annotations

import re

import pytest

from flowbench.graph import Drawing, Edge, Group, Node, digraph
from flowbench.graph.host import Host
from tests.graph.drawings import every_kind

HOSTILE = '"];evil [URL="javascript:x"] //'


def test_nodes_have_names_of_our_own() -> None:
    source = digraph(Drawing((Node("a:b", "x"), Node('c"d', "y")), (Edge("a:b", 'c"d'),))).source

    assert "n0 -> n1" in source
    assert "a:b ->" not in source


def test_quotes_in_a_label_do_not_end_it() -> None:
    source = digraph(Drawing((Node("a", HOSTILE),), ())).source

    assert '\\"];evil [URL=\\"javascript:x\\"] //' in source
    assert re.search(r'[^\\]"\];evil', source) is None


@pytest.mark.parametrize("label", ["<<B>x</B>>", '<TABLE HREF="javascript:x">', "<x>"])
def test_a_label_in_angle_brackets_is_text(label: str) -> None:
    drawing = Drawing(
        (Node("a", label, detail=label, group="g"), Node("b", label)), (Edge("a", "b", label),), (Group("g", label),)
    )

    source = digraph(drawing).source

    assert not re.search(r"label=<", source)


def test_back_edges_do_not_pull_their_head_down() -> None:
    source = digraph(Drawing((Node("a", "A"), Node("b", "B")), (Edge("a", "b"), Edge("b", "a", back=True)))).source

    assert re.search(r"n1 -> n0 \[constraint=false", source)
    assert not re.search(r"n0 -> n1 \[constraint", source)


def test_the_caller_of_an_export_gets_a_digraph_with_nested_clusters() -> None:
    graph = digraph(every_kind())

    source = graph.source

    assert type(graph).__name__ == "Digraph"
    assert source.index("subgraph cluster_0") < source.index("subgraph cluster_1")
    assert source.count("{") == source.count("}")


def test_groups_nested_deeper_than_the_stack_are_written() -> None:
    groups = tuple(Group(str(n), "g", str(n - 1) if n else "") for n in range(3_000))

    source = digraph(Drawing((Node("a", "A", group="2999"),), (), groups)).source

    assert source.count("subgraph cluster_") == 3_000


def test_graphviz_gives_every_node_the_id_of_its_address(host: Host) -> None:
    svg = host.layout(digraph(every_kind()).source, 5).decode()

    for node in every_kind().nodes:
        assert f'id="fb&#45;{node.id}"' in svg
