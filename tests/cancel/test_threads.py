"""Functions on threads: their answers, their contexts, and every way in which they refuse to stop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import random
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause, Handoff, Orphan

R = TypeVar("R")

TASK = Cause(AbortReason.SIGNAL, "task")


@pytest.fixture
def threads() -> Iterator[Handoff]:
    handoff = Handoff()
    yield handoff
    handoff.close()


def _run(main: Coroutine[Any, Any, R]) -> R:
    return asyncio.run(asyncio.wait_for(main, 60))


async def _until(holds: Callable[[], bool]) -> None:
    """Wait, in a test that would otherwise end too early."""
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.002)


async def _leave(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def _double(number: int) -> int:
    return number * 2


class Body:
    """A function that can be watched: it begins, and ends by itself only when told."""

    def __init__(self, swallows: int = 0) -> None:
        self.began = threading.Event()
        self.told = threading.Event()
        self.swallows = swallows
        self.raised: list[Aborted] = []
        self.ended = False
        self.thread = 0

    def __call__(self, value: Any) -> Any:
        self.thread = threading.get_ident()
        self.began.set()
        try:
            while True:
                try:
                    while not self.told.is_set():
                        pass
                    return value
                except Aborted as aborted:
                    self.raised.append(aborted)
                    if len(self.raised) > self.swallows:
                        raise
        finally:
            self.ended = True

    async def start(self, threads: Handoff, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(threads.call(self, None, **options))
        await _until(self.began.is_set)
        return task


@pytest.mark.parametrize("patience", [0.0, 0.0003, 5.0], ids=["loop", "usual", "lock"])
def test_the_answer_comes_back(patience: float) -> None:
    threads = Handoff(patience=patience)

    async def main() -> list[int]:
        return [await threads.call(_double, number) for number in range(100)]

    assert _run(main()) == [number * 2 for number in range(100)]
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

    assert _run(main()) is error
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

    assert _run(main()) == ("of the caller", "of the caller")


def test_many_calls_at_once_give_each_its_answer(threads: Handoff) -> None:
    chance = random.Random(1)
    pauses = [chance.choice([0.0, 0.0, 0.001]) for _ in range(300)]

    def work(number: int) -> int:
        time.sleep(pauses[number])
        return number

    async def main() -> list[int]:
        return await asyncio.gather(*(threads.call(work, number) for number in range(300)))

    assert _run(main()) == list(range(300))


def test_the_loop_is_free_during_a_slow_function(threads: Handoff) -> None:
    async def main() -> int:
        task = asyncio.ensure_future(threads.call(time.sleep, 0.1))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return ticks

    assert _run(main()) > 5


def test_no_more_threads_than_the_limit() -> None:
    threads = Handoff(limit=3)
    seen: set[str] = set()

    def work(number: int) -> None:
        seen.add(threading.current_thread().name)
        time.sleep(0.005)

    async def main() -> None:
        await asyncio.gather(*(threads.call(work, number) for number in range(20)))

    _run(main())
    assert len(seen) == 3
    threads.close()


def test_an_idle_thread_is_used_again(threads: Handoff) -> None:
    async def main() -> set[str]:
        return {await threads.call(lambda _: threading.current_thread().name, None) for _ in range(50)}

    assert len(_run(main())) == 1


def test_a_callable_without_a_hash_works(threads: Handoff) -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, number: int) -> int:
            return number + 1

    assert _run(threads.call(Unhashable(), 1)) == 2


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
        gone = _run(main())
        until = time.monotonic() + 30
        while gone() is not None and time.monotonic() < until:
            time.sleep(0.001)
        assert gone() is None
    finally:
        gc.enable()


def test_abort_before_start_runs_nothing(threads: Handoff) -> None:
    token = CancelToken()
    token.abort(AbortReason.USER, "button")
    ran: list[None] = []

    with pytest.raises(Aborted, match=r"^Aborted: User$"):
        _run(threads.call(ran.append, None, token=token))

    assert ran == []


def test_a_cancelled_call_returns_at_once_and_aborts_its_token(threads: Handoff) -> None:
    body, token = Body(), CancelToken()

    async def main() -> float:
        task = await body.start(threads, token=token, grace=60)
        began = time.monotonic()
        await _leave(task)
        return time.monotonic() - began

    assert _run(main()) < 5
    assert token.cause == TASK
    assert not body.ended
    body.told.set()


def test_the_token_keeps_the_cause_it_had(threads: Handoff) -> None:
    body, token = Body(), CancelToken()

    async def main() -> None:
        task = await body.start(threads, token=token, grace=0)
        token.abort(AbortReason.TIMEOUT, "race")
        await _leave(task)
        await _until(lambda: body.ended)

    _run(main())
    assert [aborted.cause for aborted in body.raised] == [Cause(AbortReason.TIMEOUT, "race")]


def test_a_body_that_obeys_its_token_is_not_forced(threads: Handoff) -> None:
    ended: list[str] = []
    began = threading.Event()

    def work(token: CancelToken) -> None:
        began.set()
        try:
            while True:
                token.heartbeat()
        except Aborted as aborted:
            ended.append(type(aborted).__qualname__ + str(aborted.cause.by))

    async def main() -> None:
        token = CancelToken()
        task = asyncio.get_running_loop().create_task(threads.call(work, token, token=token, grace=0.3))
        await _until(began.is_set)
        await _leave(task)
        await _until(lambda: bool(ended))
        await asyncio.sleep(0.4)

    _run(main())
    assert ended == ["Abortedtask"]


@pytest.mark.parametrize("swallows", [0, 1, 3], ids=["obeys", "swallows one", "swallows three"])
def test_an_endless_body_is_ended_after_the_grace_and_not_before(threads: Handoff, swallows: int) -> None:
    body = Body(swallows)

    async def main() -> float:
        task = await body.start(threads, grace=0.15)
        left = time.monotonic()
        await _leave(task)
        await asyncio.sleep(0.05)
        assert not body.raised
        await _until(lambda: body.ended)
        return time.monotonic() - left

    assert _run(main()) >= 0.14
    assert [str(aborted) for aborted in body.raised] == ["Aborted: Signal"] * (swallows + 1)


def test_a_body_stuck_outside_python_is_named_until_it_ends(threads: Handoff) -> None:
    gate = threading.Lock()
    gate.acquire()

    def stuck(value: None) -> None:
        gate.acquire()  # no bytecode runs meanwhile, as in time.sleep or a regex

    async def main() -> list[Orphan]:
        before = time.time()
        task = asyncio.get_running_loop().create_task(threads.call(stuck, None, grace=0.05))
        await asyncio.sleep(0.02)
        await _leave(task)
        assert threads.orphans == []  # still within its grace
        await _until(lambda: threads.orphans != [])
        named = threads.orphans
        assert before <= named[0].since <= time.time()
        gate.release()
        await _until(lambda: threads.orphans == [])
        return named

    (orphan,) = _run(main())
    assert orphan.function == f"{__name__}.test_a_body_stuck_outside_python_is_named_until_it_ends.<locals>.stuck"
    assert orphan.thread.startswith("flowbench-")


def test_stuck_bodies_do_not_starve_the_others() -> None:
    threads = Handoff(limit=2)
    bodies = [Body(swallows=10**9) for _ in range(4)]

    async def main() -> int:
        for body in bodies:
            await _leave(await body.start(threads, grace=60))
        return await threads.call(_double, 21)

    assert _run(main()) == 42
    for body in bodies:
        body.told.set()
    threads.close()


@pytest.mark.parametrize("grace", [0.0, 60.0], ids=["forced", "ended by itself"])
def test_a_thread_whose_caller_has_left_takes_no_other_call(threads: Handoff, grace: float) -> None:
    body = Body()

    async def main() -> threading.Thread:
        task = await body.start(threads, grace=grace)
        (thread,) = (thread for thread in threading.enumerate() if thread.ident == body.thread)
        await _leave(task)
        if grace:
            body.told.set()
        return thread

    thread = _run(main())
    thread.join(30)

    assert not thread.is_alive()


def test_calls_that_wait_for_a_thread_get_the_place_of_one_that_is_stuck() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()

    async def main() -> int:
        task = await body.start(threads, grace=60)
        waiting = asyncio.ensure_future(threads.call(_double, 21))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await _leave(task)
        return await waiting

    assert _run(main()) == 42
    body.told.set()
    threads.close()


def test_a_call_that_is_cancelled_before_a_thread_began_it_never_runs() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()
    ran: list[int] = []

    async def main() -> None:
        task = await body.start(threads)
        waiting = asyncio.get_running_loop().create_task(threads.call(ran.append, 1))
        await asyncio.sleep(0.01)
        await _leave(waiting)
        body.told.set()
        await task
        await threads.call(ran.append, 2)

    _run(main())
    assert ran == [2]
    threads.close()


def test_an_abort_meant_for_one_body_never_hits_another() -> None:
    """Bodies that end just when they are forced, on few threads, with innocent ones in between."""
    threads = Handoff(limit=4)
    chance = random.Random(5)
    hit: list[BaseException] = []

    def guilty(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass

    def innocent(number: int) -> int:
        try:
            return sum(range(200)) + number
        except BaseException as error:
            hit.append(error)
            raise

    async def one() -> None:
        task = asyncio.get_running_loop().create_task(threads.call(guilty, chance.random() * 0.004, grace=0.001))
        await asyncio.sleep(chance.random() * 0.002)
        task.cancel()
        await asyncio.wait([task])

    async def main() -> list[int]:
        answers = []
        for _ in range(150):
            await asyncio.gather(one(), one())
            answers += [await threads.call(innocent, number) for number in range(3)]
        await _until(lambda: not threads._reaper._due)
        return answers

    assert _run(main()) == [19900, 19901, 19902] * 150
    assert hit == []
    assert threads.orphans == []
    threads.close()


def test_forcing_outlives_the_loop_of_the_caller(threads: Handoff) -> None:
    body = Body()

    async def main() -> None:
        await _leave(await body.start(threads, grace=0.05))

    _run(main())
    until = time.monotonic() + 30
    while not body.ended and time.monotonic() < until:
        time.sleep(0.002)

    assert body.ended


def test_an_answer_after_the_loop_was_closed_disturbs_nobody() -> None:
    threads = Handoff(patience=0.0)
    loop, body = asyncio.new_event_loop(), Body()
    call = threads.call(body, None)
    task = loop.create_task(call)
    loop.run_until_complete(_until(body.began.is_set))
    loop.close()  # with a task that waits: nobody can be told of the answer

    body.told.set()

    while not body.ended or not threads._idle:
        time.sleep(0.001)
    assert not task.done()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    threads.close()


def test_a_closed_handoff_does_what_it_took_and_takes_no_more() -> None:
    threads = Handoff(limit=1, patience=0.0)
    body = Body()

    async def main() -> int:
        task = await body.start(threads)
        waiting = asyncio.ensure_future(threads.call(_double, 21))
        await asyncio.sleep(0.01)
        threads.close()
        with pytest.raises(RuntimeError, match="closed"):
            await threads.call(_double, 1)
        body.told.set()
        await task
        return await waiting

    assert _run(main()) == 42


def test_closing_ends_the_threads() -> None:
    threads = Handoff()

    async def main() -> list[threading.Thread]:
        return list({await threads.call(lambda _: threading.current_thread(), None) for _ in range(3)})

    used = _run(main())
    threads.close()
    threads.close()

    for thread in used:
        thread.join(30)
        assert not thread.is_alive()


def test_a_handoff_without_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Handoff(limit=0)
