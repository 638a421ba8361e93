"""Questions: what a run asks of people now, and what they have said. From any thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from flowbench.engine import Question, Reply, reply, told

ASKED_LENGTH = 200  # characters of a question that are recorded

_log = logging.getLogger("flowbench.runtime")


class Open(msgspec.Struct, frozen=True):
    """A question that waits. id: within the run. asked, until: unix seconds; None: it waits for ever."""

    id: str
    question: Question
    asked: float
    until: float | None


class Told(msgspec.Struct, frozen=True):
    """A question that has an answer, or was rejected. at: unix seconds of the answer."""

    question: Question
    reply: Reply
    at: float

    @property
    def text(self) -> str:
        """In a few words: `approved by button after 3.2 s`."""
        return told(self.question, self.reply)

    def recorded(self) -> dict[str, Any]:
        """What the journal keeps of it beside the answer."""
        asked = " ".join(self.question.prompt.split())[:ASKED_LENGTH]
        return {"by": self.reply.by, "d": self.reply.seconds, "told": self.text, "asked": asked}


class Questions:
    """Of one run, in the order they were asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._open: dict[str, tuple[Open, asyncio.Future[Reply]]] = {}
        self._told: list[Told] = []
        self._hear: list[Callable[[], None]] = []

    @property
    def open(self) -> tuple[Open, ...]:
        """Those that wait, the oldest first."""
        with self._lock:
            return tuple(each for each, _ in self._open.values())

    @property
    def told(self) -> tuple[Told, ...]:
        """Those that were answered or rejected in this process, by whomever."""
        with self._lock:
            return tuple(self._told)

    def answer(self, id: str, value: Any, *, by: str = "python", reason: str = "") -> bool:
        """Answer one of them: True or False where it asks for approval. False if it waits no more.

        Raises: engine.BadAnswer; it then goes on waiting.
        """
        found = self._find(id)
        if found is None:
            return False
        spent = time.time() - found.asked
        return self._settle(id, reply(found.question, value, by=by, seconds=spent, reason=reason))

    def reject(self, id: str, reason: str = "", *, by: str = "python") -> bool:
        """Reject what it asks approval for, or decline to answer. False if it waits no more."""
        found = self._find(id)
        if found is None:
            return False
        return self._settle(id, Reply(ok=False, by=by, seconds=time.time() - found.asked, reason=reason))

    def on_change(self, hear: Callable[[], None]) -> Callable[[], None]:
        """Call it whenever a question comes or goes, on any thread; it must be quick. Returns what ends that."""
        with self._lock:
            self._hear = [*self._hear, hear]
        return lambda: self._deafen(hear)

    # -- for the run

    async def put(self, question: Question, show: Callable[[], object]) -> Reply:
        """Wait for somebody's answer; abort cancels the wait. On the engine's loop. show: called once it is open."""
        now, future = time.time(), asyncio.get_running_loop().create_future()
        until = None if question.timeout is None else now + question.timeout
        with self._lock:
            self._count += 1
            id = f"q{self._count}"
            self._open[id] = Open(id, question, now, until), future
        try:
            self._say()
            show()
            got: Reply = await future
            return got
        finally:
            with self._lock:
                self._open.pop(id, None)
            self._say()

    def tell(self, question: Question, got: Reply) -> Told:
        """Keep what was said."""
        made = Told(question, got, time.time())
        with self._lock:
            self._told.append(made)
        self._say()
        return made

    def _find(self, id: str) -> Open | None:
        with self._lock:
            return self._open[id][0] if id in self._open else None

    def _settle(self, id: str, got: Reply) -> bool:
        with self._lock:
            _, future = self._open.pop(id, (None, None))
        if future is None:
            return False

        def settle() -> None:
            if not future.done():
                future.set_result(got)

        future.get_loop().call_soon_threadsafe(settle)
        self._say()
        return True

    def _deafen(self, hear: Callable[[], None]) -> None:
        with self._lock:
            self._hear = [each for each in self._hear if each is not hear]

    def _say(self) -> None:
        for hear in self._hear:
            try:
                hear()
            except Exception:  # a front end's fault is no failure of the run
                _log.exception("a listener of questions failed")
