"""Wrapping: every cell once, no line too wide, colours and links on every line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.tools import visible_width, wrap_text_with_ansi
from flowbench.tools.text.cells import pieces
from flowbench.tools.text.escapes import parted, without_escapes
from tests.tools.text.texts import plain_escapes, texts


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("a\n\nb", 5, ["a", "", "b"]),
        ("hello big world", 7, ["hello", "big", "world"]),
        ("hello   big", 7, ["hello", "big"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("日本語", 3, ["日", "本", "語"]),
        ("日本", 1, ["日", "本"]),
        ("ab " + "c" * 7 + " d", 4, ["ab", "cccc", "ccc", "d"]),
        ("plain \x1b[33mcode\x1b[39m next", 10, ["plain \x1b[33mcode\x1b[39m", "next"]),
        ("\x1b[31mhello world\x1b[0m", 5, ["\x1b[31mhello", "\x1b[31mworld\x1b[0m"]),
        ("\x1b[31mab\ncd", 5, ["\x1b[31mab", "\x1b[31mcd"]),
        ("\x1b[4;9mab cd\x1b[0m", 2, ["\x1b[4;9mab\x1b[24;29m", "\x1b[4;9mcd\x1b[0m"]),
        ("\x1b]8;;u\x07ab cd", 2, ["\x1b]8;;u\x07ab\x1b]8;;\x07", "\x1b]8;;u\x07cd\x1b]8;;\x07"]),
        ("\x1b[38:2::1:2:3mab cd", 2, ["\x1b[38:2::1:2:3mab", "\x1b[38:2::1:2:3mcd"]),
        ("\x1b[1;;31mab cd", 2, ["\x1b[1;;31mab", "\x1b[31mcd"]),
        ("\x1b[58;5;9mab cd", 2, ["\x1b[58;5;9mab", "\x1b[58;5;9mcd"]),
        ("\x1b[>4;2mab cd", 2, ["\x1b[>4;2mab", "cd"]),
        ("aaaa\x1b\x01bbbb", 3, ["aaa", "a\x1b\x01bb", "bb"]),
    ],
)
def test_a_text_is_wrapped_at_spaces_with_its_style(text: str, width: int, lines: list[str]) -> None:
    assert wrap_text_with_ansi(text, width) == lines


def test_a_style_that_opens_after_a_space_goes_with_its_word() -> None:
    lines = wrap_text_with_ansi("read this thread \x1b[4mhttps://example.com/very/long/path\x1b[24m", 40)

    assert lines[0] == "read this thread"
    assert lines[1].startswith("\x1b[4mhttps://")


@given(texts, st.integers(1, 9))
def test_no_line_is_wider_than_it_may_be_unless_one_piece_is(text: str, width: int) -> None:
    widest = max([cells for part in parted(text)[::2] for _, cells in pieces(part, 3)], default=0)

    lines = wrap_text_with_ansi(text, width)

    assert lines
    if "\x1b]66;" not in text:
        assert max(map(visible_width, lines)) <= max(width, widest)


@given(plain_escapes, st.integers(0, 9))
def test_no_piece_is_lost_doubled_or_parted(text: str, width: int) -> None:
    def shown(of: str) -> list[str]:
        return [
            piece
            for line in of.split("\n")
            for part in parted(line)[::2]
            for piece, _ in pieces(part, 3)
            if piece != " " and piece != "\r"
        ]

    assert shown("\n".join(wrap_text_with_ansi(text, width))) == shown(text)


@given(plain_escapes, st.integers(1, 9))
def test_no_escape_is_lost(text: str, width: int) -> None:
    told = "".join(wrap_text_with_ansi(text, width))

    assert [escape for escape in parted(text)[1::2] if escape not in told and "\n" not in escape] == []


@given(plain_escapes)
def test_what_fits_is_left_as_it_is(text: str) -> None:
    lines = wrap_text_with_ansi(text, 10_000)

    assert [without_escapes(line) for line in lines] == re.split("\n", without_escapes(text))
