"""SVG: read it without trust, keep only still shapes and text, and give nodes their status colours and counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET  # expat expands nothing here: `read` refuses what could declare an entity

from flowbench.graph.errors import GraphError
from flowbench.graph.labels import ID_PREFIX, tidy, width
from flowbench.graph.look import FONT, STATUS_COLOURS, STATUS_STROKES

NAMESPACE = "http://www.w3.org/2000/svg"
SHAPES = frozenset({"path", "polygon", "ellipse", "rect", "circle"})

_LETTERS = re.compile(r"[\w ,.:'-]{1,200}")
_NUMBERS = re.compile(r"[-+0-9.,eE% \t\r\n]*(?:px|pt)?")
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,30}")
_PATH = re.compile(r"[-+0-9.,eE \t\r\nMmLlHhVvCcSsQqTtAaZz]*")
_TRANSFORM = re.compile(r"(?:\s*(?:translate|scale|rotate)\([-+0-9.,eE ]*\))*\s*")
_OWN_ID = re.compile(rf"{ID_PREFIX}.*", re.DOTALL)

_ELEMENTS = frozenset({"g", "polyline", "line", "text", "tspan"}) | SHAPES
_ATTRIBUTES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(("class", "font-family", "font-weight", "font-style", "text-anchor"), _LETTERS),
    **dict.fromkeys(("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height"), _NUMBERS),
    **dict.fromkeys(("viewBox", "points", "font-size", "opacity", "fill-opacity", "stroke-opacity"), _NUMBERS),
    **dict.fromkeys(("stroke-width", "stroke-dasharray"), _NUMBERS),
    **dict.fromkeys(("fill", "stroke"), _COLOUR),
    "d": _PATH,
    "transform": _TRANSFORM,
    "id": _OWN_ID,
}
_MOST_DEPTH = 32  # Graphviz needs 5; the writer of ElementTree is recursive
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

_BADGE_LENGTH = 16  # characters
_BADGE_SIZE = 9.0  # points
_BADGE_HEIGHT = 13.0
_BADGE_RISE = 9.5  # above the corner: what lies below must not cover the first line
_WIDE_BADGE = 30.0  # points; from here on it reaches over the label of a small node, and stands higher
_WIDE_RISE = 12.5
_BADGE_FILL = "#374151"
_BADGE_INK = "#ffffff"


def clean(svg: str) -> str:
    """The same picture out of a short list of elements and attributes; scripts, links, styles, titles are left out.

    Ids stay only if they begin with "fb-". Raises: GraphError if the text is no SVG or declares a document type.
    """
    root = read(svg)
    if _local(root.tag) != "svg":
        raise GraphError("the picture is no SVG")
    kept = _bare(root)
    work = [(root, kept, 1)]
    while work:
        old, new, depth = work.pop()
        for child in old:
            if depth < _MOST_DEPTH and isinstance(child.tag, str) and _local(child.tag) in _ELEMENTS:
                copy = _bare(child)
                new.append(copy)
                work.append((child, copy, depth + 1))
    kept.set("xmlns", NAMESPACE)
    return write(kept)


def recolour(svg: str, status: Mapping[str, str], counts: Mapping[str, str] | None = None) -> str:
    """Fill nodes by status and write counts such as "37/40" on their corner; other nodes stay as they are.

    svg: a picture of this room, as it was before any colours. status, counts: by node id, without "fb-"; a status that
    STATUS_COLOURS does not know is skipped. Raises: GraphError.
    """
    if not status and not counts:
        return svg
    root = read(svg)
    counted = set()
    for id, node in nodes(root):
        state, count = status.get(id, ""), (counts or {}).get(id, "")
        if state in STATUS_COLOURS:
            _fill(node, state)
        if count:
            _badge(node, tidy(count, _BADGE_LENGTH))
            counted.add(node)
    for layer in root:  # last, so that no arrow is drawn over a count
        layer[:] = [*(each for each in layer if each not in counted), *(each for each in layer if each in counted)]
    return write(root)


def nodes(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    """Every node group with its id, without "fb-"."""
    for group in root.iter():
        id = group.get("id", "")
        if group.get("class", "").split(" ")[0] == "node" and id.startswith(ID_PREFIX):
            yield id[len(ID_PREFIX) :], group


def read(svg: str) -> ET.Element:
    """The element tree of one document without declarations, tags without namespace. Raises: GraphError."""
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        raise GraphError("the picture declares a document type")
    try:
        root = ET.fromstring(svg)  # noqa: S314 - no document type, hence no entity
    except (ET.ParseError, ValueError) as error:
        raise GraphError(f"the picture is no XML: {error}") from error
    if root.tag.startswith("{"):
        for element in root.iter():
            if isinstance(element.tag, str) and element.tag.startswith(f"{{{NAMESPACE}}}"):
                element.tag = _local(element.tag)
        root.set("xmlns", NAMESPACE)
    return root


def write(root: ET.Element) -> str:
    """Text that HTML and XML parsers read alike."""
    return ET.tostring(root, encoding="unicode")


def _local(tag: str) -> str:
    """Name without the SVG namespace; a name of any other namespace stays whole, so that no list contains it."""
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def _bare(element: ET.Element) -> ET.Element:
    tag = _local(element.tag)
    bare = ET.Element(tag)
    for name, value in element.attrib.items():
        pattern = _ATTRIBUTES.get(name)
        if pattern is not None and pattern.fullmatch(value):
            bare.set(name, value)
    if tag in ("text", "tspan"):
        bare.text = element.text
    return bare


def _fill(node: ET.Element, status: str) -> None:
    node.set("class", f"{node.get('class')} fb-{status}")
    for shape in node:
        if shape.tag in SHAPES and shape.get("fill") != "none":
            shape.set("fill", STATUS_COLOURS[status])
            shape.set("stroke", STATUS_STROKES[status])
            if status == "running":
                shape.set("stroke-width", "2")
            elif status == "skipped":
                shape.set("stroke-dasharray", "4,3")


def _badge(node: ET.Element, count: str) -> None:
    corner = _corner(node)
    if corner is None:
        return
    right, top = corner
    wide = max(width(count, _BADGE_SIZE) + 9.0, _BADGE_HEIGHT)
    left, above = right - wide + 9.0, top - (_BADGE_RISE if wide < _WIDE_BADGE else _WIDE_RISE)
    badge = ET.SubElement(node, "g", {"class": "badge"})
    box = {"x": left, "y": above, "width": wide, "height": _BADGE_HEIGHT, "rx": _BADGE_HEIGHT / 2}
    paint = {"fill": _BADGE_FILL, "stroke": _BADGE_INK, "stroke-width": "0.8"}
    ET.SubElement(badge, "rect", {name: f"{value:.2f}" for name, value in box.items()} | paint)
    text = ET.SubElement(
        badge,
        "text",
        {
            "x": f"{left + wide / 2:.2f}",
            "y": f"{above + _BADGE_HEIGHT / 2 + _BADGE_SIZE * 0.35:.2f}",
            "text-anchor": "middle",
            "font-family": FONT,
            "font-size": f"{_BADGE_SIZE:g}",
            "fill": _BADGE_INK,
        },
    )
    text.text = count


def _corner(node: ET.Element) -> tuple[float, float] | None:
    """Where the node's outline is furthest right in its upper half; every coordinate in our pictures is absolute."""
    points: list[tuple[float, float]] = []
    for shape in node:
        if shape.tag in ("path", "polygon"):
            numbers = [float(number) for number in _NUMBER.findall(shape.get("d") or shape.get("points") or "")]
            points += zip(numbers[::2], numbers[1::2], strict=False)
        elif shape.tag in ("ellipse", "circle"):
            x, y = _float(shape, "cx"), _float(shape, "cy")
            wide, tall = _float(shape, "rx") + _float(shape, "r"), _float(shape, "ry") + _float(shape, "r")
            points += [(x + wide, y - tall), (x, y + tall)]
        elif shape.tag == "rect":
            x, y = _float(shape, "x"), _float(shape, "y")
            points += [(x + _float(shape, "width"), y), (x, y + _float(shape, "height"))]
    if not points:
        return None
    ys = [y for _, y in points]
    top, middle = min(ys), (min(ys) + max(ys)) / 2 - 1.0  # the tips of a hexagon lie on the middle: not there
    x, y = max((point for point in points if point[1] <= max(middle, top)), key=lambda point: (point[0], -point[1]))
    return x, y


def _float(shape: ET.Element, name: str) -> float:
    found = _NUMBER.match(shape.get(name, "0"))
    return float(found.group()) if found else 0.0
