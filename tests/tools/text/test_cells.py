"""Widths: as terminals draw them, the same for a whole and for its pieces."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import wcwidth
from hypothesis import given

from flowbench.tools import set_hangul_compat_jamo_width_override, visible_width
from flowbench.tools.text.cells import pieces, scaled_width
from flowbench.tools.text.escapes import parted, without_escapes
from tests.tools.text.texts import texts


@pytest.fixture
def jamo() -> Iterator[None]:
    yield
    set_hangul_compat_jamo_width_override(0)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("hello", 5),
        ("a\tb", 5),
        ("日本", 4),
        ("👨‍👩‍👧", 2),
        ("⚠️", 2),
        ("⚠", 1),
        ("1\ufe0f\u20e3", 2),
        ("e\u0301", 1),
        ("a\nb\x01", 2),
        ("\x1b]8;;http://x\x07l\x1b]8;;\x1b\\", 1),
        ("\x1b[31mred\x1b[0m", 3),
        ("\x1b]66;s=2;ab\x07", 4),
        ("\x1b]66;w=5;Hi\x07", 5),
        ("\x1b]66;s=3:w=4;X\x1b\\", 12),
        ("\x1b]66;;a\t界\x1b\\", 6),
        ("A\x1b]66;s=2;Hi\x1b\\Z", 6),
        ("\x1b_pi:c\x07x", 1),
        ("\x1bP1;2q#0\x1b\\x", 1),
        ("\x1b(Bx\x1b7y\x1b=", 2),
        ("\x1b", 0),
        ("\x1b[", 1),
        ("\u200db", 1),
        ("a\u200d🚀", 3),
    ],
)
def test_text_is_as_wide_as_a_terminal_draws_it(text: str, width: int) -> None:
    assert visible_width(text) == width


@pytest.mark.parametrize(("tab_width", "cells"), [(-5, 1), (0, 1), (3, 3), (16, 16), (99, 16)])
def test_the_width_of_a_tab_is_held_to_one_to_sixteen(tab_width: int, cells: int) -> None:
    assert visible_width("\t", tab_width) == cells


@pytest.mark.parametrize(("value", "letter", "filler"), [(1, 1, 1), (2, 2, 0), (3, 2, 0)])
def test_hangul_letters_are_as_wide_as_the_terminal_is_said_to_draw_them(
    value: int, letter: int, filler: int, jamo: None
) -> None:
    set_hangul_compat_jamo_width_override(value)

    assert visible_width("ㅁ") == visible_width("ㅁ\u0301") == letter
    assert visible_width("ㅤ") == filler


def test_no_other_width_of_hangul_letters_is_taken() -> None:
    with pytest.raises(ValueError, match="not 7"):
        set_hangul_compat_jamo_width_override(7)


@given(texts)
def test_a_text_is_parted_without_loss(text: str) -> None:
    assert "".join(parted(text)) == text


@given(texts)
def test_a_text_is_as_wide_as_its_pieces_together(text: str) -> None:
    parts = parted(text)

    widths = [cells for part in parts[::2] for _, cells in pieces(part, 3)]
    scaled = [scaled_width(part, 3) or 0 for part in parts[1::2]]

    assert visible_width(text, 3) == sum(widths) + sum(scaled)


@pytest.mark.parametrize("start", ["\x1b]", "\x1b[", "\x1b(", "\x1bP", "\x1b]8;;x", "\x1b]66;", "\x1b[31", "👍\u200d"])
def test_unfinished_escapes_cost_no_more_than_their_length(start: str) -> None:
    begun = time.monotonic()

    visible_width(start * 100_000)
    without_escapes(start * 50_000 + "\x07" + start * 50_000)

    assert time.monotonic() - begun < 20  # quadratic, it would be hours


@pytest.mark.parametrize("text", ["x" * 80, "日本 ⚠️ 👨‍👩‍👧 é\x1b[31mred\x1b[0m " + "x" * 40], ids=["ascii", "mixed"])
def test_measuring_costs_little_more_than_the_library_below(text: str) -> None:
    def seconds(measure: object) -> float:
        times = []
        for _ in range(30):
            begun = time.perf_counter()
            for _ in range(200):
                measure(text)  # type: ignore[operator]
            times.append(time.perf_counter() - begun)
        return min(times)

    assert seconds(visible_width) < 25 * seconds(wcwidth.width)
