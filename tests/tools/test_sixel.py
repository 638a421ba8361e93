"""Sixel: what is encoded is what is decoded; what is hostile is refused in words."""

from __future__ import annotations

import io
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from flowbench.tools import SixelFailed, decode_sixel, decode_sixel_to_png, encode_sixel, get_work_profile

RED, BLUE, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)


def picture(rows: list[list[tuple[int, int, int, int]]], kind: str = "PNG") -> bytes:
    image = Image.new("RGBA", (len(rows[0]), len(rows)))
    for y, row in enumerate(rows):
        for x, pixel in enumerate(row):
            image.putpixel((x, y), pixel)
    out = io.BytesIO()
    (image if kind in ("PNG", "WEBP") else image.convert("RGB")).save(
        out, kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    return out.getvalue()


def rows_of(data: bytes) -> list[list[tuple[int, ...]]]:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGBA")
    pixels = [tuple(image.tobytes()[at : at + 4]) for at in range(0, image.width * image.height * 4, 4)]
    return [pixels[y * image.width : (y + 1) * image.width] for y in range(image.height)]


def test_a_picture_is_framed_as_terminals_want_it() -> None:
    rows = [[RED, RED, RED] for _ in range(8)]
    rows[1][1] = BLUE

    assert encode_sixel(picture(rows), 3, 8) == ('\x1bP9;1;0q"1;1;3;8#0;2;0;0;100#1;2;100;0;0#0?A$#1~|~-#1BBB-\x1b\\')


def test_long_runs_are_counted() -> None:
    assert "!40~" in encode_sixel(picture([[RED]]), 40, 6)


def test_what_is_more_than_half_transparent_is_not_drawn() -> None:
    assert encode_sixel(picture([[(255, 0, 0, 127)]]), 1, 1) == '\x1bP9;1;0q"1;1;1;1-\x1b\\'


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pictures_of_four_kinds_are_read_and_stretched(kind: str) -> None:
    drawn = decode_sixel(encode_sixel(picture([[RED] * 16 for _ in range(16)], kind), 7, 9))

    assert (drawn.width, drawn.height, drawn.mime_type) == (7, 9, "image/png")
    assert all(pixel[0] > 245 and pixel[3] == 255 for row in rows_of(drawn.data) for pixel in row)


colours = st.sampled_from([RED, BLUE, CLEAR, (255, 255, 255, 255), (0, 255, 0, 255), (51, 102, 153, 255)])


@given(
    st.integers(1, 9).flatmap(
        lambda width: st.lists(st.lists(colours, min_size=width, max_size=width), min_size=1, max_size=14)
    )
)
def test_what_is_encoded_is_decoded_to_the_pixel(rows: list[list[tuple[int, int, int, int]]]) -> None:
    drawn = decode_sixel(encode_sixel(picture(rows), len(rows[0]), len(rows)))

    assert rows_of(drawn.data) == rows


def test_many_colours_become_256_near_ones() -> None:
    rows = [[(x * 4, y * 4, (x + y) * 2, 255) for x in range(64)] for y in range(64)]

    sequence = encode_sixel(picture(rows), 64, 64)

    drawn = rows_of(decode_sixel_to_png(sequence))
    assert len(set(re.findall(r"#(\d+);2;", sequence))) <= 256
    assert (
        max(
            abs(a - b)
            for old, new in zip(rows, drawn, strict=True)
            for p, q in zip(old, new, strict=True)
            for a, b in zip(p, q, strict=True)
        )
        < 40
    )


@pytest.mark.parametrize(
    ("sequence", "rows"),
    [
        ("\x1bP0;1q#1;2;100;0;0#1~\x1b\\", [[RED]] * 6),
        ("\x1bP0;1q#1;2;100;0;0#1@\x9c", [[RED], *[[CLEAR]] * 5]),
        ("\x1bPq#1;2;100;0;0#1@", [[RED], *[[(0, 0, 0, 255)]] * 5]),
        ("\x1bPq#1;1;0;50;100~#2;1;120;50;100~\x1b\\", [[BLUE, RED]] * 6),
        ("\x1bP0;1q#1;2;100;0;0~#2;2;0;0;100$~\x1b\\", [[BLUE]] * 6),
        ("\x1bPq#1~\x1b\\", [[(51, 51, 204, 255)]] * 6),
        ('\x1bP0;1q"1;1;2;3#1;2;100;0;0~\x1b\\', [[RED, CLEAR]] * 3),
        ("noise\x1bP0;1q\n#1;2;100;0;0!\x1b\\", None),
    ],
)
def test_a_sequence_is_drawn_as_a_terminal_does(sequence: str, rows: list[list[tuple[int, ...]]] | None) -> None:
    if rows is None:
        with pytest.raises(SixelFailed, match="no picture"):
            decode_sixel(sequence)
        return

    assert rows_of(decode_sixel(sequence.encode("latin-1")).data) == rows


@pytest.mark.parametrize(
    ("data", "size", "told"),
    [
        (picture([[RED]]), (0, 5), "Target SIXEL dimensions must be greater than zero"),
        (picture([[RED]]), (5, -1), "Target SIXEL dimensions must be greater than zero"),
        (picture([[RED]]), (9000, 1), "Target SIXEL dimensions must not exceed 8192"),
        (b"", (5, 5), "Failed to detect image format: "),
        (b"hello world", (5, 5), "Failed to detect image format: "),
        (picture([[RED, BLUE] * 20] * 40)[:75], (5, 5), "Failed to decode image: "),
    ],
    ids=["zero", "negative", "huge", "nothing", "text", "broken"],
)
def test_what_cannot_be_encoded_is_told(data: bytes, size: tuple[int, int], told: str) -> None:
    with pytest.raises(SixelFailed, match=f"^{told}"):
        encode_sixel(data, *size)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x1bPq" + b"~" * (20 * 1024 * 1024), "SIXEL payload exceeds the 20 MiB limit"),
        (b"hello", "SIXEL data is missing a DCS introducer"),
        (b"\x1bP0;1;", "SIXEL data is missing its q introducer"),
        (b"\x1bPq!99999999~", "SIXEL image dimensions exceed the decode limit"),
        (b"\x1bPq!" + b"9" * 5000 + b"~", "SIXEL image dimensions exceed the decode limit"),
        (b'\x1bPq"1;1;9000;2~', "SIXEL image dimensions exceed the decode limit"),
        (b'\x1bPq"1;1;8000;8000~', "SIXEL image dimensions exceed the decode limit"),
        (b"\x1bPq" + b"~-" * 2000, "SIXEL image dimensions exceed the decode limit"),
        (b"\x1bPq" + b"!8000~$" * 100_000, "SIXEL data paints more often than the decode limit allows"),
        (b"\x1bPq\x1b\\", "SIXEL data holds no picture"),
    ],
    ids=["long", "text", "no q", "wide", "digits", "declared", "area", "high", "again and again", "empty"],
)
def test_what_cannot_be_decoded_is_told(data: bytes, told: str) -> None:
    with pytest.raises(SixelFailed, match=f"^{told}"):
        decode_sixel(data)


def test_much_painting_has_an_end() -> None:
    begun = time.monotonic()

    decode_sixel(b'\x1bP0;1q"1;1;8000;6' + b"!8000~$" * 1000)

    assert time.monotonic() - begun < 60  # about half a second


@given(
    st.binary(max_size=60).map(lambda data: b"\x1bPq" + data)
    | st.text('0123456789;#!$-"?~@q', max_size=60).map("\x1bPq".__add__)
)
def test_no_sequence_raises_anything_else(data: bytes | str) -> None:
    try:
        decode_sixel(data)
    except SixelFailed:
        return


def test_the_work_is_in_the_profile() -> None:
    encode_sixel(picture([[RED]]), 1, 1)

    told = get_work_profile(60)

    assert told.sample_count >= 1
    assert "encode_sixel" in told.folded
    assert told.svg is not None
    assert told.summary.startswith("# Work Profile Summary\n\nWindow: 60000.0ms\n")
