"""Counted things."""

from __future__ import annotations

import pytest

from flowbench.words import count


@pytest.mark.parametrize(("number", "text"), [(0, "0 steps"), (1, "1 step"), (12_345, "12,345 steps")])
def test_counts_agree_with_their_noun(number: int, text: str) -> None:
    assert count(number, "step") == text
