"""Feed: a terminal's text on its way to a page, in few frames, and never more of it than the page can take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from flowbench.tools.screen import Tail

FRAME = 1 / 30  # seconds between two frames, at least
WINDOW = 1 << 17  # characters that the page was sent and has not drawn
PATIENCE = 2.0  # seconds without a word from a page that has much to draw: then it is gone

Send = Callable[[Mapping[str, Any]], object]


class Feed:
    """send: {"event": "data", "text": str, "at": characters sent so far, "reset": begin with an empty screen, "again":
    some page has seen it already, and has answered what it asks of a terminal}.

    holds: while the page is busy, `put` blocks, which holds the program up. Otherwise the page leaps to the end when
    it is ready again. So it does when it has come late, or come back.
    """

    def __init__(self, send: Send, *, holds: bool = True) -> None:
        self._send, self._holds = send, holds
        self._change = threading.Condition()
        self._tail = Tail()
        self._out: list[str] = []
        self._size = 0  # characters in it
        self._sent = self._drawn = 0  # characters
        self._heard = time.monotonic()
        self._is_there = self._has_left = self._leaps = self._is_over = False
        self._thread: threading.Thread | None = None  # only while there is a page to send to

    def put(self, text: str) -> None:
        """In the thread that reads the program."""
        with self._change:
            self._tail.add(text)
            if not self._is_there or self._leaps:
                return
            self._out.append(text)
            self._size += len(text)
            self._change.notify_all()
            self._heard = time.monotonic()
            while self._is_there and not self._is_over and self._size + self._sent - self._drawn > WINDOW:
                left = self._heard + PATIENCE - time.monotonic()
                if not self._holds or left <= 0:
                    self._is_there = self._is_there and left > 0
                    self._leap()
                    return
                self._change.wait(left)

    def greet(self) -> None:
        """A page has come: it is shown what was written last, also after the end."""
        with self._change:
            self._is_there, self._has_left = True, False
            self._drawn = self._sent
            self._leap()
            self._change.notify_all()
            frame = self._next() if self._is_over else None
            if self._thread is None and not self._is_over:
                self._thread = threading.Thread(target=self._work, name="flowbench-feed", daemon=True)
                self._thread.start()
        if frame is not None:
            self._send(frame)

    def drawn(self, at: int) -> None:
        """The page has drawn so much."""
        with self._change:
            self._heard = time.monotonic()
            self._drawn = max(self._drawn, min(at, self._sent))
            if not self._is_there and not self._has_left:
                self._is_there = True
                self._leap()
            self._change.notify_all()

    def leave(self) -> None:
        """The page is out of sight, where browsers let it draw once a second: it holds nobody up until it greets."""
        with self._change:
            self._is_there, self._has_left = False, True
            self._change.notify_all()

    def close(self) -> None:
        """There will be no more."""
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                while (frame := self._next()) is None:
                    if self._is_over:
                        return
                    self._change.wait()
            self._send(frame)
            time.sleep(FRAME)

    def _next(self) -> dict[str, Any] | None:
        if not self._is_there or not (self._leaps or self._out):
            return None
        if self._leaps and self._sent - self._drawn > WINDOW // 2:
            return None
        text = self._tail.text if self._leaps else "".join(self._out)
        frame = {"event": "data", "text": text, "at": self._sent + len(text)}
        frame |= {"reset": self._leaps, "again": self._leaps and self._sent > 0}
        self._sent += len(text)
        self._out.clear()
        self._size, self._leaps = 0, False
        return frame

    def _leap(self) -> None:
        self._out.clear()
        self._size = 0
        self._leaps = True
