"""Folding: which stretches of a large flow are drawn as one box, so that its first picture can be taken in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

FULL = 150  # boxes; up to here a flow is drawn whole
FEW = 24  # nodes of a seq that are worth no fold
PIECES = 12  # stretches that a long seq falls into


class Stretch(NamedTuple):
    """Children first..last of the seq at `at`. boxes: that they would take. id: `2.f[25-49]`, of its box or group."""

    at: str
    first: int
    last: int
    boxes: int

    @property
    def id(self) -> str:
        return f"{self.at}[{self.first}-{self.last}]"


class Folds:
    """For one drawing. opened: ids of stretches that are wanted unfolded."""

    def __init__(self, root: dict[str, Any], opened: Collection[str]) -> None:
        self._boxes = _boxes(root)
        self._opened = frozenset(opened)
        self._is_large = self._boxes[id(root)] > FULL

    def stretches(self, at: str, children: list[Any], first: int, last: int) -> list[Stretch] | None:
        """What children first..last are drawn as; None where each is drawn by itself."""
        count = last - first + 1
        boxes = self._sum(children, first, last)
        if not self._is_large or (count <= FEW and (not at or boxes <= FEW)):
            return None
        if count <= FEW or (count <= 4 * FEW and Stretch(at, first, last, boxes).id in self._opened):
            whole = Stretch(at, first, last, boxes)
            return None if whole.id in self._opened else [whole]
        pieces = min(PIECES, -(-count // FEW))
        size = -(-count // pieces)
        starts = range(first, last + 1, size)
        ends = [min(start + size - 1, last) for start in starts]
        return [Stretch(at, a, b, self._sum(children, a, b)) for a, b in zip(starts, ends, strict=True)]

    def is_open(self, stretch: Stretch) -> bool:
        """One that would take a single box is no fold."""
        return stretch.boxes <= 1 or stretch.id in self._opened

    def _sum(self, children: list[Any], first: int, last: int) -> int:
        return sum(self._boxes[id(child)] for child in children[first : last + 1])


def _boxes(root: dict[str, Any]) -> dict[int, int]:
    """id() of each node -> boxes of it and all inside; without recursion, as flows may be deep."""
    found: dict[int, int] = {}
    work = [(root, False)]
    while work:
        node, is_counted = work.pop()
        inner = [*node.get("children", ()), *(node[name] for name in ("then", "else", "body", "catch") if name in node)]
        if is_counted or not inner:
            own = {"seq": 0, "fanout": 2}.get(node["kind"], 1)
            found[id(node)] = own + sum(found[id(child)] for child in inner)
        else:
            work.append((node, True))
            work += [(child, False) for child in inner]
    return found
