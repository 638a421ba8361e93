"""The bus: readers come late, lag, sleep and leave; the writer never notices."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.events import Bus, Event, Lagged, Reader


def _event(number: int) -> Event:
    return Event("test", str(number), 0.0)


def _numbers(items: list[Event | Lagged]) -> list[int | Lagged]:
    return [item if isinstance(item, Lagged) else int(item.at) for item in items]


def _publish(bus: Bus, *numbers: int) -> None:
    for number in numbers:
        bus.publish(_event(number))


def test_what_tells_of_an_event_becomes_one_when_it_is_read() -> None:
    class Told:
        def event(self) -> Event:
            return _event(2)

    bus = Bus()
    reader = bus.reader()

    bus.publish(_event(1))
    bus.publish(Told())

    assert reader.read() == [_event(1), _event(2)]


def test_a_reader_sees_what_comes_after_it_once() -> None:
    bus = Bus()
    _publish(bus, 1)
    reader = bus.reader()
    _publish(bus, 2, 3)

    assert _numbers(reader.read()) == [2, 3]
    assert reader.read() == []


def test_a_reader_of_the_past_begins_with_the_oldest_event_kept() -> None:
    bus = Bus(limit=3)
    _publish(bus, 1, 2, 3, 4, 5)

    assert _numbers(bus.reader(past=True).read()) == [3, 4, 5]


def test_readers_do_not_share_their_place() -> None:
    bus = Bus()
    one, other = bus.reader(), bus.reader()
    _publish(bus, 1)
    one.read()

    assert _numbers(other.read()) == [1]


def test_a_slow_reader_is_told_how_much_it_missed() -> None:
    bus = Bus(limit=3)
    reader = bus.reader()
    _publish(bus, *range(10))

    assert _numbers(reader.read()) == [Lagged(7), 7, 8, 9]


@given(
    limit=st.integers(1, 5),
    script=st.lists(st.one_of(st.just("read"), st.integers(1, 12)), max_size=30),
)
def test_nothing_is_lost_without_being_counted(limit: int, script: list[str | int]) -> None:
    bus = Bus(limit=limit)
    reader = bus.reader()
    written = accounted = 0

    for move in [*script, "read"]:
        if isinstance(move, int):
            _publish(bus, *range(written, written + move))
            written += move
            continue
        for item in reader.read():
            if isinstance(item, Lagged):
                assert item.missed == written - accounted - limit
                accounted += item.missed
            else:
                assert int(item.at) == accounted
                accounted += 1
        assert accounted == written


def test_memory_is_bounded() -> None:
    bus = Bus(limit=10)
    _publish(bus, *range(1000))

    assert len(bus._events) <= 20


def test_a_closed_bus_takes_no_more_and_gives_what_is_left() -> None:
    bus = Bus()
    reader = bus.reader()
    _publish(bus, 1)
    bus.close()
    _publish(bus, 2)

    assert not reader.ended
    assert _numbers(reader.read()) == [1]
    assert reader.ended


@pytest.mark.parametrize("limit", [0, -1])
def test_a_bus_without_room_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Bus(limit=limit)


def test_wait_returns_at_once_when_there_is_something() -> None:
    bus = Bus()
    reader = bus.reader()
    _publish(bus, 1)

    assert reader.wait(timeout=0.0)


@pytest.mark.parametrize("timeout", [0.0, -1.0, 0.02])
def test_wait_gives_up_in_time(timeout: float) -> None:
    began = time.monotonic()

    assert not Bus().reader().wait(timeout)
    assert timeout <= time.monotonic() - began < timeout + 5


def test_wait_ends_when_the_bus_is_closed() -> None:
    bus = Bus()
    threading.Timer(0.02, bus.close).start()

    assert not bus.reader().wait(timeout=60)


def test_no_wake_up_of_a_blocked_reader_is_lost() -> None:
    bus = Bus()
    reader = bus.reader()
    turn = threading.Semaphore(1)

    def write() -> None:
        for number in range(2000):
            turn.acquire()
            _publish(bus, number)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(2000):
        assert reader.wait(timeout=30)
        assert _numbers(reader.read()) == [number]
        turn.release()
    writer.join()


class Sly(Bus):
    """Something comes just before a reader goes to sleep."""

    def sleep(self, wake: Callable[[], None]) -> Callable[[], None]:
        _publish(self, 1)
        return super().sleep(wake)


def test_what_comes_just_before_a_reader_sleeps_is_not_slept_through() -> None:
    blocked, iterating = Sly().reader(), Sly().reader()
    began = time.monotonic()

    assert blocked.wait(timeout=60)
    item = asyncio.run(asyncio.wait_for(anext(iterating), 60))

    assert isinstance(item, Event)
    assert time.monotonic() - began < 30


def test_iteration_gives_everything_and_ends_with_the_bus() -> None:
    bus = Bus()

    async def read() -> list[int | Lagged]:
        reader = bus.reader()
        _publish(bus, 1, 2)
        asyncio.get_running_loop().call_later(0.01, _publish, bus, 3)
        asyncio.get_running_loop().call_later(0.02, bus.close)
        return _numbers([item async for item in reader])

    assert asyncio.run(read()) == [1, 2, 3]


def test_leaving_an_iteration_loses_nothing() -> None:
    bus = Bus()

    async def read() -> list[int | Lagged]:
        reader = bus.reader()
        _publish(bus, 1, 2, 3)
        async for _ in reader:
            break
        return _numbers(reader.read())

    assert asyncio.run(read()) == [2, 3]


@asynccontextmanager
async def _cancelled_at_the_end(task: asyncio.Task[object]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_a_cancelled_iteration_leaves_no_sleeper_and_can_go_on() -> None:
    bus = Bus()

    async def read() -> list[int | Lagged]:
        reader = bus.reader()
        task: asyncio.Task[object] = asyncio.ensure_future(anext(reader))
        async with _cancelled_at_the_end(task):
            await asyncio.sleep(0.01)
            assert len(bus._sleepers) == 1
        assert bus._sleepers == {}
        _publish(bus, 1)
        return [int(item.at) for item in [await anext(reader)] if isinstance(item, Event)]

    assert asyncio.run(read()) == [1]


def test_a_flood_of_events_leaves_the_loop_to_others() -> None:
    bus = Bus()

    async def read() -> int:
        reader = bus.reader()
        _publish(bus, 0)
        stop = asyncio.get_running_loop().call_later(0.02, bus.close)
        seen = 0
        async for _ in reader:
            _publish(bus, seen)
            seen += 1
        stop.cancel()
        return seen

    assert asyncio.run(asyncio.wait_for(read(), 30)) > 0


def test_several_loops_and_threads_read_all_of_several_writers() -> None:
    bus = Bus(limit=100_000)
    readers = [bus.reader() for _ in range(4)]
    seen: list[list[Event | Lagged]] = [[] for _ in readers]

    def read_async(place: int, reader: Reader) -> None:
        async def everything() -> None:
            seen[place] += [item async for item in reader]

        asyncio.run(everything())

    def read_blocked(place: int, reader: Reader) -> None:
        while not reader.ended:
            reader.wait(timeout=30)
            seen[place] += reader.read()

    def write(writer: int) -> None:
        for number in range(1000):
            bus.publish(Event("test", str(number), float(writer)))

    reading = [
        threading.Thread(target=read_async if place % 2 else read_blocked, args=(place, reader))
        for place, reader in enumerate(readers)
    ]
    writing = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in reading + writing:
        thread.start()
    for thread in writing:
        thread.join()
    bus.close()
    for thread in reading:
        thread.join()

    for items in seen:
        by_writer: dict[float, list[int]] = {}
        for item in items:
            assert isinstance(item, Event)
            by_writer.setdefault(item.t, []).append(int(item.at))
        assert by_writer == {float(writer): list(range(1000)) for writer in range(4)}
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_a_writer_is_not_held_up_by_a_loop_that_is_stuck_or_closed() -> None:
    bus = Bus()
    reader = bus.reader()
    waiting = threading.Event()
    release = threading.Event()

    async def stuck() -> None:
        task = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0.01)
        waiting.set()
        release.wait(30)  # the loop stands still
        await task

    thread = threading.Thread(target=asyncio.run, args=(stuck(),))
    thread.start()
    waiting.wait(30)
    began = time.monotonic()
    _publish(bus, *range(1000))
    assert time.monotonic() - began < 5
    release.set()
    thread.join()


def test_a_reader_whose_loop_was_closed_does_not_disturb_the_writer() -> None:
    bus = Bus()
    reader = bus.reader()
    loop = asyncio.new_event_loop()
    task = loop.create_task(anext(reader))
    loop.run_until_complete(asyncio.sleep(0.01))
    forgotten = dict(bus._sleepers)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    bus._sleepers.update(forgotten)  # the abort came between the wake-up and the end of the loop

    _publish(bus, 1)

    assert _numbers(reader.read()) == [1]


def test_a_signal_handler_may_publish_while_its_thread_publishes_and_reads() -> None:
    bus = Bus(limit=50)
    reader = bus.reader()
    from_handler = written = missed = 0

    def handle(number: int, frame: object) -> None:
        nonlocal from_handler
        from_handler += 1
        _publish(bus, -1)

    previous = signal.signal(signal.SIGVTALRM, handle)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
    try:
        seen = 0
        while from_handler < 100:
            _publish(bus, written)
            written += 1
            if written % 7 == 0:
                items = reader.read()
                missed += sum(item.missed for item in items if isinstance(item, Lagged))
                seen += sum(isinstance(item, Event) for item in items)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    items = reader.read()
    missed += sum(item.missed for item in items if isinstance(item, Lagged))
    seen += sum(isinstance(item, Event) for item in items)

    assert seen + missed == written + from_handler


def test_publishing_is_cheap_when_nobody_waits() -> None:
    bus = Bus()
    event = _event(1)
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(20_000):
            bus.publish(event)
        best = min(best, (time.perf_counter() - began) / 20_000)

    assert best < 3e-6  # measured 0.1 us; ten times the promise, for busy machines
