"""What a token may follow: tokens, handles of them, and all kinds of events."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause

HEARD = Cause(AbortReason.SIGNAL, "signal")


class Latch:
    """Somebody's own event."""

    def __init__(self) -> None:
        self.is_down = False

    def set(self) -> None:
        self.is_down = True

    def is_set(self) -> bool:
        return self.is_down


EVENTS = pytest.mark.parametrize("make", [threading.Event, asyncio.Event, multiprocessing.Event, Latch])


@EVENTS
def test_an_event_that_is_set_aborts_at_the_next_heartbeat(make: Callable[[], Any]) -> None:
    event = make()
    token = CancelToken(signal=event)
    token.heartbeat()

    event.set()

    with pytest.raises(Aborted, match=r"^Aborted: Signal$"):
        token.heartbeat()
    assert token.cause == HEARD
    assert token.child().aborted()


@EVENTS
def test_an_event_that_was_set_before_is_honoured(make: Callable[[], Any]) -> None:
    event = make()
    event.set()

    assert CancelToken(signal=event).cause == HEARD


@EVENTS
def test_an_event_wakes_who_waits(make: Callable[[], Any]) -> None:
    event = make()
    token = CancelToken(signal=event)
    threading.Timer(0.02, event.set).start()

    assert token.wait_blocking(30) == HEARD


def test_a_handle_is_followed_and_keeps_nothing_alive() -> None:
    source = CancelToken()
    token = CancelToken(signal=source.emplace_abort_token())

    source.abort()

    assert token.cause == HEARD
    assert CancelToken(signal=source.abort_token()).cause == HEARD


def test_a_handle_of_a_token_that_is_gone_never_fires() -> None:
    handle = CancelToken(60).abort_token()

    token = CancelToken(signal=handle)

    assert not handle.abort()
    assert not token.aborted()


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"an event with is_set\(\), not int"):
        CancelToken(signal=3)  # type: ignore[arg-type]
