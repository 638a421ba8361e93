"""Cutting: by cells, never through one, with the escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowbench.tools import EllipsisKind, Slice, extract_segments, slice_with_width, truncate_to_width, visible_width
from flowbench.tools.text.cells import pieces
from flowbench.tools.text.escapes import parted, without_escapes
from tests.tools.text.texts import plain_escapes, texts

counts = st.integers(-1, 12)


def graphemes(text: str) -> list[str]:
    """The pieces of a text between its escapes."""
    return [piece for part in parted(text)[::2] for piece, _ in pieces(part, 3)]


@pytest.mark.parametrize(
    ("kind", "cut"),
    [
        (EllipsisKind.UNICODE, "hello w…"),
        (EllipsisKind.ASCII, "hello..."),
        (EllipsisKind.OMIT, "hello wo"),
        (1, "hello..."),
    ],
)
def test_a_text_that_is_too_wide_ends_with_its_mark(kind: int, cut: str) -> None:
    assert truncate_to_width("hello world", 8, ellipsis=kind) == cut


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("hello", 5, "hello"),
        ("hello", 0, ""),
        ("hello", -3, ""),
        ("日本語", 4, "日…"),
        ("\x1b[31mhello world\x1b[0m", 6, "\x1b[31mhello\x1b[0m…"),
        ("\x1b[31mab\x1b[0m", 2, "\x1b[31mab\x1b[0m"),
        ("\x1b[2Khello world", 6, "\x1b[2Khello…"),
        ("\x1b]8;;u\x07hello world\x1b]8;;\x07", 6, "\x1b]8;;u\x07hello\x1b]8;;\x07…"),
        ("ab\tc", 4, "ab…"),
        ("\x1b]66;s=2;abc\x07", 4, "abc…"),
    ],
)
def test_a_text_is_cut_to_cells(text: str, width: int, cut: str) -> None:
    assert truncate_to_width(text, width) == cut


@pytest.mark.parametrize(("width", "cut"), [(1, "."), (2, ".."), (3, "...")])
def test_a_mark_that_does_not_fit_is_cut_itself(width: int, cut: str) -> None:
    assert truncate_to_width("hello", width, ellipsis=EllipsisKind.ASCII) == cut


@pytest.mark.parametrize(
    ("text", "padded"), [("ab", "ab   "), ("日本語x", "日本…"), ("日日日", "日日…"), ("x日日日", "x日… ")]
)
def test_padding_fills_the_width(text: str, padded: str) -> None:
    assert truncate_to_width(text, 5, pad=True) == padded


def test_a_mark_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="9"):
        truncate_to_width("hello", 3, ellipsis=9)


@given(texts, counts, st.sampled_from(EllipsisKind))
def test_what_is_cut_is_a_beginning_that_fits(text: str, width: int, kind: EllipsisKind) -> None:
    cut = truncate_to_width(text, width, ellipsis=kind)

    assert visible_width(cut) <= max(width, 0) or cut == text
    assert visible_width(truncate_to_width(text, width, ellipsis=kind, pad=True)) == max(width, visible_width(cut), 0)


@given(plain_escapes, counts)
def test_what_is_cut_keeps_whole_pieces_from_the_beginning(text: str, width: int) -> None:
    cut = graphemes(truncate_to_width(text, width, ellipsis=EllipsisKind.OMIT))

    assert graphemes(text)[: len(cut)] == cut


@pytest.mark.parametrize(
    ("line", "start", "length", "strict", "cut"),
    [
        ("日本語", 0, 3, True, Slice("日", 2)),
        ("日本語", 0, 3, False, Slice("日本", 4)),
        ("日本語", 1, 3, True, Slice("本", 2)),
        ("hello", 1, 3, True, Slice("ell", 3)),
        ("hello", 1, 0, True, Slice("", 0)),
        ("hello", 9, 3, True, Slice("", 0)),
        ("\x1b[31mhello\x1b[0m world", 0, 5, False, Slice("\x1b[31mhello\x1b[0m", 5)),
        ("\x1b[31mhello\x1b[0m world", 1, 2, False, Slice("\x1b[31mel", 2)),
        ("\x1b[31mhi", 5, 2, False, Slice("", 0)),
        ("\x1b]66;s=2;Hi\x1b\\", 0, 2, True, Slice("H", 1)),
        ("\x1b]66;s=2;Hi\x1b\\", 2, 2, True, Slice("i", 1)),
        ("\x1b]66;s=2;Hi\x1b\\", 0, 4, True, Slice("\x1b]66;s=2;Hi\x1b\\", 4)),
    ],
)
def test_a_slice_has_the_columns_that_were_asked_for(
    line: str, start: int, length: int, strict: bool, cut: Slice
) -> None:
    assert slice_with_width(line, start, length, strict=strict) == cut


@given(texts, counts, counts, st.booleans())
def test_a_slice_knows_its_width_and_a_strict_one_keeps_to_it(text: str, start: int, length: int, strict: bool) -> None:
    cut = slice_with_width(text, start, length, strict=strict)

    assert cut.width == visible_width(cut.text)
    assert not strict or cut.width <= max(length, 0)


@given(plain_escapes, counts)
def test_two_slices_lose_only_what_stands_across_their_border(text: str, at: int) -> None:
    head = slice_with_width(text, 0, at, strict=True)
    tail = slice_with_width(text, max(at, 0), 1000)

    whole, both = graphemes(text), graphemes(head.text) + graphemes(tail.text)
    lost = visible_width(text) - head.width - tail.width
    assert [piece for piece in both if piece not in whole] == []
    assert lost == 0 or lost in {visible_width(piece) for piece in whole}


@pytest.mark.parametrize(
    ("line", "asked", "told"),
    [
        ("\x1b[31mab\x1b[0mcdef", (2, 3, 2), ("\x1b[31mab", 2, "de", 2)),
        ("\x1b[1;31mabcdef\x1b[0m", (1, 3, 2), ("\x1b[1;31ma", 1, "\x1b[1;31mde", 2)),
        ("A\x1b]66;s=2;Hi\x1b\\Z", (1, 3, 2), ("A", 1, "i", 1)),
        ("日本語", (1, 4, 2), ("日", 2, "語", 2)),
        ("abc", (2, 0, 0), ("ab", 2, "", 0)),
        ("abc", (0, 1, 9), ("", 0, "bc", 2)),
    ],
)
def test_a_line_is_parted_around_what_is_laid_over_it(
    line: str, asked: tuple[int, int, int], told: tuple[str, int, str, int]
) -> None:
    found = extract_segments(line, *asked, strict_after=True)

    assert (found.before, found.before_width, found.after, found.after_width) == told


@given(texts, counts, counts, counts, st.booleans())
def test_segments_know_their_widths(text: str, end: int, start: int, length: int, strict: bool) -> None:
    found = extract_segments(text, end, start, length, strict_after=strict)

    assert found.before_width == visible_width(found.before)
    assert found.after_width == visible_width(found.after)
    assert not strict or found.after_width <= max(length, 0)


@given(plain_escapes)
def test_a_slice_of_everything_is_everything(text: str) -> None:
    assert without_escapes(slice_with_width(text, 0, 10_000).text) == without_escapes(text)
