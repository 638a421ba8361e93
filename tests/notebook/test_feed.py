"""What a page is sent of a terminal: few frames, no more than it can take, and the end of it all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flowbench.notebook import feed
from flowbench.notebook.feed import WINDOW, Feed
from tests.process.trees import until


class Page:
    """Remembers what it was sent; draws when it is told to, or at once."""

    def __init__(self, *, draws: bool = True, **how: Any) -> None:
        self.frames: list[dict[str, Any]] = []
        self.screen = ""
        self.draws = draws
        self.feed = Feed(self._take, **how)

    def _take(self, frame: Any) -> None:
        self.frames.append(frame)
        self.screen = frame["text"] if frame["reset"] else self.screen + frame["text"]
        if self.draws:
            self.draw()

    def come(self) -> None:
        """What is put from now on reaches it as a stream."""
        self.feed.greet()
        until(lambda: self.frames)

    def draw(self) -> None:
        self.feed.drawn(self.frames[-1]["at"])


def aside(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_a_page_that_comes_is_shown_what_there_is_and_then_the_rest() -> None:
    page = Page()
    page.feed.put("before ")

    page.feed.greet()
    until(lambda: page.screen == "before ")
    assert not page.frames[0]["again"]
    page.feed.put("and ")
    page.feed.put("after")

    until(lambda: page.screen == "before and after")
    assert [frame["reset"] for frame in page.frames] == [True] + [False] * (len(page.frames) - 1)


def test_without_a_page_nothing_is_sent_and_nobody_is_held_up() -> None:
    page = Page()

    for _ in range(100):
        page.feed.put("x" * WINDOW)

    assert page.frames == []


def test_frames_are_few() -> None:
    page = Page()
    page.come()
    began = time.monotonic()

    for number in range(2000):
        page.feed.put(f"{number},")
        time.sleep(0.0001)
    until(lambda: page.screen.endswith("1999,"))

    assert len(page.frames) <= (time.monotonic() - began) * 30 + 3


def test_a_slow_page_holds_the_program_up_and_misses_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "PATIENCE", 60.0)
    page = Page(draws=False)
    page.come()
    put: list[int] = []

    def write() -> None:
        for number in range(30):
            page.feed.put(f"{number:>9}," * 2000)
            put.append(number)

    writer = aside(write)
    until(lambda: page.frames and len(page.screen) > WINDOW // 2)
    assert len(put) < 30

    while writer.is_alive():
        page.draw()
        time.sleep(0.005)
    until(lambda: page.screen.endswith("29,"))

    assert page.screen == "".join(f"{number:>9}," * 2000 for number in range(30))


def test_a_page_that_is_gone_holds_nobody_up_and_is_shown_the_end_when_it_is_back(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "PATIENCE", 0.1)
    page = Page(draws=False)
    page.come()

    for number in range(40):
        page.feed.put(f"{number:>9}\n" * 2000)
    assert not page.screen.endswith("39\n")
    page.draws = True
    page.draw()

    until(lambda: page.screen.endswith("39\n"))
    assert page.frames[-1]["reset"]


def test_a_page_out_of_sight_holds_nobody_up() -> None:
    page = Page(draws=False)
    page.come()
    writer = aside(lambda: [page.feed.put(f"{number:>9}\n" * 2000) for number in range(100)])
    until(lambda: len(page.screen) > WINDOW // 2)

    page.feed.leave()
    writer.join(20)
    page.draw()  # late
    assert not writer.is_alive()
    page.draws = True
    page.feed.greet()

    until(lambda: page.screen.endswith("99\n"))
    assert page.frames[-1]["again"]


def test_one_that_must_not_be_held_up_leaps() -> None:
    page = Page(draws=False, holds=False)
    page.come()

    for number in range(100):
        page.feed.put(f"{number:>9}\n" * 2000)
    page.draws = True
    page.draw()

    until(lambda: page.screen.endswith("99\n"))


def test_a_page_that_comes_after_the_end_is_shown_it() -> None:
    page = Page()
    page.feed.put("the end")
    page.feed.close()

    page.feed.greet()

    assert page.screen == "the end"
