"""Survey: every node of a flow in reading order, with its place, what stands around it, what it reads and writes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from flowbench.blueprint.model import Blueprint
from flowbench.blueprint.place import under
from flowbench.flow import (
    Assign,
    Branch,
    Exists,
    Expr,
    Fanout,
    InvalidPath,
    Keys,
    Let,
    Loop,
    Node,
    Path,
    Seq,
    Step,
    Try,
    parse_path,
    sub_expressions,
)

PLACE = "$.flow"


class Touch(NamedTuple):
    """One path that a node reads or writes. keys: () is the whole ctx. place: of the path's expression."""

    keys: Keys
    text: str
    place: str


class Stop(NamedTuple):
    """One node. around: numbers of the nodes that hold it, outermost first, each with the field that leads here.

    reads, needs: with and without what is only asked for with `exists`. writes: into the ctx that the next node sees.
    bind: of a fan-out, written into the ctx of its body alone.
    """

    number: int
    node: Node
    place: str
    around: tuple[tuple[int, str], ...]
    reads: tuple[Touch, ...]
    needs: tuple[Touch, ...]
    writes: tuple[Touch, ...]
    bind: Touch | None = None


class Index:
    """Numbers of the nodes that touch a path, found by its first key."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[int]] = {}
        self._whole: list[int] = []
        self._all: list[int] = []

    def add(self, number: int, keys: Keys) -> None:
        (self._by_key.setdefault(keys[0], []) if keys else self._whole).append(number)
        self._all.append(number)

    def near(self, keys: Keys, after: int = -1) -> Iterator[int]:
        """In order, those behind a number that may touch these keys or what holds them; some more than once."""
        lists = (self._by_key.get(keys[0], []), self._whole) if keys else (self._all,)
        return merge(*(islice(each, bisect_right(each, after), None) for each in lists))


class Survey:
    """stops: all nodes, each behind what holds it. ends: per node, the number behind all that it holds.

    Paths that the dialect cannot read are left out.
    """

    def __init__(self, blueprint: Blueprint, compat: str | None = None) -> None:
        self.blueprint = blueprint
        self.compat = compat
        self.stops: list[Stop] = []
        self.readers, self.writers = Index(), Index()
        work: list[tuple[Node, str, tuple[tuple[int, str], ...]]] = [(blueprint.flow, PLACE, ())]
        while work:
            node, place, around = work.pop()
            number = len(self.stops)
            stop = self._stop(number, node, place, around)
            self.stops.append(stop)
            for read in stop.reads:
                self.readers.add(number, read.keys)
            for write in (*stop.writes, *([stop.bind] if stop.bind else [])):
                self.writers.add(number, write.keys)
            inner = [(each, where, (*around, (number, field))) for each, where, field in _inner(node, place)]
            work += reversed(inner)
        self.steps = [stop.number for stop in self.stops if isinstance(stop.node, Step)]
        self.ends = [number + 1 for number in range(len(self.stops))]
        for stop in reversed(self.stops):
            if stop.around:
                holder = stop.around[-1][0]
                self.ends[holder] = max(self.ends[holder], self.ends[stop.number])

    def inside(self, stop: Stop, field: str | None = None) -> Iterator[Stop]:
        """All nodes inside a node, or inside one field of it."""
        depth = len(stop.around)
        for number in range(stop.number + 1, self.ends[stop.number]):
            if field is None or self.stops[number].around[depth][1] == field:
                yield self.stops[number]

    def fans(self, stop: Stop) -> tuple[int, ...]:
        """Numbers of the fan-outs around a node: what it writes is seen inside the innermost alone."""
        return tuple(number for number, _ in stop.around if isinstance(self.stops[number].node, Fanout))

    def touches(self, expr: Expr, place: str, *, asked: bool = True) -> Iterator[Touch]:
        """The paths that an expression reads. asked: also those that `exists` only asks for."""
        work: list[Any] = [expr]
        while work:
            each = work.pop()
            if isinstance(each, Path):
                yield from self._touch(each, place)
            elif asked or not isinstance(each, Exists):
                work += reversed(sub_expressions(each))

    def _stop(self, number: int, node: Node, place: str, around: tuple[tuple[int, str], ...]) -> Stop:
        reads: list[Touch] = []
        needs: list[Touch] = []
        writes: list[Touch] = []
        bind: list[Touch] = []

        def read(expr: Expr, field: str) -> None:
            reads.extend(self.touches(expr, under(place, field)))
            needs.extend(self.touches(expr, under(place, field), asked=False))

        def write(expr: Expr | None, field: str, into: list[Touch] = writes) -> None:
            if isinstance(expr, Path):
                into.extend(self._touch(expr, under(place, field)))

        match node:
            case Step():
                read(node.input, "in")
                write(node.out, "out")
            case Assign():
                read(node.value, "value")
                write(node.at, "at")
            case Let():
                read(node.value, "value")
                write(Path(node.at), "at")
            case Branch():
                read(node.cond, "cond")
            case Loop():
                read(node.cond, "cond")
                write(node.counter, "counter")
            case Fanout():
                read(node.items, "items")
                write(node.bind, "bind", bind)
                write(node.out, "out")
            case Try():
                write(node.err_at, "err_at")
        return Stop(number, node, place, around, tuple(reads), tuple(needs), tuple(writes), bind[0] if bind else None)

    def _touch(self, path: Path, place: str) -> Iterator[Touch]:
        try:
            yield Touch(parse_path(path.at, self.compat), path.at, place)
        except InvalidPath:
            return


def overlap(one: Keys, other: Keys) -> bool:
    """One of them holds the other, or they are the same."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _inner(node: Node, place: str) -> Iterator[tuple[Node, str, str]]:
    """(node, its place, the field it stands in), in reading order."""
    match node:
        case Seq(children):
            for index, child in enumerate(children):
                yield child, f"{place}.children[{index}]", str(index)
        case Branch():
            yield node.then, f"{place}.then", "then"
            yield node.otherwise, f"{place}.else", "else"
        case Fanout() | Loop():
            yield node.body, f"{place}.body", "body"
        case Try():
            yield node.body, f"{place}.body", "body"
            yield node.catch, f"{place}.catch", "catch"
