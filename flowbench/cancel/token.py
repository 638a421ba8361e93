"""Token: the one way to ask anything that runs to stop."""

from __future__ import annotations

import asyncio
import builtins
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from flowbench.cancel.flag import Flag, Signal
from flowbench.cancel.reason import Aborted, AbortReason, Cause

PASSED = Cause(AbortReason.TIMEOUT, "deadline")

T = TypeVar("T")


class CancelToken:
    """A flag that is set once, and a deadline. Without both it is passive and never fires.

    timeout: seconds from now, monotonic; 0 or less is over at once, inf is none. Waiting in a queue counts.
    signal: whatever aborts it aborts this token, with reason SIGNAL; one that is already set is honoured. A token (its
    deadline holds here too), a handle of one, or an event: anything with `is_set()`. A heartbeat looks at an event at
    once; listeners and waits hear of a threading.Event at once, and of others within 20 ms.
    clock: seconds, monotonic.

    The flag keeps its first cause. The deadline is judged afresh at each look and never stored, so that an abort said
    after the deadline still sets the flag, and the flag is what is reported. Listeners hear the flag only: who wants
    them to hear of the deadline aborts the token when `wait()` returns.
    Source: pi-natives 18.2, task::CancelToken; there a later abort overwrites the reason and a signal that is already
    set is missed.
    """

    __slots__ = ("__weakref__", "_clock", "_flag", "_has_handle", "deadline")

    _flag: Flag

    def __init__(
        self,
        timeout: float | None = None,
        signal: CancelToken | AbortToken | Signal | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if timeout is not None and math.isnan(timeout):
            raise ValueError("timeout is not a number of seconds")
        self._clock = clock
        self._has_handle = timeout is not None or signal is not None
        self.deadline: float | None = None if timeout is None or timeout == math.inf else clock() + timeout
        if isinstance(signal, CancelToken):
            self.deadline = _earlier(self.deadline, signal.deadline)
            self._flag = Flag(signal._flag, "signal")
        elif isinstance(signal, AbortToken):
            self._flag = Flag(signal._flag(), "signal")
        elif signal is None or hasattr(signal, "is_set"):
            self._flag = Flag(source=signal)
        else:
            raise TypeError(f"signal is a token, or an event with is_set(), not {type(signal).__name__}")

    def heartbeat(self) -> None:
        """Return, or raise Aborted. Cheap enough for the top of every loop."""
        flag = self._flag
        if (
            flag.settled
            or (flag.source is not None and flag.source.is_set())
            or (self.deadline is not None and self._clock() >= self.deadline)
        ):
            raise Aborted(flag.look() or PASSED)

    def aborted(self) -> bool:
        """The flag is set or the deadline has passed. Never raises."""
        return self.cause is not None

    @property
    def cause(self) -> Cause | None:
        cause = self._flag.look()
        if cause is None and self.deadline is not None and self._clock() >= self.deadline:
            return PASSED
        return cause

    def abort_reason(self) -> AbortReason | None:
        """The reason of the flag; the deadline does not count."""
        cause = self._flag.look()
        return None if cause is None else cause.reason

    def abort(self, reason: AbortReason = AbortReason.USER, by: str = "api") -> bool:
        """Set the flag; True only for the call that did. From any thread and from signal handlers; never raises."""
        self._flag.look()
        return self._flag.settle(Cause(reason, by))

    async def wait(self) -> Cause:
        """Return when the token is aborted or its deadline passes; for ever on a token that never is. Never raises."""
        passed = self.cause
        if passed is not None:
            return passed
        loop = asyncio.get_running_loop()
        waker = _Waker(loop)
        forget = self._flag.listen(waker)
        try:
            while (cause := self.cause) is None:
                await waker.sleep(self._left())
            return cause
        finally:
            forget()

    def wait_blocking(self, timeout: float | None) -> Cause | None:
        """Like `wait`, for a thread; None if `timeout` seconds pass first. timeout: None waits for ever."""
        # A plain lock, because its release is allowed in a signal handler of the thread that waits; Event.set is not.
        gate = threading.Lock()
        gate.acquire()
        forget = self._flag.listen(lambda _: gate.release())
        until = None if timeout is None else time.monotonic() + timeout
        try:
            while (cause := self.cause) is None:
                left = _earlier(self._left(), None if until is None else until - time.monotonic())
                if until is not None and time.monotonic() >= until:
                    return None
                gate.acquire(timeout=-1 if left is None else min(max(left, 0.0), threading.TIMEOUT_MAX))
            return cause
        finally:
            forget()

    def abort_token(self) -> AbortToken:
        """A weak handle that can only abort. On a passive token it does nothing: see `emplace_abort_token`."""
        return AbortToken(self._flag if self._has_handle else None)

    def emplace_abort_token(self) -> AbortToken:
        """A weak handle that works on a passive token too; so do later ones of `abort_token`."""
        self._has_handle = True
        return AbortToken(self._flag)

    def child(self, timeout: float | None = None) -> CancelToken:
        """A token that is aborted with this one, never the other way round. timeout: seconds; the earlier end holds."""
        token = CancelToken(timeout, clock=self._clock)
        token._follow(self)
        return token

    def on_abort(self, callback: Callable[[Cause], object]) -> Callable[[], None]:
        """Call `callback` once, in the thread that aborts; at once, here, if that has happened. Returns the way back.

        What it raises is logged. It is not called for a deadline that only passes.
        """
        return self._flag.listen(callback)

    def iter(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, with a heartbeat before each is taken."""
        iterator = builtins.iter(items)
        while True:
            self.heartbeat()
            try:
                item = next(iterator)
            except StopIteration:
                return
            yield item

    def _follow(self, parent: CancelToken) -> None:
        self._has_handle = True
        self.deadline = _earlier(self.deadline, parent.deadline)
        self._flag = Flag(parent._flag, "parent")

    def _left(self) -> float | None:
        return None if self.deadline is None else max(self.deadline - self._clock(), 0.0)

    def __repr__(self) -> str:
        cause = self.cause
        if cause is not None:
            return f"<CancelToken aborted: {cause.reason} by {cause.by}>"
        left = self._left()
        return "<CancelToken>" if left is None else f"<CancelToken, {left:.3f} s left>"


class AbortToken:
    """A handle that can only abort. It keeps no token alive; when the tokens are gone it does nothing."""

    __slots__ = ("_here",)

    def __init__(self, flag: Flag | None) -> None:
        self._here = None if flag is None else weakref.ref(flag)

    def abort(self, reason: AbortReason = AbortReason.USER, by: str = "api") -> bool:
        """Set the flag; True only for the call that did. From any thread; never raises."""
        flag = self._flag()
        if flag is None:
            return False
        flag.look()
        return flag.settle(Cause(reason, by))

    def _flag(self) -> Flag | None:
        return None if self._here is None else self._here()


class _Waker:
    """A listener that wakes one coroutine, wherever the abort comes from."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._woken = asyncio.Event()

    def __call__(self, cause: Cause) -> None:
        try:
            self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:  # the loop is closed, so nobody waits any more
            return

    async def sleep(self, seconds: float | None) -> None:
        """Until the wake-up, or for `seconds`."""
        timer = None if seconds is None else self._loop.call_later(seconds, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            self._woken.clear()
            if timer is not None:
                timer.cancel()


def _earlier(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
