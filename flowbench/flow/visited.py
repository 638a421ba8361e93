"""Visited: what has become of every node of a flow, from the few things that an evaluation counts.

Steps are counted by whoever records them. Beyond that the walk counts what it writes, the arms it takes, the turns and
branches it begins, what it leaves, and errors; all else follows: a node is entered when the one before it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flowbench.flow.evaluate import Evaluation
from flowbench.flow.nodes import Branch, Fanout, Loop, Node, Seq, Try
from flowbench.flow.program import COUNTS

Entries = Callable[["_Tally"], int]


@dataclass(slots=True)
class Visit:
    """All visits of one node together. shape: "" for the root. kind: as it is written. outer: place of the node around
    it in the list. entered >= ended + failed; the rest is under way or was cut off. caught: errors, of a try.
    """

    shape: str
    kind: str
    outer: int
    entered: int = 0
    ended: int = 0
    failed: int = 0
    caught: int = 0


@dataclass(slots=True)
class _Place:
    """One node. inner: places of its children. entries: how often it was entered, once those before it are known."""

    shape: str
    kind: str
    outer: int
    count: int
    entries: Entries
    inner: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Tally:
    visits: list[Visit]
    counts: list[int]


class Visited:
    """Of one flow."""

    def __init__(self, root: Node) -> None:
        self._places: list[_Place] = []
        self._order: list[int] = []  # i: the node is entered; ~i: it is left
        self._lay_out(root if isinstance(root, Seq) else Seq(children=(root,)))
        self._place_of = {place.shape: i for i, place in enumerate(self._places) if place.kind != "seq"}

    def tell(self, evaluation: Evaluation, done: Mapping[str, int]) -> list[Visit]:
        """Of every node, outer ones first. done: shape of a step -> how often it was, or
        was skipped. From any thread."""
        visits = [Visit(place.shape, place.kind, place.outer) for place in self._places]
        self._add_errors(visits, dict(evaluation.errors))
        unwritten = dict(evaluation.unwritten)
        tally = _Tally(visits, list(evaluation.visited))
        for i in self._order:
            if i >= 0:
                visits[i].entered = self._places[i].entries(tally)
                continue
            place, visit = self._places[~i], visits[~i]
            if place.kind == "step":
                visit.ended = done.get(place.shape, 0) - unwritten.get(place.shape, 0)
            else:
                visit.ended = _ended(place, visit, tally)
        return visits

    def _add_errors(self, visits: list[Visit], errors: Mapping[tuple[str, str, bool], int]) -> None:
        """An error has failed the node where it arose, and all around it, up to what caught it or was left by it."""
        for (outer, shape, is_caught), count in errors.items():
            at: int | None = self._place_of.get(shape)
            end = self._place_of.get(outer) if is_caught else None
            if end is not None:
                visits[end].caught += count
            while at is not None and at >= 0 and at != end:
                if not is_caught and self._is_branch(at, outer):
                    visits[at].failed += count  # the body of the branch, and no further
                    break
                visits[at].failed += count
                at = self._places[at].outer

    def _is_branch(self, at: int, shape: str) -> bool:
        """Is this node the body of the fan-out whose branches have that shape?"""
        outer = self._places[at].outer
        return outer >= 0 and self._places[outer].kind == "fanout" and self._places[at].shape == shape

    def _lay_out(self, root: Node) -> None:
        counts = 0
        work: list[tuple[Node | int, str, int, Entries]] = [(root, "", -1, lambda _: 1)]
        while work:
            node, shape, outer, entries = work.pop()
            if isinstance(node, int):
                self._order.append(node)
                continue
            me = len(self._places)
            self._places.append(_Place(shape, str(node.__struct_config__.tag), outer, counts, entries))
            if outer >= 0:
                self._places[outer].inner.append(me)
            self._order.append(me)
            inner = _inner(node, shape, me, counts)
            counts += COUNTS.get(type(node), 0)
            work.append((~me, "", -1, entries))
            work += [(child, below, me, enters) for child, below, enters in reversed(list(self._linked(inner, me)))]

    def _linked(self, inner: list[tuple[Node, str, Entries | None]], me: int) -> Iterator[tuple[Node, str, Entries]]:
        """With the children of a seq entered when the one before them has ended."""
        for number, (child, shape, entries) in enumerate(inner):
            yield child, shape, entries or (self._after(me, number) if number else _as_often_as(me))

    def _after(self, me: int, number: int) -> Entries:
        place = self._places[me]
        return lambda tally: tally.visits[place.inner[number - 1]].ended


def _inner(node: Node, shape: str, me: int, count: int) -> list[tuple[Node, str, Entries | None]]:
    """Children, their shapes, how often each was entered; None: as its place in a seq says."""
    if isinstance(node, Seq):
        return [(child, f"{shape}.{i}" if shape else str(i), None) for i, child in enumerate(node.children)]
    if isinstance(node, Branch):
        return [(node.then, f"{shape}.t", _counted(count)), (node.otherwise, f"{shape}.e", _counted(count + 1))]
    if isinstance(node, Loop):
        return [(node.body, f"{shape}.i", _counted(count))]
    if isinstance(node, Fanout):
        return [(node.body, f"{shape}.f", _counted(count))]
    if isinstance(node, Try):
        return [(node.body, f"{shape}.b", _as_often_as(me)), (node.catch, f"{shape}.c", _caught(me))]
    return []


def _ended(place: _Place, visit: Visit, tally: _Tally) -> int:
    inner = [tally.visits[each].ended for each in place.inner[-2:]]
    if place.kind == "seq":
        return inner[-1] if inner else visit.entered
    if place.kind in ("branch", "try"):
        return sum(inner)
    return tally.counts[place.count + COUNTS_LEFT.get(place.kind, 0)]


COUNTS_LEFT = {"loop": 1, "fanout": 1}


def _counted(count: int) -> Entries:
    return lambda tally: tally.counts[count]


def _as_often_as(outer: int) -> Entries:
    return lambda tally: tally.visits[outer].entered


def _caught(outer: int) -> Entries:
    return lambda tally: tally.visits[outer].caught
