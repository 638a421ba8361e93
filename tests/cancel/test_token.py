"""Tokens in one thread: what they say, who hears, and who may be forgotten."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Iterator

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause

DEADLINE = Cause(AbortReason.TIMEOUT, "deadline")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _heartbeat(token: CancelToken) -> Cause | None:
    try:
        token.heartbeat()
    except Aborted as aborted:
        return aborted.cause
    return None


def test_a_passive_token_says_nothing() -> None:
    token = CancelToken()

    assert _heartbeat(token) is None
    assert (token.aborted(), token.cause, token.abort_reason(), token.deadline) == (False, None, None, None)


def test_an_abort_raises_at_the_next_heartbeat_and_at_every_later_one() -> None:
    token = CancelToken()
    token.abort(AbortReason.SIGNAL, "interrupt")

    assert [_heartbeat(token), _heartbeat(token)] == [Cause(AbortReason.SIGNAL, "interrupt")] * 2


def test_an_abort_without_words_is_the_users() -> None:
    token = CancelToken()
    token.abort()

    assert token.cause == Cause(AbortReason.USER, "api")


def test_the_first_cause_wins() -> None:
    token = CancelToken()

    assert token.abort(AbortReason.SIGNAL, "interrupt")
    assert not token.abort(AbortReason.USER, "button")
    assert token.cause == Cause(AbortReason.SIGNAL, "interrupt")


def test_the_same_cause_twice_is_one_abort() -> None:
    token = CancelToken()

    assert [token.abort(AbortReason.USER, "cell"), token.abort(AbortReason.USER, "cell")] == [True, False]


@pytest.mark.parametrize("timeout", [0, 0.0, -5.0], ids=str)
def test_a_timeout_of_nothing_is_over_at_once(timeout: float) -> None:
    token = CancelToken(timeout=timeout)

    assert (_heartbeat(token), token.aborted(), token.cause) == (DEADLINE, True, DEADLINE)


def test_a_deadline_is_exact_and_never_stored() -> None:
    clock = Clock()
    token = CancelToken(timeout=10, clock=clock)

    assert token.deadline == 1010.0
    clock.now = 1009.999
    assert _heartbeat(token) is None
    clock.now = 1010.0
    assert _heartbeat(token) == DEADLINE
    assert token.abort_reason() is None


def test_the_flag_is_reported_before_the_deadline() -> None:
    token = CancelToken(timeout=0)

    assert token.abort(AbortReason.USER, "button")
    assert (_heartbeat(token), token.cause) == (Cause(AbortReason.USER, "button"),) * 2


def test_an_endless_timeout_is_none() -> None:
    assert CancelToken(timeout=math.inf).deadline is None


def test_a_timeout_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        CancelToken(timeout=math.nan)


def test_an_abort_flows_down_with_its_reason() -> None:
    token = CancelToken()
    child = token.child()
    grandchild = child.child()

    token.abort(AbortReason.SIGNAL, "interrupt")

    assert child.cause == grandchild.cause == Cause(AbortReason.SIGNAL, "parent (interrupt)")


def test_an_abort_never_flows_up_or_sideways() -> None:
    token = CancelToken()
    child, sibling = token.child(), token.child()

    child.abort()

    assert (token.cause, sibling.cause) == (None, None)


def test_a_child_keeps_the_cause_it_had() -> None:
    token = CancelToken()
    child = token.child()
    child.abort(AbortReason.TIMEOUT, "race")

    token.abort()

    assert child.cause == Cause(AbortReason.TIMEOUT, "race")


def test_a_child_of_an_aborted_token_is_born_aborted() -> None:
    token = CancelToken()
    token.abort()

    assert token.child().cause == Cause(AbortReason.USER, "parent (api)")


@pytest.mark.parametrize(
    ("own", "timeout", "expected"), [(10, 5, 1005.0), (5, 10, 1005.0), (None, 5, 1005.0), (5, None, 1005.0)]
)
def test_of_two_deadlines_the_earlier_holds(own: float | None, timeout: float | None, expected: float) -> None:
    token = CancelToken(timeout=own, clock=Clock())

    assert token.child(timeout).deadline == expected


def test_a_chain_deeper_than_the_stack_is_aborted_and_forgotten() -> None:
    top = CancelToken()
    bottom = top
    for _ in range(5000):
        bottom = bottom.child()
    heard: list[Cause] = []
    bottom.on_abort(heard.append)

    top.abort()

    assert heard == [bottom.cause] == [Cause(AbortReason.USER, "parent (api)")]


def test_a_token_as_signal_is_followed_with_reason_signal() -> None:
    signal = CancelToken()
    token = CancelToken(signal=signal)

    signal.abort(AbortReason.USER, "button")

    assert token.cause == Cause(AbortReason.SIGNAL, "signal")


def test_the_deadline_of_a_signal_holds() -> None:
    clock = Clock()
    token = CancelToken(timeout=10, signal=CancelToken(timeout=5, clock=clock), clock=clock)

    assert token.deadline == 1005.0


def test_a_signal_set_before_is_honoured() -> None:
    event = threading.Event()
    event.set()
    signal = CancelToken()
    signal.abort()

    causes = [CancelToken(signal=event).cause, CancelToken(signal=signal).cause]

    assert causes == [Cause(AbortReason.SIGNAL, "signal")] * 2


def test_an_event_counts_at_the_very_next_heartbeat() -> None:
    event = threading.Event()
    token = CancelToken(signal=event)
    child = token.child()
    assert _heartbeat(child) is None

    event.set()

    assert _heartbeat(child) == Cause(AbortReason.SIGNAL, "parent (signal)")
    assert _heartbeat(token) == Cause(AbortReason.SIGNAL, "signal")


def test_an_event_that_was_seen_stays_seen() -> None:
    event = threading.Event()
    token = CancelToken(signal=event)
    event.set()
    assert token.aborted()

    event.clear()

    assert token.aborted()


def test_an_abort_after_the_event_comes_second() -> None:
    event = threading.Event()
    token = CancelToken(signal=event)
    event.set()

    assert not token.abort(AbortReason.USER, "button")
    assert token.abort_reason() is AbortReason.SIGNAL


def test_a_handle_aborts_the_token() -> None:
    token = CancelToken(timeout=100)
    handle = token.abort_token()

    assert handle.abort(AbortReason.SIGNAL, "button")
    assert not handle.abort()
    assert token.cause == Cause(AbortReason.SIGNAL, "button")


def test_a_handle_of_a_passive_token_does_nothing_until_one_is_emplaced() -> None:
    token = CancelToken()

    assert not token.abort_token().abort()
    assert token.emplace_abort_token()
    assert token.abort_token().abort()
    assert token.aborted()


def test_a_handle_keeps_nothing_alive_and_does_nothing_without_tokens() -> None:
    token = CancelToken()
    heard: list[Cause] = []
    token.on_abort(heard.append)
    handle = token.emplace_abort_token()
    gone = weakref.ref(token)

    del token

    assert gone() is None
    assert not handle.abort()
    assert heard == []


def test_a_handle_works_while_a_child_lives() -> None:
    token = CancelToken()
    handle = token.emplace_abort_token()
    child = token.child()

    del token

    assert handle.abort()
    assert child.cause == Cause(AbortReason.USER, "parent (api)")


def test_children_that_are_gone_leave_nothing_behind() -> None:
    token = CancelToken()
    for _ in range(100):
        token.child().child()

    assert token._flag.followers == {}


def test_a_listener_outlives_the_child_it_was_given_to() -> None:
    token = CancelToken()
    heard: list[Cause] = []
    token.child().child().on_abort(heard.append)
    gc.collect()

    token.abort()

    assert heard == [Cause(AbortReason.USER, "parent (api)")]


def test_a_listener_that_was_taken_back_holds_no_child() -> None:
    token = CancelToken()
    child = token.child()
    child.on_abort(lambda _: None)()
    gone = weakref.ref(child._flag)

    del child

    assert gone() is None
    assert token._flag.held == {}


def test_iteration_has_a_heartbeat_before_each_item() -> None:
    token = CancelToken()
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    def work() -> None:
        for number in token.iter(items()):
            if number == 2:
                token.abort()

    with pytest.raises(Aborted):
        work()

    assert taken == [0, 1, 2]  # the fourth was not taken only to be dropped


def test_iteration_gives_the_same_items() -> None:
    assert list(CancelToken().iter("abc")) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("timeout", "aborts", "text"),
    [
        (None, False, "<CancelToken>"),
        (5.0, False, "<CancelToken, 5.000 s left>"),
        (0.0, False, "<CancelToken aborted: Timeout by deadline>"),
        (5.0, True, "<CancelToken aborted: User by api>"),
    ],
    ids=["passive", "deadline ahead", "deadline passed", "aborted"],
)
def test_a_token_shows_its_state(timeout: float | None, aborts: bool, text: str) -> None:
    token = CancelToken(timeout, clock=Clock())
    if aborts:
        token.abort()

    assert repr(token) == text
