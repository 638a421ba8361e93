"""Work: a plain function under a tag and a token, on a daemon thread; awaited on any loop or in a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from flowbench.cancel.errors import Panicked
from flowbench.cancel.profile import whole
from flowbench.cancel.reason import Aborted, AbortReason, Cause
from flowbench.cancel.threads import Handoff
from flowbench.cancel.token import CancelToken

R = TypeVar("R")

THREADS = (os.cpu_count() or 1) + 4  # work at a time; more of it waits for its turn


def blocking(tag: str, token: CancelToken | None, fn: Callable[[CancelToken], R]) -> Work[R]:
    """Run `fn(token)` on a daemon thread, at most once, and return at once; abort raises Aborted in whoever waits.

    fn gets a child of `token`; it ends early only where it looks at that (`heartbeat`, `iter`), for nothing is enforced
    from outside: work that never looks cannot be stopped, only left (for that, run it in a process).
    An abort before it begins runs nothing, and time spent waiting for a thread counts. An abort of the token, but not
    its deadline, beats a result or an error that `fn` came to meanwhile. What `fn` raises is raised as it is; Panicked
    stands for what may not cross into the caller. One sample of `tag` in the work profile.
    tag: a word for profiles and errors. token: None is one that only the caller's leaving aborts.
    Source: pi-natives task.rs, `blocking`.
    """
    work: Work[R] = Work(tag, token or CancelToken())
    _threads().start(work._run, fn)
    return work


class Work(Generic[R]):
    """What `blocking` has begun. Await it, on any loop and as often as you like, or call `result`.

    Who waits and is cancelled, or interrupted by Ctrl-C, leaves: the error passes on, and the work is asked to stop
    (`asyncio.shield(work)` leaves it alone). future: the same as a `concurrent.futures.Future`.
    """

    def __init__(self, tag: str, token: CancelToken) -> None:
        self.tag = tag
        self.future: concurrent.futures.Future[R] = concurrent.futures.Future()
        self._token = token
        self._own = token.child()

    def abort(self, reason: AbortReason = AbortReason.USER, by: str = "api") -> bool:
        """Ask this work alone to stop; its token stays as it is. True for the first cause only."""
        return not self.future.done() and self._own.abort(reason, by)

    def done(self) -> bool:
        """It has ended, however."""
        return self.future.done()

    def result(self, timeout: float | None = None) -> R:
        """What the work returns; blocks; abort raises Aborted. timeout: seconds to wait, the work goes on after them.

        Raises: what the work raises, Aborted, Panicked, TimeoutError.
        """
        try:
            with _threads().aside():  # work that waits for work
                done, _ = concurrent.futures.wait([self.future], timeout)
        except BaseException:  # Ctrl-C, or forced: whatever it is, the caller does not wait any more
            self._leave()
            raise
        if not done:
            raise TimeoutError(f"task `{self.tag}` still goes on after {timeout} s")
        return self.future.result()

    def __await__(self) -> Generator[object, None, R]:
        return self._wait().__await__()

    async def _wait(self) -> R:
        # Not asyncio.wrap_future: it turns some errors of the work into a cancellation of the task that awaits.
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self.future.add_done_callback(lambda _: _wake(loop, ended))
        try:
            await ended
        except BaseException:  # cancelled or closed: whatever it is, the caller does not wait any more
            self._leave()
            raise
        return self.future.result()

    def _leave(self) -> None:
        self._own.abort(AbortReason.SIGNAL, "task")

    # In the thread that works

    def _run(self, fn: Callable[[CancelToken], R]) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        cause = self._cause()
        if cause is not None:
            self.future.set_exception(Aborted(cause))
            return
        try:
            with whole(self.tag):
                value = fn(self._own)
        except BaseException as error:  # carried to whoever waits
            self.future.set_exception(self._raised(error))
            return
        if (cause := self._cause(signal_only=True)) is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(Aborted(cause))

    def _raised(self, error: BaseException) -> BaseException:
        cause = self._cause(signal_only=not isinstance(error, Aborted))
        if cause is not None:
            return _from(Aborted(cause), None if isinstance(error, Aborted) else error)
        if isinstance(error, Aborted) or (isinstance(error, Exception) and not isinstance(error, StopIteration)):
            return error
        return _from(Panicked(self.tag, error), error)

    def _cause(self, *, signal_only: bool = False) -> Cause | None:
        """Of the caller's token first: that one knows who asked."""
        for token in (self._token, self._own):
            if token.abort_reason() is not None or not signal_only:
                cause = token.cause
                if cause is not None:
                    return cause
        return None


def _from(error: BaseException, cause: BaseException | None) -> BaseException:
    error.__cause__ = cause
    return error


def _wake(loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_set, ended)
    except RuntimeError:  # the loop is closed, so nobody waits any more
        return


def _set(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


_pools: dict[int, Handoff] = {}  # by process: a forked child has none of its parent's threads


def _threads() -> Handoff:
    pool = _pools.get(os.getpid())
    return pool if pool is not None else _pools.setdefault(os.getpid(), Handoff(THREADS))
