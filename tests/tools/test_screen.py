"""The lines of a terminal, as plain text: what xterm would show."""

from __future__ import annotations

import pytest

from flowbench.tools.screen import TAIL, Tail, shown

CASES = {
    "lines": ("a\r\nb\r\n", ["a", "b"]),
    "a line feed keeps the column": ("ab\nc", ["ab", "  c"]),
    "overwritten": ("10 %\r20 %\r100 %\r\n", ["100 %"]),
    "shorter over longer, erased": ("working\rdone\x1b[K", ["done"]),
    "backspace": ("abc\b\bX", ["aXc"]),
    "tabs": ("a\tb", ["a       b"]),
    "wrapped": ("0123456789abcdefghijKL", ["0123456789abcdefghij", "KL"]),
    "full line, then a new one": ("0123456789abcdefghij\r\nx", ["0123456789abcdefghij", "x"]),
    "colours and titles": ("\x1b]0;title\x07\x1b[1;31mred\x1b[0m", ["red"]),
    "a link": ("\x1b]8;;http://x\x1b\\here\x1b]8;;\x1b\\.", ["here."]),
    "cursor up": ("one\r\ntwo\x1b[A\rONE\x1b[B!", ["ONE", "two!"]),
    "placed": ("\x1b[2;3Hx\x1b[1;1Hy", ["y", "  x"]),
    "cleared": ("old\r\nold\x1b[2J\x1b[Hnew", ["new"]),
    "a column": ("abc\x1b[2GX\x1b[5Gz", ["aXc z"]),
    "deleted and inserted": ("abcdef\x1b[1G\x1b[2P\x1b[1@-", ["-cdef"]),
    "inserted lines": ("a\r\nb\r\nc\x1b[2;1H\x1b[Lnew", ["a", "new", "b", "c"]),
    "deleted lines": ("a\r\nb\r\nc\x1b[1;1H\x1b[M", ["b", "c"]),
    "a region scrolls alone": ("h\x1b[2;3r\x1b[2;1Ha\r\nb\r\nc\x1b[r\x1b[5;1Hf", ["h", "b", "c", "", "f"]),
    "reverse index": ("a\r\nb\x1b[1;1H\x1bMtop", ["top", "a", "b"]),
    "the second screen leaves the first": ("$ vi\r\n\x1b[?1049h\x1b[2Jtext\x1b[?1049l$ ", ["$ vi", "$"]),
    "the second screen while it is there": ("$ vi\r\n\x1b[?1049htext", ["text"]),
    "saved cursor": ("ab\x1b7\r\ncd\x1b8X", ["abX", "cd"]),
    "wide characters": ("日本語\rx", ["x 本語"]),
    "over the right half of a wide one": ("日本\x1b[2Gx", [" x本"]),
    "wide characters wrap whole": ("0123456789abcdefghi日", ["0123456789abcdefghi", "日"]),
    "combining characters": ("e\u0301a", ["e\u0301a"]),
    "drawn lines": ("\x1b(0lqk\x1b(Bx", ["┌─┐x"]),
    "what nobody knows": ("a\x1b[99zb\x1b[?25lc\x1b=d\x1bZ\x07e", ["abcde"]),
    "cut in the middle of an escape": ("a\x1b[", ["a"]),
    "huge numbers": ("\x1b[999999999999Ca\x1b[999999999B\x1b[99999999999@", [" " * 19 + "a"]),
}


@pytest.mark.parametrize(("text", "lines"), CASES.values(), ids=CASES)
def test_a_terminal_shows(text: str, lines: list[str]) -> None:
    assert shown(text, 20, 10) == lines


def test_what_scrolls_away_is_kept_up_to_a_limit() -> None:
    text = "".join(f"{number}\r\n" for number in range(5000))

    assert shown(text, 20, 10, 100) == [str(number) for number in range(4900, 5000)]


def test_a_tail_is_bounded_and_cut_at_a_line() -> None:
    tail = Tail()
    for number in range(60_000):
        tail.add(f"line {number}\r\n")

    assert TAIL // 2 - 20 <= len(tail.text) <= TAIL
    assert tail.text.startswith("line ")
    assert tail.lines(3) == ["line 59997", "line 59998", "line 59999"]


def test_a_line_without_end_is_bounded_too() -> None:
    tail = Tail()
    for _ in range(100):
        tail.add("x" * 10_000)

    assert len(tail.text) <= TAIL
