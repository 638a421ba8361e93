"""Places of matches and patches of edits, for any text: astral characters, CRLF, marks and line separators."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from flowbench.tools import ast_match
from flowbench.tools.syntax.patching import Edit, edited, in_order, patch
from flowbench.tools.syntax.spans import Bytes

ODD = st.text(st.sampled_from("a é日😀\u0301\u2028\x85\t\ufeff\x0b\x0c\x1c'\""), max_size=12)
LINES = st.lists(
    st.tuples(st.text(st.sampled_from("aé😀 \t\u2028"), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
)


@given(st.lists(st.tuples(ODD, st.sampled_from(["\n", "\r\n"]), st.booleans()), max_size=8), st.booleans())
def test_a_match_is_where_it_says(parts: list[tuple[str, str, bool]], has_mark: bool) -> None:
    text = "\ufeff" * has_mark + "".join(f"/* {odd} */ {'f(1)' * is_call}{end}" for odd, end, is_call in parts)

    matches = ast_match(text, "f($A)", lang="javascript", limit=100).matches

    begins = [found.start() for found in re.finditer(r"f\(1\)", text)]
    assert [text.encode()[match.byte_start : match.byte_end] for match in matches] == [b"f(1)"] * len(begins)
    assert [match.byte_start for match in matches] == [len(text[:begin].encode()) for begin in begins]
    assert [(match.start_line, match.start_column) for match in matches] == [
        (text.count("\n", 0, begin) + 1, begin - text.rfind("\n", 0, begin)) for begin in begins
    ]
    assert all((m.end_line, m.end_column) == (m.start_line, m.start_column + 4) for m in matches)


@given(st.text(st.sampled_from("aé日😀\n")), st.lists(st.integers(0, 40)))
def test_bytes_before_a_character_are_counted_in_any_order(text: str, asked: list[int]) -> None:
    before = Bytes(text).before

    for character in (min(each, len(text)) for each in asked):
        assert before(character) == len(text[:character].encode())


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = "".join(line + end for line, end in draw(LINES)) + draw(st.sampled_from(["", "x", "éy"]))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    news = st.text(st.sampled_from("bé\n\r😀"), max_size=6)
    return text, [Edit(a, b, draw(news)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]


@given(edits())
def test_a_patch_turns_the_old_text_into_the_new_one(given_: tuple[str, list[Edit]]) -> None:
    text, wanted = given_
    kept, _ = in_order(wanted)

    assert applied(text, patch("a.py", text, kept)) == edited(text, kept)


def test_of_edits_that_overlap_the_first_one_stays() -> None:
    assert in_order([Edit(4, 6, "y"), Edit(0, 5, "x"), Edit(0, 5, "x"), Edit(5, 7, "z")]) == (
        [Edit(0, 5, "x"), Edit(5, 7, "z")], 1,
    )  # fmt: skip


def applied(text: str, diff: str) -> str:
    """What `patch` would make of it: strict about places, counts and context."""
    old = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    new: list[str] = []
    at = 0
    lines = re.findall(r"[^\n]*\n", diff)[2:]
    while lines:
        head = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n", lines.pop(0))
        assert head is not None
        begin, count, there, grown = int(head[1]), int(head[2] or 1), int(head[3]), int(head[4] or 1)
        begin -= count > 0
        new += old[at:begin]
        at = begin
        assert len(new) == there - (grown > 0)
        hunk: list[tuple[str, str]] = []
        while lines and not lines[0].startswith("@@"):
            line = lines.pop(0)
            if line == "\\ No newline at end of file\n":
                hunk[-1] = hunk[-1][0], hunk[-1][1][:-1]
            else:
                hunk.append((line[0], line[1:]))
        assert [line for sign, line in hunk if sign != "+"] == old[at : at + count]
        added = [line for sign, line in hunk if sign != "-"]
        assert len(added) == grown
        new += added
        at += count
    return "".join(new + old[at:])
