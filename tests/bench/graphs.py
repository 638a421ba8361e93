"""Graphs of tasks: W8, 10,000 and 100,000 of them, against lists of numbers that know neither order nor names."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

from flowbench.project import Dag, Frontier, Status
from tests.bench.measure import Figure, beside

Spec = list[tuple[str, list[str], int]]


def layered(count: int, seed: int = 7) -> Spec:
    """(id, what it waits for, cost): about two of the two hundred before it each; in any order."""
    chance = random.Random(seed)
    name = "fn-1-add-auth.{}".format
    tasks = [
        (
            name(here),
            [name(each) for each in {chance.randint(max(0, here - 200), here - 1) for _ in range(2)} if here],
            1,
        )
        if here
        else (name(0), [], 1)
        for here in range(count)
    ]
    chance.shuffle(tasks)
    return tasks


def ours(spec: Spec, statuses: dict[str, Status]) -> None:
    dag = Dag((id, before) for id, before, _ in spec)
    dag.levels()
    dag.critical_path({id: cost for id, _, cost in spec})
    dag.ready(statuses)


def bare(spec: Spec, statuses: dict[str, Status]) -> None:
    """The same on numbers alone, in whatever order they came."""
    where = {id: place for place, (id, _, _) in enumerate(spec)}
    before = [[where[each] for each in waits] for _, waits, _ in spec]
    after: list[list[int]] = [[] for _ in spec]
    for place, waits in enumerate(before):
        for each in waits:
            after[each].append(place)
    left = list(map(len, before))
    level = [place for place, count in enumerate(left) if not count]
    order: list[int] = []
    while level:
        order += level
        freed = []
        for place in level:
            for each in after[place]:
                left[each] -= 1
                if not left[each]:
                    freed.append(each)
        level = freed
    longest = [0] * len(spec)
    for place in order:
        longest[place] = max([longest[each] for each in before[place]], default=0) + spec[place][2]
    done = [id in statuses for id, _, _ in spec]
    [place for place, waits in enumerate(before) if not done[place] and all(done[each] for each in waits)]


def updates(dag: Dag) -> None:
    frontier = Frontier(dag, {})
    for id in dag.topological_sort():
        frontier.set(id, Status.DONE)


def nothing() -> None:
    """Nobody else has a ready set that is kept."""


def w8() -> Iterator[Figure]:
    for count in (10_000, 100_000):
        spec = layered(count)
        dag = Dag((id, before) for id, before, _ in spec)
        statuses = dict.fromkeys(dag.topological_sort()[: count // 2], Status.DONE)
        work, floor = partial(ours, spec, statuses), partial(bare, spec, statuses)
        yield beside(f"W8-{count // 1000}k", work, floor, count, each=1)
        yield beside(f"W8-{count // 1000}k-update", partial(updates, dag), nothing, count)
