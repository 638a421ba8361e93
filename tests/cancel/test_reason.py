"""Reasons: the seed's words and numbers, and an exception nobody catches by accident."""

from __future__ import annotations

import copy
import pickle

import pytest

from flowbench.cancel import Aborted, AbortReason, Cause


@pytest.mark.parametrize(
    ("reason", "number", "word"),
    [
        (AbortReason.UNKNOWN, 1, "Unknown"),
        (AbortReason.TIMEOUT, 2, "Timeout"),
        (AbortReason.SIGNAL, 3, "Signal"),
        (AbortReason.USER, 4, "User"),
    ],
    ids=str,
)
def test_a_reason_has_its_number_its_word_and_its_message(reason: AbortReason, number: int, word: str) -> None:
    aborted = Aborted(Cause(reason, "test"))

    assert (reason.value, str(reason), str(aborted)) == (number, word, f"Aborted: {word}")
    assert (aborted.reason, aborted.by, aborted.cause) == (reason, "test", (reason, "test"))


def test_except_exception_does_not_swallow_an_abort() -> None:
    assert not issubclass(Aborted, Exception)


@pytest.mark.parametrize("way", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_an_abort_keeps_its_cause_on_its_way(way: object) -> None:
    assert callable(way)

    assert way(Aborted(Cause(AbortReason.USER, "cell"))).cause == Cause(AbortReason.USER, "cell")


@pytest.mark.parametrize(
    ("byte", "reason"),
    [(0, None), (1, AbortReason.UNKNOWN), (2, AbortReason.TIMEOUT), (3, AbortReason.SIGNAL), (4, AbortReason.USER),
     (5, AbortReason.UNKNOWN), (255, AbortReason.UNKNOWN)],
)  # fmt: skip
def test_a_stored_byte_is_read_back(byte: int, reason: AbortReason | None) -> None:
    assert AbortReason.from_byte(byte) is reason
