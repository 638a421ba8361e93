"""Functions on threads: their answers, their contexts, and the end of the pool."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import random
import threading
import time
import weakref

import pytest

from flowbench.cancel import Aborted, Handoff
from tests.cancel.bodies import TASK, Body, double, run


@pytest.mark.parametrize("patience", [0.0, 0.0003, 5.0], ids=["loop", "usual", "lock"])
def test_the_answer_comes_back(patience: float) -> None:
    threads = Handoff(patience=patience)

    async def main() -> list[int]:
        return [await threads.call(double, number) for number in range(100)]

    assert run(main()) == [number * 2 for number in range(100)]
    threads.close()


@pytest.mark.parametrize("patience", [0.0, 5.0], ids=["loop", "lock"])
@pytest.mark.parametrize("error", [ValueError("made up"), SystemExit(3), Aborted(TASK)], ids=repr)
def test_what_the_function_raises_comes_back(error: BaseException, patience: float) -> None:
    threads = Handoff(patience=patience)

    def fail(value: None) -> None:
        raise error

    async def main() -> BaseException | None:
        try:
            await threads.call(fail, None)
        except BaseException as caught:  # SystemExit must not reach the loop of the test
            return caught
        return None

    assert run(main()) is error
    threads.close()


def test_the_context_of_the_caller_goes_along_and_does_not_come_back(threads: Handoff) -> None:
    variable = contextvars.ContextVar("variable", default="nothing")

    def look(value: str) -> str:
        found = variable.get()
        variable.set(value)
        return found

    async def main() -> tuple[str, str]:
        variable.set("of the caller")
        return await threads.call(look, "of the body"), variable.get()

    assert run(main()) == ("of the caller", "of the caller")


def test_many_calls_at_once_give_each_its_answer(threads: Handoff) -> None:
    chance = random.Random(1)
    pauses = [chance.choice([0.0, 0.0, 0.001]) for _ in range(300)]

    def work(number: int) -> int:
        time.sleep(pauses[number])
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*(threads.call(work, number) for number in range(300)))

    assert run(main()) == list(range(300))


def test_the_loop_is_free_during_a_slow_function(threads: Handoff) -> None:
    async def main() -> int:
        task = asyncio.ensure_future(threads.call(time.sleep, 0.1))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return ticks

    assert run(main()) > 5


def test_no_more_threads_than_the_limit() -> None:
    threads = Handoff(limit=3)
    seen: set[str] = set()

    def work(number: int) -> None:
        seen.add(threading.current_thread().name)
        time.sleep(0.005)

    async def main() -> None:
        await asyncio.gather(*(threads.call(work, number) for number in range(20)))

    run(main())
    assert len(seen) == 3
    threads.close()


def test_an_idle_thread_is_used_again(threads: Handoff) -> None:
    async def main() -> set[str]:
        return {await threads.call(lambda _: threading.current_thread().name, None) for _ in range(50)}

    assert len(run(main())) == 1


def test_a_callable_without_a_hash_works(threads: Handoff) -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, number: int) -> int:
            return number + 1

    assert run(threads.call(Unhashable(), 1)) == 2


def test_nothing_of_a_call_is_kept(threads: Handoff) -> None:
    class Value:
        pass

    def fail(value: Value) -> None:
        raise ValueError("made up")

    async def main() -> weakref.ref[Value]:
        value = Value()
        with pytest.raises(ValueError, match="made up"):
            await threads.call(fail, value)
        return weakref.ref(value)

    gc.disable()
    try:
        gone = run(main())
        until = time.monotonic() + 30
        while gone() is not None and time.monotonic() < until:
            time.sleep(0.001)
        assert gone() is None
    finally:
        gc.enable()


def test_a_closed_handoff_does_what_it_took_and_takes_no_more() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()

    async def main() -> int:
        task = await body.start(threads)
        waiting = asyncio.ensure_future(threads.call(double, 21))
        await asyncio.sleep(0.01)
        threads.close()
        with pytest.raises(RuntimeError, match="closed"):
            await threads.call(double, 1)
        body.told.set()
        await task
        return await waiting

    assert run(main()) == 42


def test_closing_ends_the_threads() -> None:
    threads = Handoff()

    async def main() -> list[threading.Thread]:
        return list({await threads.call(lambda _: threading.current_thread(), None) for _ in range(3)})

    used = run(main())
    threads.close()
    threads.close()

    for thread in used:
        thread.join(30)
        assert not thread.is_alive()


def test_a_handoff_without_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Handoff(limit=0)


def test_a_function_that_waits_for_others_lends_them_its_place() -> None:
    threads = Handoff(limit=2)

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()

        def outer(number: int) -> int:
            with threads.aside():
                inner = asyncio.run_coroutine_threadsafe(threads.call(double, number), loop)
                return inner.result(30)

        return await asyncio.gather(*[threads.call(outer, number) for number in range(20)])

    assert run(main()) == [2 * number for number in range(20)]
    threads.close()


def test_aside_does_nothing_in_a_thread_that_is_not_of_the_pool(threads: Handoff) -> None:
    with threads.aside():
        assert run(threads.call(double, 2)) == 4
