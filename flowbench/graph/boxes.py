"""Boxes: where each node lies in a picture, as shares of its width and height, so that something can lie over it."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

from flowbench.graph.svg import SHAPES, nodes, read

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MOVE = re.compile(r"translate\(\s*(-?[\d.]+)[\s,]+(-?[\d.]+)\s*\)")


class Box(NamedTuple):
    """Shares from 0 to 1 of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


def boxes(svg: str) -> dict[str, Box]:
    """Node id, without "fb-" -> its box. svg: a picture of this room. Raises: GraphError."""
    root = read(svg)
    extent = [float(number) for number in root.get("viewBox", "").split()]
    if len(extent) != 4 or not extent[2] or not extent[3]:
        return {}
    moves = [(float(x), float(y)) for group in root for x, y in _MOVE.findall(group.get("transform", ""))]
    right, down = moves[0] if moves else (0.0, 0.0)
    found: dict[str, Box] = {}
    for id, node in nodes(root):
        points = [point for shape in node if shape.tag in SHAPES for point in _points(shape)]
        if points:
            left, top = min(x for x, _ in points), min(y for _, y in points)
            wide, tall = max(x for x, _ in points) - left, max(y for _, y in points) - top
            found[id] = Box(
                (left + right - extent[0]) / extent[2],
                (top + down - extent[1]) / extent[3],
                wide / extent[2],
                tall / extent[3],
            )
    return found


def _points(shape: Element) -> list[tuple[float, float]]:
    """Two corners or all points; every coordinate in our pictures is absolute."""
    if shape.tag in ("path", "polygon"):
        numbers = [float(number) for number in _NUMBER.findall(shape.get("d") or shape.get("points") or "")]
        return list(zip(numbers[::2], numbers[1::2], strict=False))
    at = {name: float(shape.get(name, "0")) for name in ("x", "y", "width", "height", "cx", "cy", "rx", "ry", "r")}
    if shape.tag == "rect":
        return [(at["x"], at["y"]), (at["x"] + at["width"], at["y"] + at["height"])]
    wide, tall = (at["rx"], at["ry"]) if shape.tag == "ellipse" else (at["r"], at["r"])
    return [(at["cx"] - wide, at["cy"] - tall), (at["cx"] + wide, at["cy"] + tall)]
