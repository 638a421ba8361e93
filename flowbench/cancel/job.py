"""Job: one call of a plain function on a thread, which its caller can leave and a third party can force to end."""

from __future__ import annotations

import asyncio
import ctypes
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Generic, TypeVar

import msgspec

from flowbench.cancel.reason import Aborted, AbortReason, Cause
from flowbench.cancel.token import CancelToken

A = TypeVar("A")
R = TypeVar("R")

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)
_raise_in.restype = ctypes.c_int
_take_back = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


class Orphan(msgspec.Struct, frozen=True):
    """A body that goes on although its caller has left.

    function: module and qualified name. thread: name of its thread. since: unix seconds, when its caller left.
    at: where its caller called it, in the caller's words. is_forced: it swallows aborts, or is in code that is not
    Python.
    """

    function: str
    thread: str
    since: float
    at: str = ""
    is_forced: bool = True


class Job(Generic[A, R]):
    """A call and what became of it.

    A thread whose job was left takes no further job, so that forcing can never hit other work. `lock` keeps it from
    ending between the look whether it still runs and the forcing: idents of threads are used again.
    """

    __slots__ = (
        "_after",
        "_back",
        "_context",
        "_ended",
        "_error",
        "_fn",
        "_gate",
        "_left",
        "_lock",
        "_result",
        "_thread",
        "_told",
        "_value",
        "at",
        "owner",
        "token",
    )

    def __init__(
        self, fn: Callable[[A], R], value: A, token: CancelToken | None, owner: object = None, at: str = ""
    ) -> None:
        self.token, self.owner, self.at = token, owner, at
        self._fn = fn
        self._value = value
        self._context = copy_context()
        self._lock = threading.Lock()
        self._gate = threading.Lock()  # open when told
        self._gate.acquire()
        self._thread: threading.Thread | None = None  # set while the body may run
        self._left = 0.0  # unix seconds
        self._ended = self._told = False
        self._after: Callable[[], object] | None = None  # called once, when a body that was left has ended
        self._back: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._result: R | None = None
        self._error: BaseException | None = None

    # In the thread that works

    def run(self, thread: threading.Thread) -> bool:
        """Run the body, unless the caller has left; False if this thread must not take another job."""
        with self._lock:
            if self._left:
                return True
            self._thread = thread
        try:
            if self.token is not None and (cause := self.token.cause) is not None:
                raise Aborted(cause)  # no heartbeat of ours: those of the body are counted
            self._result = self._context.run(self._fn, self._value)
        except BaseException as error:  # carried to the caller, who raises it
            self._error = error
        return self.end()

    def end(self) -> bool:
        """The body has ended. May be called again. False if this thread must not take another job."""
        with self._lock:
            if self._left and self._thread is not None:
                _take_back(self._thread.ident or 0, None)  # forced too late: nothing is left to be hit
            self._ended = True
            goes_on, after, self._after = not self._left, self._after, None
        if after is not None:
            after()
        return goes_on

    def tell(self) -> None:
        """Wake the caller. Once, after `end`, and after the thread is free for a next job: the caller may be fast."""
        with self._lock:
            self._told, back = True, self._back
        self._gate.release()
        if back is not None:
            _wake(*back)

    # In the caller

    def wait_briefly(self, seconds: float) -> bool:
        """Block for at most `seconds`; True if the job has ended."""
        return self._gate.acquire(timeout=seconds)

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self._told:
                return
            self._back = (loop, future)
        await future

    def outcome(self) -> R:
        error, self._error = self._error, None  # kept here, it would be a cycle: error, traceback, frame, job
        if error is not None:
            try:
                raise error
            finally:
                del error
        return self._result  # type: ignore[return-value]  # R may include None

    def leave(self, after: Callable[[], object] | None = None) -> bool:
        """Nobody waits any more. True if the body runs on; a body that has not begun never will.

        after: called in the body's thread when it has ended, if it runs on; never raises.
        """
        with self._lock:
            self._left = time.time()
            self._back = None
            runs_on = self._thread is not None and not self._ended
            self._after = after if runs_on else None
            return runs_on

    # In the reaper

    def force(self) -> bool:
        """Raise Aborted in the body, at its next bytecode; False if it has ended."""
        cause = self.token.cause if self.token is not None else None
        with self._lock:
            thread = self._thread
            if self._ended or thread is None or not thread.is_alive():
                return False
            return raise_in(thread.ident or 0, cause or Cause(AbortReason.SIGNAL, "task"))

    @property
    def runs(self) -> bool:
        return not self._ended and self._thread is not None and self._thread.is_alive()

    def orphan(self, *, is_forced: bool) -> Orphan:
        fn: Any = self._fn
        name = f"{getattr(fn, '__module__', '?')}.{getattr(fn, '__qualname__', type(fn).__qualname__)}"
        return Orphan(
            function=name,
            thread="" if self._thread is None else self._thread.name,
            since=self._left,
            at=self.at,
            is_forced=is_forced,
        )


def raise_in(thread: int, cause: Cause) -> bool:
    """Raise Aborted in a thread at its next bytecode; False if there is none. thread: its ident.

    The caller sees to it that what the thread runs now is what is meant.
    """
    return bool(_raise_in(thread, _bearing(cause)))


def _bearing(cause: Cause) -> type[Aborted]:
    """A class, because the interpreter calls it without arguments in the thread that is hit."""

    def __init__(self: Aborted) -> None:  # noqa: N807 -- the body of a class that is made here
        Aborted.__init__(self, cause)

    return type("Aborted", (Aborted,), {"__init__": __init__, "__module__": Aborted.__module__})


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_set, future)
    except RuntimeError:  # the loop is closed, so nobody waits any more
        return


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
