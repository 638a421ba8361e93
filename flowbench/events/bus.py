"""Bus: one bounded stream of events, any number of writers and readers, and no writer ever waits for a reader."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something happened. kind: a word. at: address of the step. t: unix seconds. data: JSON-like, without cycles."""

    kind: str
    at: str
    t: float
    data: Any = None


class Told(Protocol):
    """Something that was recorded and is an event too: it is made when somebody reads, which nobody may ever do."""

    def event(self) -> Event: ...


class Lagged(msgspec.Struct, frozen=True):
    """The reader was too slow: `missed` events between the last one and the next one are gone."""

    missed: int


class Bus:
    """The last `limit` events, for whoever reads. limit: events, > 0.

    `publish` takes no lock unless the list has to be cut: a signal handler may publish in a thread that publishes.
    """

    def __init__(self, limit: int = 10_000) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        self._limit = limit
        self._most = 2 * limit  # cut rarely and by half: a cut costs as much as what it moves
        self._events: list[Event | Told] = []
        self._first = 0  # number of the event at index 0
        self._lock = threading.RLock()
        self._sleepers: dict[int, Callable[[], None]] = {}
        self._keys = itertools.count()
        self.closed = False

    def publish(self, event: Event | Told) -> None:
        """From any thread; never blocks. After `close` the event is dropped."""
        if self.closed:
            return
        events = self._events
        events.append(event)
        if len(events) > self._most:
            self._cut()
        if self._sleepers:
            self._wake()

    def close(self) -> None:
        """No more events; readers get what is left and end."""
        self.closed = True
        self._wake()

    def reader(self, *, past: bool = False) -> Reader:
        """A reader of the events from now on, or with `past` from the oldest that is kept."""
        with self._lock:
            end = self._first + len(self._events)
        return Reader(self, self._oldest(end) if past else end)

    def unread(self, since: int) -> tuple[list[Event | Lagged], int]:
        """The events with numbers from `since` on, and the number after them."""
        with self._lock:
            events = self._events
            end = self._first + len(events)
            begin = max(since, self._oldest(end))
            found: list[Event | Lagged] = [Lagged(begin - since)] if begin > since else []
            new = events[begin - self._first : end - self._first]
        found += [each if isinstance(each, Event) else each.event() for each in new]
        return found, end

    def has_after(self, since: int) -> bool:
        with self._lock:
            return self._first + len(self._events) > since

    def sleep(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` once at the next event or at `close`; return what takes it back.

        The caller looks for events again after this: whoever publishes looks for sleepers after the event is in.
        """
        key = next(self._keys)
        self._sleepers[key] = wake

        def forget() -> None:
            self._sleepers.pop(key, None)

        return forget

    def _oldest(self, end: int) -> int:
        return max(end - self._limit, 0)

    def _cut(self) -> None:
        with self._lock:
            surplus = len(self._events) - self._limit
            if surplus > 0:
                self._first += surplus
                del self._events[:surplus]

    def _wake(self) -> None:
        for key in list(self._sleepers):
            wake = self._sleepers.pop(key, None)
            if wake is not None:
                wake()


class Reader:
    """One reader's place in the stream. For one task or thread at a time."""

    def __init__(self, bus: Bus, since: int) -> None:
        self._bus = bus
        self._since = since
        self._taken: deque[Event | Lagged] = deque()  # taken from the bus, not yet handed out by the iteration

    def read(self) -> list[Event | Lagged]:
        """Everything unread, oldest first; empty if there is nothing. Never blocks."""
        self._take()
        items = list(self._taken)
        self._taken.clear()
        return items

    @property
    def ended(self) -> bool:
        """The bus is closed and everything has been read."""
        return self._bus.closed and not self._has_unread()

    def wait(self, timeout: float) -> bool:
        """Block until there is something to read: True; False after `timeout` seconds, or at once when ended."""
        until = time.monotonic() + timeout
        # A plain lock, because its release is allowed in a signal handler of the thread that waits; Event.set is not.
        gate = threading.Lock()
        gate.acquire()
        forget = self._bus.sleep(gate.release)
        try:
            if not self._has_unread() and not self._bus.closed:
                gate.acquire(timeout=min(max(until - time.monotonic(), 0.0), threading.TIMEOUT_MAX))
        finally:
            forget()
        return self._has_unread()

    def __iter__(self) -> Reader:
        return self

    def __next__(self) -> Event | Lagged:
        """The next item, waited for; the iteration ends when the bus is closed and everything has been read."""
        while not self._taken:
            closed = self._bus.closed  # looked at first: what was published before `close` is still taken
            self._take()
            if not self._taken:
                if closed:
                    raise StopIteration
                self.wait(threading.TIMEOUT_MAX)
        return self._taken.popleft()

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> Event | Lagged:
        """The next item; the iteration ends when the bus is closed and everything has been read."""
        while not self._taken:
            closed = self._bus.closed  # looked at first: what was published before `close` is still taken
            self._take()
            if self._taken:
                await asyncio.sleep(0)  # a busy writer must not let this task keep the loop for itself
            elif closed:
                raise StopAsyncIteration
            else:
                await self._sleep()
        return self._taken.popleft()

    def _take(self) -> None:
        items, self._since = self._bus.unread(self._since)
        self._taken.extend(items)

    def _has_unread(self) -> bool:
        return bool(self._taken) or self._bus.has_after(self._since)

    async def _sleep(self) -> None:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(woken.set)
            except RuntimeError:  # the loop is closed, so nobody waits any more
                return

        forget = self._bus.sleep(wake)
        try:
            if not self._has_unread() and not self._bus.closed:
                await woken.wait()
        finally:
            forget()
