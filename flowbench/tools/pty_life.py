"""Life: one start of a PTY session, from its first moment to its last, on a thread of its own.

Each tick of at most 16 ms looks at the token, obeys what was ordered meanwhile and sees whether the program has ended;
what is ordered, and an abort, end a tick at once. Output waits for no tick.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause, profile_region
from flowbench.errors import FlowbenchError
from flowbench.process import NotStarted
from flowbench.tools.errors import PtyFailed, PtyGone
from flowbench.tools.outflow import Outflow

if TYPE_CHECKING:
    from flowbench.process import Terminal

TICK = 0.016  # seconds
ORDERS = 64  # obeyed in one tick, at most
DRAIN = 0.3  # seconds for what was written before an abort
IDLE = 2.0  # seconds without output after which nothing more is expected from a daemon that holds the terminal
KILLED = Cause(AbortReason.USER, "kill")


class PtyResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a session ended: exactly one of the three is set.

    exit_code: of a program that ended by itself, 128 + n if signal n killed it. cancelled: killed or aborted.
    timed_out: its time was over.
    """

    exit_code: int | None = None
    cancelled: bool = False
    timed_out: bool = False


class Asked(msgspec.Struct, frozen=True):
    """What is to run, and how large its terminal is."""

    argv: Sequence[str]
    cwd: str | None
    env: Mapping[str, str] | None
    columns: int
    rows: int


class Life:
    """outflow: its process id, then what it writes. ended: its result; set before the outflow ends."""

    def __init__(self, asked: Asked, token: CancelToken) -> None:
        self.outflow = Outflow(self._go_on)
        self.ended: Future[PtyResult] = Future()
        self._asked, self._token = asked, token
        self._orders: deque[Callable[[Terminal], object]] = deque()
        self._is_killed = self._is_over = False
        self._wake: Callable[[], object] = lambda: None
        self._resume: Callable[[], object] = lambda: None
        threading.Thread(target=self._run, name="flowbench-pty", daemon=True).start()

    # From any thread

    def order(self, act: Callable[[Terminal], object]) -> None:
        """Obeyed in turn, also if it was given before the program has started. Raises: PtyGone."""
        if self._is_over:
            raise PtyGone
        self._orders.append(act)
        self._wake()

    def kill(self) -> None:
        """After what was ordered before. Raises: PtyGone."""
        self.order(lambda _: setattr(self, "_is_killed", True))

    def _go_on(self) -> None:
        self._resume()

    # On its thread

    def _run(self) -> None:
        result, failure = PtyResult(), None
        try:
            with profile_region("pty.start"):
                result = asyncio.run(self._live())
        except (Aborted, FlowbenchError) as error:
            failure = error
        except BaseException as error:  # whatever it is, somebody waits to be told
            failure = PtyFailed("PTY execution task failed", f"{type(error).__name__}: {error}")
            failure.__cause__ = error
        self._is_over = True
        if failure is None:
            self.ended.set_result(result)
        else:
            self.ended.set_exception(failure)
        self.outflow.end()

    async def _live(self) -> PtyResult:
        self._heartbeat("openpty")
        asked = self._asked
        try:
            from flowbench.process import Terminal

            terminal = Terminal(asked.columns, asked.rows, self.outflow.put)
        except ImportError as error:
            raise PtyFailed("Failed to open PTY", f"{sys.platform} has none; run it with tools.Shell") from error
        except OSError as error:
            raise PtyFailed("Failed to open PTY", error.strerror or str(error)) from error
        self._resume = _from_elsewhere(terminal.resume)
        cause: Cause | None = None
        try:
            self._heartbeat("spawn")
            try:
                self.outflow.tell(await terminal.start(asked.argv, cwd=asked.cwd, env=asked.env))
            except NotStarted as error:
                raise PtyFailed("Failed to spawn PTY command", str(error)) from error
            cause = await self._attend(terminal)
        finally:
            self._is_over = True
            if cause is not None:
                self.outflow.cut(DRAIN)
            await terminal.end(DRAIN)
        if cause is not None:
            is_late = cause.reason is AbortReason.TIMEOUT
            return PtyResult(cancelled=not is_late, timed_out=is_late)
        code = terminal.exited.result()
        if code is None:
            raise PtyFailed("Failed checking PTY status", "nobody knows how the program ended; nothing of it is left")
        return PtyResult(exit_code=code if code >= 0 else 128 - code)

    def _heartbeat(self, step: str) -> None:
        if (cause := self._token.cause) is not None:
            error = Aborted(cause)
            error.add_note(f"PTY setup cancelled before {step}")
            raise error

    async def _attend(self, terminal: Terminal) -> Cause | None:
        """Why it is to be ended; None if it has ended and all that it wrote was taken."""
        news = asyncio.Event()
        self._wake = _from_elsewhere(news.set)
        for each in (terminal.exited, terminal.hung_up):
            each.add_done_callback(lambda _: news.set())
        forget = self._token.on_abort(lambda _: self._wake())
        try:
            while (cause := self._cause()) is None and not self._is_done(terminal):
                news.clear()
                for _ in range(min(len(self._orders), ORDERS)):
                    self._orders.popleft()(terminal)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0 if self._orders or self._is_killed else TICK):
                        await news.wait()
        finally:
            forget()
        return cause

    def _cause(self) -> Cause | None:
        return KILLED if self._is_killed else self._token.cause

    def _is_done(self, terminal: Terminal) -> bool:
        if not terminal.exited.done():
            return False
        is_lost = terminal.exited.result() is None
        is_idle = not terminal.is_held_up and time.monotonic() >= terminal.spoke + IDLE
        return terminal.hung_up.done() or is_lost or is_idle


def _from_elsewhere(act: Callable[[], object]) -> Callable[[], object]:
    """`act` on the loop that runs here, for other threads."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with suppress(RuntimeError):  # the loop is closed: it is over
            loop.call_soon_threadsafe(act)

    return call
