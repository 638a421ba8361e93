"""Cleaning leaves a still picture; colouring changes nothing but colours and counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.graph import STATUS_COLOURS, GraphError, recolour
from flowbench.graph.picture import Pictures
from flowbench.graph.svg import clean
from tests.graph.drawings import chain, every_kind
from tests.graph.reading import badge, dangers, fills, lines, node

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'


def _in(content: str) -> str:
    return f"{HEAD}{content}</svg>"


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        '<script href="x.js"/>',
        '<a xlink:href="javascript:alert(1)"><text>x</text></a>',
        '<a href="javascript:alert(1)"/>',
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        '<h:g xmlns:h="http://www.w3.org/1999/xhtml"/>',
        "<style>*{background:url(//x)}</style>",
        '<image href="http://x/y.png"/>',
        '<use href="#x"/>',
        '<animate attributeName="href" to="javascript:x"/>',
        '<set attributeName="onclick" to="alert(1)"/>',
        '<iframe src="//x"/>',
        "<g onload='alert(1)' onclick='alert(1)'/>",
        '<rect style="fill:url(//x)"/>',
        '<rect fill="url(//x)"/>',
        '<rect fill="url(#x)"/>',
        '<text xml:base="javascript:x">y</text>',
        '<path d="M0,0" marker-end="url(//x)"/>',
        '<path d="javascript:x"/>',
        '<g transform="url(javascript:x)"/>',
        '<g class="url(javascript:x)"/>',
        '<title><b xmlns="http://www.w3.org/1999/xhtml">x</b></title>',
        "<text>x<script>alert(1)</script></text>",
        "<svg onload='alert(1)'><g/></svg>",
        "<?php x ?><!-- x -->",
    ],
)
def test_nothing_active_survives_cleaning(content: str) -> None:
    assert dangers(clean(_in(content))) == []


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE svg>{_in('')}",
        f'<!DOCTYPE svg [<!ENTITY a "b">]>{_in("<text>&a;</text>")}',
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{_in("<text>&x;</text>")}',
    ],
    ids=["plain", "entity", "external entity"],
)
def test_a_document_type_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="document type"):
        clean(text)


@pytest.mark.parametrize(
    "text", ["", "<svg", "no xml", "<html/>", "<svg>&nbsp;</svg>", "<svg>\0</svg>", "<svg>\ud800</svg>", "<a><b></a>"]
)
def test_what_is_no_svg_is_a_graph_error(text: str) -> None:
    with pytest.raises(GraphError):
        clean(text)


@given(st.text(alphabet="<>/&\"'!gsvtextcriponlad= :#-[]", max_size=80))
def test_any_text_is_either_refused_or_clean(content: str) -> None:
    try:
        cleaned = clean(_in(content))
    except GraphError:
        return

    assert dangers(cleaned) == []


def test_still_shapes_survive_with_their_attributes() -> None:
    content = (
        '<g id="fb-1" class="node step" transform="translate(4 112.5)">'
        '<path d="M1,-2C3,4 5e1,6 7,8Z" fill="#8b949e" fill-opacity="0.08" stroke="none" />'
        '<text x="1" y="2" font-family="Helvetica,Arial" text-anchor="middle">a &amp; b</text></g>'
    )

    cleaned = clean(_in(content))

    assert content in cleaned
    assert clean(cleaned) == cleaned


def test_ids_of_others_are_dropped() -> None:
    assert "id=" not in clean(_in('<g id="clust1"/><g id="x fb-1"/>'))


def test_a_picture_deeper_than_the_stack_is_cut() -> None:
    cleaned = clean(_in("<g>" * 20_000 + "</g>" * 20_000))

    assert 10 < cleaned.count("<g") < 100


@pytest.fixture(params=["graphviz", "plain"])
def picture(request: pytest.FixtureRequest) -> str:
    pictures: Pictures = request.getfixturevalue(request.param)
    return pictures.svg(every_kind())


@pytest.mark.parametrize("status", sorted(STATUS_COLOURS))
def test_every_kind_of_node_takes_the_colour_of_its_status(picture: str, status: str) -> None:
    coloured = recolour(picture, {node.id: status for node in every_kind().nodes})

    for one in every_kind().nodes:
        assert fills(coloured, one.id) - {"none"} == {STATUS_COLOURS[status]}, one.kind
        assert f"fb-{status}" in node(coloured, one.id).get("class", "").split()


def test_only_the_nodes_that_have_a_status_change(picture: str) -> None:
    coloured = recolour(picture, {"2.step": "failed"})

    assert fills(coloured, "2.step") == {STATUS_COLOURS["failed"]}
    assert fills(coloured, "2.branch") == fills(picture, "2.branch")
    assert lines(coloured, "2.step") == lines(picture, "2.step")


def test_counts_stand_on_the_corner_and_text_stays_text(picture: str) -> None:
    coloured = recolour(picture, {}, {node.id: "<b>1/2" for node in every_kind().nodes})

    assert {badge(coloured, node.id) for node in every_kind().nodes} == {"<b>1/2"}
    assert dangers(coloured) == []


def test_unknown_statuses_and_nodes_change_nothing(picture: str) -> None:
    assert recolour(picture, {"2.step": "queued", "nowhere": "done"}) == recolour(picture, {"nowhere": "done"})


def test_no_status_gives_the_very_same_picture(picture: str) -> None:
    assert recolour(picture, {}) is picture


def test_badges_lie_inside_the_picture(graphviz: Pictures) -> None:
    coloured = graphviz.svg(chain(3), counts={"0": "37/40"})

    root_width = float(coloured.split('viewBox="')[1].split('"')[0].split()[2])
    rect = node(coloured, "0").find(".//{*}rect")
    assert rect is not None
    assert float(rect.get("x", "")) + float(rect.get("width", "")) < root_width


def test_a_wide_badge_stands_higher_than_a_small_one(graphviz: Pictures) -> None:
    small, wide = (node(graphviz.svg(chain(3), counts={"0": count}), "0") for count in ("3/4", "1000/1000"))
    tops = [float(rect.get("y", "")) for shape in (small, wide) if (rect := shape.find(".//{*}rect")) is not None]

    assert tops[1] < tops[0]


def test_no_arrow_is_drawn_over_a_count(graphviz: Pictures) -> None:
    coloured = graphviz.svg(chain(3), counts={"0": "3/4"})

    assert coloured.index('class="badge"') > coloured.rindex('class="edge"')
