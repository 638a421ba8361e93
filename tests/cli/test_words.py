"""Figures and values on a terminal."""

from __future__ import annotations

import json

import pytest

from flowbench.cli import words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ms"), (0.0421, "42 ms"), (1, "1.0 s"), (59.94, "59.9 s"), (192, "3 min 12 s")],
)
def test_seconds_read_well_at_every_size(value: float, text: str) -> None:
    assert words.seconds(value) == text


def test_nothing_in_a_text_can_steer_the_terminal() -> None:
    shown = words.short("a\x1b[2Jb\nc\u2028d\x9be", 80)

    assert shown == "a [2Jb c d e"


def test_a_long_text_is_cut_with_a_sign_of_it() -> None:
    assert words.short("x" * 50, 10) == "x" * 9 + "…"
    assert words.short("x" * 10, 10) == "x" * 10


def test_json_is_ascii_and_reads_back() -> None:
    value = {"ä": ["\ud800", "日本", None, 1.5]}

    text = words.as_json(value)

    assert text.isascii()
    assert json.loads(text) == value


def test_columns_line_up_and_lines_have_no_tail() -> None:
    assert words.table([("a", "b"), ("long", ""), ("x", "yy")]) == "a     b\nlong\nx     yy"


def test_a_glimpse_writes_no_more_of_a_value_than_it_shows() -> None:
    wide = list(range(10_000))
    square = [wide] * 1_000_000

    assert words.glimpse(square, 20) == "[[0, 1, 2, 3, 4, 5,…"
    assert words.glimpse({"a": [1, "é"]}, 40) == words.as_json({"a": [1, "é"]})
