"""What a browser would make of a picture: elements, attributes and texts, as HTML and XML parsers see them."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from flowbench.graph.svg import NAMESPACE

STILL = {"svg", "g", "path", "polygon", "polyline", "ellipse", "rect", "circle", "line", "text", "tspan", "title"}
OWN_STYLE = "max-width:100%;height:auto"


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def dangers(picture: str) -> list[str]:
    """Everything that could act, load or lead elsewhere; empty for a still picture."""
    html = _Html()
    html.feed(picture)
    html.close()
    seen = html.found + [
        (name.split("}")[-1], dict(e.attrib)) for e in ET.fromstring(picture).iter() for name in [e.tag]
    ]
    bad = []
    for tag, attributes in seen:
        if tag not in STILL:
            bad.append(f"<{tag}>")
        for name, value in attributes.items():
            if name.lower().startswith("on") or "href" in name.lower() or name.lower() in ("src", "action", "xml:base"):
                bad.append(f"{tag} {name}")
            if name == "style" and not (tag == "svg" and value == OWN_STYLE):
                bad.append(f"{tag} style={value}")
            if name not in ("id", "aria-label") and ("url(" in (value or "") or "javascript:" in (value or "")):
                bad.append(f"{tag} {name}={value}")
    return bad


def node(picture: str, id: str) -> ET.Element:
    """The group of one node."""
    (found,) = [e for e in ET.fromstring(picture).iter(f"{{{NAMESPACE}}}g") if e.get("id") == f"fb-{id}"]
    return found


def lines(picture: str, id: str) -> list[str]:
    """The lines of text in one node, badge excluded."""
    return [child.text or "" for child in node(picture, id) if child.tag == f"{{{NAMESPACE}}}text"]


def badge(picture: str, id: str) -> str:
    """The count on the corner of one node."""
    texts = node(picture, id).findall(f"{{{NAMESPACE}}}g/{{{NAMESPACE}}}text")
    return "".join(text.text or "" for text in texts)


def fills(picture: str, id: str) -> set[str]:
    """The colours of a node's shapes."""
    shapes = {f"{{{NAMESPACE}}}{tag}" for tag in ("path", "polygon", "ellipse", "rect", "circle")}
    return {child.get("fill", "") for child in node(picture, id) if child.tag in shapes}


def ids(picture: str) -> set[str]:
    """The ids of all elements."""
    return {id for e in ET.fromstring(picture).iter() for id in [e.get("id", "")] if id}
