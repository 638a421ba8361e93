"""Dag: which task waits for which: order, levels, ready sets, the critical path. Deterministic, in natural order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flowbench.project import ids
from flowbench.project.errors import Cycle, DuplicateTask, NothingToSplitInto, UnknownDependency, UnknownTask
from flowbench.project.status import SATISFIED, Status

NO_PRIORITY = 999
STARTABLE = frozenset({Status.TODO, Status.UP_FOR_RETRY})

Statuses = Mapping[str, Status]
"""A task that is missing is in todo."""


class Dag:
    """Tasks by id, each with what it depends on. Built once; `split` gives a new one.

    Inside, a task is a number: its place in natural order, so that the order of numbers is the order of ids.
    """

    __slots__ = ("_after", "_before", "_ids", "_priorities", "_waves", "_where")

    def __init__(
        self, tasks: Iterable[tuple[str, Sequence[str]]], priorities: Mapping[str, int | None] | None = None
    ) -> None:
        """tasks: (id, ids that it depends on); a dependency that is named twice counts once.

        priorities: of those that have one, lower first. Raises: DuplicateTask, UnknownDependency, Cycle.
        """
        given = list(tasks)
        names = [id for id, _ in given]
        order = ids.natural(names)
        self._ids = [names[place] for place in order]
        where = self._where = dict(zip(self._ids, range(len(order)), strict=True))
        if len(where) != len(order):
            raise DuplicateTask(next(a for a, b in zip(self._ids, self._ids[1:], strict=False) if a == b))
        try:
            waits_for = [[where[each] for each in depends_on] for _, depends_on in given]
        except KeyError:
            missing = ((names[at], each) for at in order for each in given[at][1] if each not in where)
            raise UnknownDependency(*next(missing)) from None
        self._before = [waits_for[place] for place in order]
        after: list[list[int]] = [[] for _ in order]
        self._after = after
        for place, before in enumerate(self._before):
            for each in before:
                after[each].append(place)
        self._priorities = None if not priorities else [_priority(priorities.get(id)) for id in self._ids]
        self._waves = self._walk()

    def _walk(self) -> list[list[int]]:
        """Kahn: whatever waits for nothing, level by level, each level in natural order. Raises: Cycle."""
        waits = list(map(len, self._before))
        after = self._after
        level = [place for place, count in enumerate(waits) if not count]
        waves: list[list[int]] = []
        while level:
            waves.append(level)
            freed = []
            for place in level:
                for each in after[place]:
                    waits[each] -= 1
                    if not waits[each]:
                        freed.append(each)
            freed.sort()
            level = freed
        if sum(map(len, waves)) != len(waits):
            left = [place for place, count in enumerate(waits) if count]
            raise Cycle(self._cycle(set(left)), [self._ids[each] for each in left])
        return waves

    def _cycle(self, left: set[int]) -> list[str]:
        """From the first of those that wait for ever, always to the first it waits for: the walk must meet itself."""
        path: list[int] = []
        seen: dict[int, int] = {}
        place = min(left)
        while place not in seen:
            seen[place] = len(path)
            path.append(place)
            place = next(each for each in self._before[place] if each in left)
        ring = path[seen[place] :]
        first = ring.index(min(ring))
        ring = ring[first:] + ring[: first + 1]
        return [self._ids[each] for each in ring]

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id: object) -> bool:
        return id in self._where

    @property
    def task_ids(self) -> list[str]:
        """In natural order."""
        return list(self._ids)

    def dependencies(self, id: str) -> list[str]:
        """What it waits for; [] for an unknown id."""
        return self._names(self._before, id)

    def dependents(self, id: str) -> list[str]:
        """What waits for it, directly; [] for an unknown id."""
        return self._names(self._after, id)

    def topological_sort(self) -> list[str]:
        """Dependencies first; among those that could come next, by level and then in natural order."""
        return [self._ids[place] for wave in self._waves for place in wave]

    def levels(self) -> list[list[str]]:
        """Waves: a task stands one level behind the last of those that it waits for. [] without tasks."""
        return [[self._ids[place] for place in wave] for wave in self._waves]

    def ready(self, statuses: Statuses) -> list[str]:
        """What could start now: todo or up for retry, and all it waits for is satisfied. By priority, then natural."""
        todo, retry, done, skipped = Status.TODO, Status.UP_FOR_RETRY, Status.DONE, Status.SKIPPED  # dear to look up
        told = [statuses.get(id, todo) for id in self._ids]
        waited_for = [each is not done and each is not skipped for each in told]
        found = []
        for place, status in enumerate(told):
            if status is todo or status is retry:
                for each in self._before[place]:
                    if waited_for[each]:
                        break
                else:
                    found.append(place)
        return self._by_priority(found)

    def complete(self, id: str, statuses: Statuses) -> list[str]:
        """Those that become ready with `id`, which counts as satisfied whatever its status; [] for an unknown id."""
        here = self._where.get(id)
        if here is None:
            return []
        return self._by_priority(
            [
                place
                for place in dict.fromkeys(self._after[here])
                if statuses.get(self._ids[place], Status.TODO) in STARTABLE
                and all(
                    each == here or statuses.get(self._ids[each], Status.TODO).is_satisfied
                    for each in self._before[place]
                )
            ]
        )

    skip = complete
    """The same for a task that is skipped."""

    def downstream(self, id: str) -> list[str]:
        """All that waits for it, directly or not, in natural order; [] for an unknown id."""
        here = self._where.get(id)
        if here is None:
            return []
        found: set[int] = set()
        left = [here]
        while left:
            for each in self._after[left.pop()]:
                if each not in found:
                    found.add(each)
                    left.append(each)
        return [self._ids[place] for place in sorted(found)]

    propagate_failure = downstream
    """Whom the failure of a task concerns; who of them is hit, `status.hit` says."""

    def critical_path(self, weight: Mapping[str, float] | Callable[[str], float] | None = None) -> list[str]:
        """The longest path, source to sink; of equals the one through the first in natural order. [] without tasks.

        weight: of a task, >= 0, e.g. its seconds; without it each counts 1. What a mapping misses counts 0.
        """
        if not self._ids:
            return []
        weights = self._weights(weight)
        longest = [0.0] * len(weights)  # from here to a sink, this task included
        onward: list[int] = [-1] * len(weights)
        for wave in reversed(self._waves):
            for place in wave:
                best, at = -1.0, -1
                for each in self._after[place]:  # in natural order: the first of the longest stays
                    if longest[each] > best:
                        best, at = longest[each], each
                longest[place] = weights[place] if at < 0 else best + weights[place]
                onward[place] = at
        place = max(self._waves[0], key=longest.__getitem__)  # the first of the longest
        path = []
        while place >= 0:
            path.append(self._ids[place])
            place = onward[place]
        return path

    def split(self, id: str, into: Sequence[str]) -> Dag:
        """Another graph: what `id` waited for, the first of `into` waits for; who waited for `id` waits for the last;
        between them each waits for the one before.

        Raises: UnknownTask, NothingToSplitInto, DuplicateTask.
        """
        if id not in self._where:
            raise UnknownTask(id)
        if not into:
            raise NothingToSplitInto(id)
        for place, new in enumerate(into):
            if (new in self._where and new != id) or new in into[:place]:
                raise DuplicateTask(new)
        tasks: list[tuple[str, Sequence[str]]] = [
            (each, [into[-1] if name == id else name for name in self.dependencies(each)])
            for each in self._ids
            if each != id
        ]
        tasks += [(new, [into[place - 1]] if place else self.dependencies(id)) for place, new in enumerate(into)]
        priorities = None if self._priorities is None else dict(zip(self._ids, self._priorities, strict=True))
        if priorities is not None:
            mine = priorities.pop(id)
            priorities.update(dict.fromkeys(into, mine))
        return Dag(tasks, priorities)

    def _names(self, sides: list[list[int]], id: str) -> list[str]:
        here = self._where.get(id)
        return [] if here is None else [self._ids[place] for place in sorted(set(sides[here]))]

    def _by_priority(self, places: list[int]) -> list[str]:
        priorities = self._priorities
        if priorities is not None:
            places = sorted(places, key=lambda place: (priorities[place], place))
        return [self._ids[place] for place in places]

    def _weights(self, weight: Mapping[str, float] | Callable[[str], float] | None) -> list[float]:
        if weight is None:
            return [1.0] * len(self._ids)
        if callable(weight):
            return [float(weight(id)) for id in self._ids]
        return [weight.get(id, 0.0) for id in self._ids]


class Frontier:
    """The ready set of a graph that changes one status at a time: an update costs what the task's neighbours cost."""

    __slots__ = ("_dag", "_missing", "_statuses", "ready")

    def __init__(self, dag: Dag, statuses: Statuses) -> None:
        self._dag = dag
        self._statuses = [statuses.get(id, Status.TODO) for id in dag._ids]
        self._missing = [sum([self._statuses[each] not in SATISFIED for each in before]) for before in dag._before]
        self.ready = {
            dag._ids[place]
            for place, missing in enumerate(self._missing)
            if not missing and self._statuses[place] in STARTABLE
        }

    def set(self, id: str, status: Status) -> list[str]:
        """A task has another status; those that have become ready by it, in natural order. Raises: UnknownTask."""
        dag = self._dag
        here = dag._where.get(id)
        if here is None:
            raise UnknownTask(id)
        was, self._statuses[here] = self._statuses[here] in SATISFIED, status
        if status in STARTABLE and not self._missing[here]:
            self.ready.add(id)
        else:
            self.ready.discard(id)
        if was is (status in SATISFIED):
            return []
        step = 1 if was else -1
        freed = []
        for place in dag._after[here]:
            self._missing[place] += step
            name = dag._ids[place]
            if self._missing[place]:
                self.ready.discard(name)
            elif self._statuses[place] in STARTABLE:
                self.ready.add(name)
                freed.append(name)
        return freed


def _priority(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else NO_PRIORITY
