"""Listeners of an abort: who hears, once, in which order, whatever the others do."""

from __future__ import annotations

import logging
import threading

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause

DEADLINE = Cause(AbortReason.TIMEOUT, "deadline")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_listeners_hear_once_in_their_order_in_the_thread_that_aborts() -> None:
    token = CancelToken()
    heard: list[tuple[int, Cause, int]] = []
    for number in range(3):

        def hear(cause: Cause, number: int = number) -> None:
            heard.append((number, cause, threading.get_ident()))

        token.on_abort(hear)

    token.abort(AbortReason.USER, "cell")
    token.abort()

    me = threading.get_ident()
    assert heard == [(number, Cause(AbortReason.USER, "cell"), me) for number in range(3)]


def test_a_late_listener_hears_at_once() -> None:
    token = CancelToken()
    token.abort()
    heard: list[Cause] = []

    token.on_abort(heard.append)

    assert heard == [Cause(AbortReason.USER, "api")]


def test_a_listener_that_was_taken_back_hears_nothing() -> None:
    token = CancelToken().child()
    heard: list[Cause] = []
    forget = token.on_abort(heard.append)

    forget()
    forget()
    token.abort()

    assert heard == []


def test_a_listener_sees_the_whole_family_aborted() -> None:
    token = CancelToken()
    child = token.child()
    seen: list[bool] = []
    token.on_abort(lambda _: seen.append(child.aborted()))

    token.abort()

    assert seen == [True]


@pytest.mark.parametrize("error", [ValueError("made up"), Aborted(Cause(AbortReason.USER, "test"))], ids=repr)
def test_a_failing_listener_is_logged_and_the_others_hear(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    token = CancelToken()
    heard: list[Cause] = []

    def fail(cause: Cause) -> None:
        raise error

    token.on_abort(fail)
    token.on_abort(heard.append)

    with caplog.at_level(logging.ERROR, "flowbench.cancel"):
        assert token.abort()

    assert len(heard) == 1
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [error]


def test_ctrl_c_in_a_listener_goes_on_after_the_others_have_heard() -> None:
    token = CancelToken()
    heard: list[Cause] = []

    def interrupt(cause: Cause) -> None:
        raise KeyboardInterrupt

    token.on_abort(interrupt)
    token.on_abort(heard.append)

    with pytest.raises(KeyboardInterrupt):
        token.abort()

    assert len(heard) == 1


def test_a_listener_may_abort_and_listen_again() -> None:
    token = CancelToken()
    heard: list[object] = []

    def again(cause: Cause) -> None:
        heard.append(token.abort())
        token.on_abort(heard.append)

    token.on_abort(again)
    token.abort()

    assert heard == [False, Cause(AbortReason.USER, "api")]
