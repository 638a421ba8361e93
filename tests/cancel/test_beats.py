"""Heartbeats of a token that notes them."""

from __future__ import annotations

import math
import threading
from time import perf_counter

import pytest

from flowbench.cancel import Aborted, AbortReason, BeatingToken, Beats, CancelToken, blocking


def test_without_a_heartbeat_there_is_no_gap() -> None:
    beats = Beats()

    assert beats.gap(beats.made, perf_counter()) is None


def test_the_gap_counts_from_the_beginning_to_the_end() -> None:
    beats = Beats()
    beats.begin(10.0)
    beats.last, beats.longest = 11.5, 1.5

    assert beats.gap(9.0, 12.0) == 1.5
    assert beats.gap(7.0, 12.0) == 3.0
    assert beats.gap(9.0, 20.0) == 8.5


def test_what_another_process_has_measured_counts() -> None:
    beats = Beats()

    beats.hear(0.5)
    beats.hear(0.2)

    assert beats.gap(0.0, math.inf) == 0.5


def test_the_longest_time_between_two_heartbeats_is_kept() -> None:
    beats = Beats()
    token = BeatingToken(CancelToken(), beats)
    token.heartbeat()
    first = beats.first
    threading.Event().wait(0.05)

    token.heartbeat()
    token.heartbeat()

    assert 0.04 < beats.longest <= beats.last - first


def test_heartbeats_of_children_and_of_work_below_count() -> None:
    beats = Beats()
    token = BeatingToken(CancelToken(), beats)

    blocking("test", token.child(), lambda own: own.child().heartbeat()).result(60)

    assert beats.first > 0.0


def test_it_is_aborted_and_late_like_any_other_child() -> None:
    parent = CancelToken(600)
    token = BeatingToken(parent, Beats())
    late = BeatingToken(CancelToken(0), Beats())

    parent.abort(AbortReason.USER, "test")

    assert token.deadline == parent.deadline
    with pytest.raises(Aborted, match="Aborted: User"):
        token.child().heartbeat()
    with pytest.raises(Aborted, match="Aborted: Timeout"):
        late.heartbeat()
