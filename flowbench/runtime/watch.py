"""Watch: a thread that asks the engine's loop for signs of life while runs are live on it.

A body that holds the loop is named; a loop that answers no abort within the grace is given up, with the runs that
were asked to stop; the other runs on it go on as soon as it is free again.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from flowbench import flow
from flowbench.cancel import GRACE_SECONDS, AbortReason, CancelToken, raise_in

TICK_SECONDS = 0.1  # between two looks
HELD_SECONDS = 0.25  # of one body, without a sign of life from the loop: told
LINGER_SECONDS = 2.0  # without a run, before it sleeps for good: whoever launches again soon need not wake it
AGAIN_SECONDS = 1.0  # between two forcings of a body that swallows what it is sent


class Watched(Protocol):
    """A live run."""

    @property
    def token(self) -> CancelToken: ...

    @property
    def evaluation(self) -> flow.Evaluation: ...

    def is_held(self, address: str, agent: str, text: str) -> None:
        """One of its bodies holds the loop. text: for people."""

    def give_up(self, held: flow.Held | None) -> None:
        """End as cancelled, although the loop never answered. held: the body that holds it, of whichever run."""


class Watch:
    """loop: the one to look at. give_up: called once when it answers no abort. Start it with `add`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, give_up: Callable[[], None]) -> None:
        self._loop, self._give_up = loop, give_up
        self._runs: dict[object, Watched] = {}
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sleeps = False
        self._asked: float | None = None  # monotonic, when the sign of life was asked for that has not come
        self._seen: tuple[flow.Evaluation, str] | None = None  # the step that was at work at the last look,
        self._since = 0.0  # and since when
        self._is_told = self._is_given_up = False
        self._stopping: dict[object, float] = {}  # since when its abort has gone unanswered
        self._forced = 0.0

    def add(self, key: object, run: Watched, loop_thread: int) -> None:
        """Watch for this run, too. loop_thread: ident of the thread that runs the loop."""
        self._runs[key] = run
        if self._thread is None:
            with self._change:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._work, args=(loop_thread,), name="flowbench-watch", daemon=True
                    )
                    self._thread.start()
        elif self._sleeps:
            with self._change:
                self._change.notify()

    def drop(self, key: object) -> None:
        """Its work on the loop has ended."""
        self._runs.pop(key, None)

    @property
    def has_runs(self) -> bool:
        return bool(self._runs)

    def _work(self, loop_thread: int) -> None:
        idle = 0.0
        while self._runs or not self._is_given_up:
            time.sleep(TICK_SECONDS)
            idle = 0.0 if self._runs else idle + TICK_SECONDS
            if idle > LINGER_SECONDS and not self._is_given_up:
                with self._change:
                    self._sleeps = True
                    self._change.wait_for(lambda: bool(self._runs))
                    self._sleeps = False
                idle = 0.0
            self._look(time.monotonic(), loop_thread)

    def _look(self, now: float, loop_thread: int) -> None:
        if self._asked is None:
            self._is_told, self._seen, self._stopping = False, None, {}
            if self._runs:
                self._asked = now
                self._loop.call_soon_threadsafe(self._answer)
            return
        held = flow.held_by(sys._current_frames().get(loop_thread))
        step = None if held is None else (held.run, held.address)
        if step != self._seen:  # ten thousand short bodies may take one turn of the loop as long as one that blocks
            self._seen, self._since = step, now
        if held is not None and not self._is_told and now - self._since >= HELD_SECONDS:
            self._is_told = True
            self._tell(held, now - self._asked)
        late = [run for key, run in list(self._runs.items()) if self._is_late(key, run.token, now)]
        if late:
            self._abandon(late, held, loop_thread, now)

    def _answer(self) -> None:
        self._asked = None

    def _tell(self, held: flow.Held, seconds: float) -> None:
        text = (
            f"agent '{held.ref}' holds the engine's loop, for {seconds:.2f} s now, and no run moves meanwhile "
            f"({held.place}); as a plain `def` without inline=True it would run on a thread"
        )
        for run in list(self._runs.values()):
            if run.evaluation is held.run:
                run.is_held(held.address, held.ref, text)

    def _is_late(self, key: object, token: CancelToken, now: float) -> bool:
        if not token.aborted():
            return False
        token.abort(AbortReason.TIMEOUT, "deadline")  # the loop's own timer cannot say it; of no effect after another
        return now - self._stopping.setdefault(key, now) >= GRACE_SECONDS

    def _abandon(self, late: list[Watched], held: flow.Held | None, loop_thread: int, now: float) -> None:
        if not self._is_given_up:
            self._is_given_up = True
            self._give_up()
        for run in late:
            run.give_up(held)
        guilty = [run for run in late if held is not None and run.evaluation is held.run]
        if guilty and now - self._forced >= AGAIN_SECONDS and (cause := guilty[0].token.cause) is not None:
            self._forced = now
            still: Any = flow.held_by(sys._current_frames().get(loop_thread))  # or it would hit whoever runs now
            if still is not None and still.run is guilty[0].evaluation:
                raise_in(loop_thread, cause)
