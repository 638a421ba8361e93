"""Labels become one short line that XML may carry."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.graph.labels import element_id, tidy, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\n\tlines\r\n ", "two lines"),
        ("a\0b\x07c\x9bd", "a b c d"),
        ("a\u202eb\u2066c", "a b c"),
        ("lone \ud800 half", "lone half"),
        ("x" * 20, "x" * 20),
        ("x" * 21, "x" * 19 + "…"),
        ("a" * 19 + " b", "a" * 19 + "…"),
        ("\0\n\t", ""),
        ("", ""),
        ("שלום 😀 日本", "שלום 😀 日本"),
    ],
)
def test_text_is_shown_on_one_line_without_controls(text: str, shown: str) -> None:
    assert tidy(text, 20) == shown


def test_a_label_of_a_megabyte_costs_as_little_as_a_short_one() -> None:
    start = time.perf_counter()

    shown = tidy("ab " * 350_000, 40)

    assert len(shown) <= 40
    assert shown.endswith("…")
    assert time.perf_counter() - start < 0.05


@given(st.text(), st.integers(2, 50))
def test_a_line_is_never_longer_than_asked_and_tidying_twice_changes_nothing(text: str, length: int) -> None:
    line = tidy(text, length)

    assert len(line) <= length
    assert tidy(line, length) == line


def test_wide_characters_count_more_and_marks_count_nothing() -> None:
    assert width("日本", 10) > width("ab", 10)
    assert width("e\u0301", 10) == width("e", 10)
    assert width("MMM", 10) > width("iii", 10)


def test_the_id_of_an_element_names_the_node() -> None:
    assert element_id("2.f.0") == "fb-2.f.0"
