"""Dag: held against networkx on graphs of every shape, and against what is written down for small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.project import (
    Cycle,
    Dag,
    DuplicateTask,
    Frontier,
    NothingToSplitInto,
    UnknownDependency,
    UnknownTask,
    ids,
)
from flowbench.project.status import Status

Tasks = Mapping[str, Sequence[str]]


def name(number: int) -> str:
    return f"fn-1-x.{number}"


def dag(tasks: Tasks, priorities: Mapping[str, int | None] | None = None) -> Dag:
    return Dag(tasks.items(), priorities)


def other(tasks: Tasks) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(tasks)
    graph.add_edges_from((each, id) for id, before in tasks.items() for each in before)
    return graph


def refused(tasks: Tasks) -> Cycle | None:
    try:
        dag(tasks)
    except Cycle as error:
        return error
    return None


@st.composite
def acyclic(draw: st.DrawFn) -> Tasks:
    numbers = draw(st.lists(st.integers(1, 40), unique=True, max_size=12))
    tasks = {
        name(number): [name(each) for each in draw(st.lists(st.sampled_from(numbers[:place]), max_size=4))]
        if place
        else []
        for place, number in enumerate(numbers)
    }
    return dict(draw(st.permutations(list(tasks.items()))))


any_graph = st.dictionaries(st.integers(1, 8), st.lists(st.integers(1, 8), max_size=3), max_size=8).map(
    lambda found: {name(id): [name(each) for each in before if each in found] for id, before in found.items()}
)
statuses = st.dictionaries(st.integers(1, 40).map(name), st.sampled_from(Status))


@given(any_graph)
def test_a_cycle_is_found_exactly_where_there_is_one_and_its_path_is_one(tasks: Tasks) -> None:
    error = refused(tasks)

    assert (error is None) is nx.is_directed_acyclic_graph(other(tasks))
    if error is not None:
        assert error.path[0] == error.path[-1]
        assert all(after in tasks[before] for before, after in pairwise(error.path))
        assert set(error.path) <= set(error.members)


@given(acyclic())
def test_levels_are_those_of_the_longest_path(tasks: Tasks) -> None:
    waves = dag(tasks).levels()

    assert waves == [sorted(wave, key=ids.key) for wave in nx.topological_generations(other(tasks))]


@given(acyclic())
def test_the_order_has_dependencies_first(tasks: Tasks) -> None:
    order = dag(tasks).topological_sort()

    assert sorted(order) == sorted(tasks)
    assert all(order.index(each) < order.index(id) for id, before in tasks.items() for each in before)


@given(acyclic(), st.data())
def test_the_critical_path_is_a_longest_one(tasks: Tasks, data: st.DataObject) -> None:
    weights = {id: data.draw(st.integers(0, 9)) for id in tasks}
    longest: dict[str, int] = {}
    for id in nx.topological_sort(other(tasks)):
        longest[id] = weights[id] + max((longest[each] for each in tasks[id]), default=0)

    path = dag(tasks).critical_path(weights)

    assert sum(weights[id] for id in path) == max(longest.values(), default=0)
    assert all(before in tasks[after] for before, after in pairwise(path))
    assert not path or (not tasks[path[0]] and not any(path[-1] in before for before in tasks.values()))


@given(acyclic(), statuses)
def test_ready_is_what_is_startable_and_waits_for_nothing(tasks: Tasks, told: dict[str, Status]) -> None:
    startable = {Status.TODO, Status.UP_FOR_RETRY}
    expected = [
        id
        for id in sorted(tasks, key=ids.key)
        if told.get(id, Status.TODO) in startable
        and all(told.get(each, Status.TODO).is_satisfied for each in tasks[id])
    ]

    assert dag(tasks).ready(told) == expected


@given(acyclic(), statuses, st.lists(st.tuples(st.integers(0, 50), st.sampled_from(Status)), max_size=20))
def test_a_frontier_is_always_what_ready_would_say(
    tasks: Tasks, told: dict[str, Status], changes: list[tuple[int, Status]]
) -> None:
    graph = dag(tasks)
    frontier = Frontier(graph, told)
    for place, status in changes if tasks else []:
        id = list(tasks)[place % len(tasks)]
        before = set(graph.ready(told))
        told[id] = status
        freed = frontier.set(id, status)

        assert frontier.ready == set(graph.ready(told))
        assert set(freed) >= frontier.ready - before - {id}


@given(acyclic())
def test_whom_a_failure_concerns_are_all_descendants(tasks: Tasks) -> None:
    graph, reference = dag(tasks), other(tasks)

    for id in tasks:
        assert graph.propagate_failure(id) == sorted(nx.descendants(reference, id), key=ids.key)
        assert graph.dependents(id) == sorted(reference.successors(id), key=ids.key)
        assert graph.dependencies(id) == sorted(reference.predecessors(id), key=ids.key)


@given(acyclic(), st.integers(1, 3))
def test_a_split_puts_a_chain_in_the_place_of_a_task(tasks: Tasks, count: int) -> None:
    for id in tasks:
        into = [name(100 + each) for each in range(count)]

        graph = dag(tasks).split(id, into)

        assert id not in graph
        assert graph.dependencies(into[0]) == dag(tasks).dependencies(id)
        assert graph.dependents(into[-1]) == dag(tasks).dependents(id)
        assert all(graph.dependencies(b) == [a] for a, b in pairwise(into))


DIAMOND = {name(1): [], name(2): [name(1)], name(10): [name(1)], name(11): [name(10), name(2)]}


def test_a_diamond_has_three_levels_and_the_first_of_equal_paths_is_critical() -> None:
    graph = dag(DIAMOND)

    assert graph.levels() == [[name(1)], [name(2), name(10)], [name(11)]]
    assert graph.critical_path() == [name(1), name(2), name(11)]
    assert graph.critical_path({name(10): 5.0}) == [name(1), name(10), name(11)]


def test_what_completes_makes_others_ready_though_its_own_status_is_another() -> None:
    graph = dag(DIAMOND)

    assert graph.complete(name(1), {}) == [name(2), name(10)]
    assert graph.skip(name(2), {name(10): Status.SKIPPED}) == [name(11)]
    assert graph.complete(name(2), {}) == []
    assert graph.complete("fn-9.9", {}) == []


def test_ready_is_by_priority_and_then_natural() -> None:
    tasks = {name(number): [] for number in (10, 2, 3, 1)}

    assert dag(tasks, {name(10): 1, name(3): 1, name(2): None}).ready({}) == [name(3), name(10), name(1), name(2)]


def test_one_task_and_none() -> None:
    assert dag({name(1): []}).critical_path() == [name(1)]
    assert (dag({}).critical_path(), dag({}).levels(), dag({}).ready({})) == ([], [], [])


def test_a_thousand_in_a_chain_and_a_thousand_side_by_side() -> None:
    chain = dag({name(number): [name(number - 1)] if number else [] for number in range(1_000)})
    fan = dag({name(number): [name(0)] if number else [] for number in range(1_001)})

    assert len(chain.levels()) == 1_000
    assert chain.ready({}) == [name(0)]
    assert len(fan.complete(name(0), {})) == 1_000


def test_a_task_that_waits_for_itself_is_a_cycle() -> None:
    with pytest.raises(Cycle, match=r"fn-1-x\.1 -> fn-1-x\.1"):
        dag({name(1): [name(1)]})


def test_a_cycle_names_its_way_round_and_not_what_lies_behind_it() -> None:
    with pytest.raises(Cycle) as caught:
        dag({name(10): [name(2)], name(2): [name(10)], name(11): [name(10)]})

    assert caught.value.path == [name(2), name(10), name(2)]
    assert caught.value.members == [name(2), name(10), name(11)]


def test_what_makes_no_graph_is_refused() -> None:
    with pytest.raises(DuplicateTask, match=r"fn-1-x\.1 is there twice"):
        Dag([(name(1), []), (name(2), []), (name(1), [])])
    with pytest.raises(UnknownDependency, match=r"fn-1-x\.1 depends on fn-9\.9"):
        dag({name(1): ["fn-9.9"]})
    with pytest.raises(NothingToSplitInto):
        dag(DIAMOND).split(name(1), [])
    with pytest.raises(UnknownTask):
        dag(DIAMOND).split("fn-9.9", [name(3)])
    with pytest.raises(DuplicateTask):
        dag(DIAMOND).split(name(1), [name(2)])
