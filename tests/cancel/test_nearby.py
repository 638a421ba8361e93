"""Threads that are woken nearby: on the processor of who wakes them, and bound to none once they work."""

from __future__ import annotations

import os
import threading

import pytest

from flowbench.cancel import Handoff
from flowbench.cancel.nearby import FAR_ANSWERS, NEAR_CALLS, NEAR_SECONDS, Distance, Sleeper
from tests.cancel.bodies import double, run

if not hasattr(os, "sched_getaffinity"):
    pytest.skip("here no thread can be bound to a processor", allow_module_level=True)


def processors(_: object) -> set[int]:
    return os.sched_getaffinity(0)


def heard(*seconds: float) -> Distance:
    distance = Distance()
    for each in seconds:
        distance.hear(each)
    return distance


def test_slow_answers_in_a_row_mean_that_threads_are_far_from_each_other() -> None:
    assert not heard(*[NEAR_SECONDS] * (FAR_ANSWERS - 1)).is_far
    assert heard(*[NEAR_SECONDS] * FAR_ANSWERS).is_far


def test_slow_answers_between_quick_ones_mean_nothing() -> None:
    assert not heard(*[NEAR_SECONDS, NEAR_SECONDS, 0.0] * 10).is_far


def test_after_many_calls_the_system_is_tried_again_and_one_slow_answer_is_enough() -> None:
    distance = heard(*[NEAR_SECONDS] * FAR_ANSWERS, *[0.0] * NEAR_CALLS)
    was_far = distance.is_far

    distance.hear(NEAR_SECONDS)

    assert not was_far
    assert distance.is_far


def test_a_quick_function_may_use_every_processor(threads: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Distance, "is_far", True)

    async def main() -> list[set[int]]:
        return [await threads.call(processors, None) for _ in range(200)]

    assert run(main()) == [processors(None)] * 200


def test_so_may_what_it_starts(threads: Handoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Distance, "is_far", True)

    def start(_: object) -> set[int]:
        found: list[set[int]] = []
        thread = threading.Thread(target=lambda: found.append(processors(None)))
        thread.start()
        thread.join()
        return found[0]

    async def main() -> list[set[int]]:
        return [await threads.call(start, None) for _ in range(20)]

    assert run(main()) == [processors(None)] * 20


@pytest.mark.skipif(len(processors(None)) < 2, reason="there is one processor to be on")
def test_a_sleeper_is_bound_to_one_processor_until_it_is_awake() -> None:
    asleep, woken, done = threading.Event(), threading.Event(), threading.Event()
    sleepers: list[Sleeper] = []

    def sleep() -> None:
        sleepers.append(Sleeper())
        asleep.set()
        woken.wait()
        sleepers[0].let_go()
        done.set()
        finished.wait()

    finished = threading.Event()
    thread = threading.Thread(target=sleep)
    thread.start()
    asleep.wait()
    assert thread.native_id is not None

    sleepers[0].call_here()
    bound = os.sched_getaffinity(thread.native_id)
    woken.set()
    done.wait()
    free = os.sched_getaffinity(thread.native_id)

    finished.set()
    thread.join()
    assert len(bound) == 1
    assert free == processors(None)


def test_where_that_is_forbidden_functions_are_called_all_the_same(
    threads: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: int, processors: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Distance, "is_far", True)
    monkeypatch.setattr(os, "sched_setaffinity", refuse)

    async def main() -> list[int]:
        return [await threads.call(double, number) for number in range(20)]

    assert run(main()) == [number * 2 for number in range(20)]
