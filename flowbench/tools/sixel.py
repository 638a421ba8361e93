"""Sixel: pictures as terminals draw them, to and from; bands of six rows, a colour at a time.

Source: pi-natives sixel.rs; DEC VT3xx, Sixel Graphics.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flowbench.cancel import profile_region
from flowbench.tools import pictures
from flowbench.tools.errors import SixelFailed
from flowbench.tools.pictures import Picture

if TYPE_CHECKING:
    import numpy as np

MOST_BYTES = 20 * 1024 * 1024  # of what is decoded, and of the PNG that it becomes
LONGEST_EDGE, MOST_PIXELS = 8192, 4 * 1024 * 1024
MOST_PAINTED = 16 * MOST_PIXELS  # columns of six: a picture that paints its pixels again and again has an end
OPAQUE = 128  # of 255: a more transparent pixel is left out
BAND = 6
FIRST, LAST = 0x3F, 0x7E  # "?", no pixel, to "~", all six

_TOKEN = re.compile(rb'([?-~]+)|!(\d*)([?-~])|#([\d;]*)|(\$)|(-)|"([\d;]*)')
# Colours 0 to 15 of a VT340, in percent.
_VT340 = "0 0 0,20 20 80,80 13 13,20 80 20,80 20 80,20 80 80,80 80 20,53 53 53,26 26 26,33 33 60,60 26 26,33 60 33"
_VT340 += ",60 33 60,33 60 60,60 60 33,80 80 80"


def encode_sixel(data: bytes, width: int, height: int) -> str:
    """A PNG, JPEG, WebP or GIF as a sequence that terminals draw, of exactly this size in pixels. No abort: a second
    for a large picture.

    At most 256 colours; what is more than half transparent is not drawn.
    Raises: SixelFailed.
    Source: pi-natives sixel.rs, `encodeSixel`.
    """
    if width <= 0 or height <= 0:
        raise SixelFailed("Target SIXEL dimensions must be greater than zero")
    if not _within(width, height):
        raise SixelFailed(f"Target SIXEL dimensions must not exceed {LONGEST_EDGE} a side and {MOST_PIXELS:,} pixels")
    with profile_region("encode_sixel"):
        try:
            rgba = pictures.pixels(bytes(data), width, height)
        except pictures.Undetected as error:
            raise SixelFailed(f"Failed to detect image format: {error}") from None
        except (
            Exception
        ) as error:  # a broken picture raises as its decoder likes: OSError, ValueError, SyntaxError, ...
            raise SixelFailed(f"Failed to decode image: {error}") from error
        return _encoded(rgba)


def decode_sixel(data: bytes | str) -> Picture:
    """A sequence that terminals draw, as a picture. No abort: bounded by the limits, some seconds at worst.

    Limits: 20 MiB, 8192 pixels a side, 4,194,304 in all. What is not drawn is transparent if the sequence says so, else
    black.
    Raises: SixelFailed.
    Source: pi-natives sixel.rs, `decodeSixelToPng`.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
    if len(raw) > MOST_BYTES:
        raise SixelFailed("SIXEL payload exceeds the 20 MiB limit")
    with profile_region("decode_sixel"):
        introducer = re.search(rb"\x1bP|\x90", raw)
        if introducer is None:
            raise SixelFailed("SIXEL data is missing a DCS introducer")
        begin = raw.find(b"q", introducer.end())
        if begin < 0:
            raise SixelFailed("SIXEL data is missing its q introducer")
        ending = re.compile(rb"\x1b\\|\x9c").search(raw, begin)
        body = raw[begin + 1 : ending.start() if ending else len(raw)]
        words = raw[introducer.end() : begin].split(b";")
        width, height = _size(body)
        picture = pictures.png(_painted(body, width, height, transparent=len(words) > 1 and words[1] == b"1"))
    if len(picture.data) > MOST_BYTES:
        raise SixelFailed("Decoded SIXEL PNG exceeds the 20 MiB limit")
    return picture


def decode_sixel_to_png(data: bytes | str) -> bytes:
    """The same as a PNG file alone. No abort: bounded by the limits. Raises: SixelFailed."""
    return decode_sixel(data).data


def _encoded(rgba: np.ndarray[Any, Any]) -> str:
    import numpy as np

    height, width = rgba.shape[:2]
    numbers, colours = pictures.indexed(rgba)
    rows = np.full((-(-height // BAND) * BAND, width), -1, np.int16)
    rows[:height] = np.where(rgba[:, :, 3] >= OPAQUE, numbers, -1)
    out = [f'\x1bP9;1;0q"1;1;{width};{height}']
    for number in np.unique(rows).tolist():
        if number >= 0:
            percent = ";".join(str(round(part * 100 / 255)) for part in colours[number])
            out.append(f"#{number};2;{percent}")
    bits = (1 << np.arange(BAND)).astype(np.uint8)[:, None]
    for top in range(0, len(rows), BAND):
        band = rows[top : top + BAND]
        lines = [
            f"#{number}{_run_lengths(((band == number) * bits).sum(0, dtype=np.uint8) + FIRST)}"
            for number in np.unique(band).tolist()
            if number >= 0
        ]
        out += ["$".join(lines), "-"]
    return "".join([*out, "\x1b\\"])


def _run_lengths(row: np.ndarray[Any, Any]) -> str:
    """A row of characters, what is repeated as `!7~`, without the empty ones at its end."""
    import numpy as np

    starts = np.concatenate(([0], np.flatnonzero(np.diff(row)) + 1))
    lengths = np.diff(np.concatenate((starts, [len(row)]))).tolist()
    codes = row[starts].tolist()
    if codes[-1] == FIRST:
        codes.pop()
    return "".join(
        chr(code) * length if length < 4 else f"!{length}{chr(code)}"
        for code, length in zip(codes, lengths, strict=False)
    )


def _size(body: bytes) -> tuple[int, int]:
    """(width, height) of what is declared and of what is drawn. Raises: SixelFailed beyond the limits."""
    x = y = width = drawn = declared = painted = 0
    for found in _TOKEN.finditer(body):
        run, count, _, _, back, down, raster = found.groups()
        if run is not None:
            x += len(run)
            drawn = y + BAND
            painted += len(run)
        elif count is not None:
            times = _number(count) or 1
            x += times
            drawn = y + BAND
            painted += times if found[3] != b"?" else 0
        elif back:
            x = 0
        elif down:
            x, y = 0, y + BAND
        elif raster is not None:
            sizes = [_number(word) for word in raster.split(b";")[2:4]] + [0, 0]
            width, declared = max(width, sizes[0]), max(declared, sizes[1])
        width = max(width, x)
        if not _within(max(width, 1), max(drawn, declared, 1)):
            raise SixelFailed("SIXEL image dimensions exceed the decode limit")
        if painted > MOST_PAINTED:
            raise SixelFailed("SIXEL data paints more often than the decode limit allows")
    if not width and not declared:
        raise SixelFailed("SIXEL data holds no picture")
    if declared > drawn - BAND:
        drawn = declared  # the last band goes below the picture that is declared
    return max(width, 1), max(drawn, 1)


def _painted(body: bytes, width: int, height: int, *, transparent: bool) -> np.ndarray[Any, Any]:
    import numpy as np

    canvas = np.zeros((-(-height // BAND) * BAND, width, 4), np.uint8)
    if not transparent:
        canvas[:, :, 3] = 255
    packed = canvas.view(np.uint32)[:, :, 0]
    palette = {number: _packed(*map(int, word.split())) for number, word in enumerate(_VT340.split(","))}
    colour, x, y, gathered = palette[0], 0, 0, 0
    band: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])  # columns, repeats, bits, colours
    for found in _TOKEN.finditer(body):
        run, count, one, definition, back, down, _ = found.groups()
        if run is not None:
            band[0].extend(range(x, x + len(run)))
            band[1].extend([1] * len(run))
            band[2].extend(run)
            band[3].extend([colour] * len(run))
            gathered += len(run)
            x += len(run)
        elif one is not None:
            times = _number(count) or 1
            if one != b"?":
                for values, value in zip(band, (x, times, one[0], colour), strict=True):
                    values.append(value)
                gathered += times
            x += times
        elif definition is not None:
            colour = _coloured(palette, [_number(word) for word in definition.split(b";")])
        elif back:
            x = 0
        elif down:
            _paint(packed, y, band)
            x, y = 0, y + BAND
        if gathered > 500_000:
            _paint(packed, y, band)
            gathered = 0
    _paint(packed, y, band)
    return canvas[:height]


def _paint(packed: np.ndarray[Any, Any], y: int, band: tuple[list[int], list[int], list[int], list[int]]) -> None:
    """Put what was gathered for the band at `y` on the canvas, in its order; empty it."""
    import numpy as np

    if not band[0]:
        return
    columns, repeats, codes, colours = (np.array(values, np.uint32).astype(np.int64) for values in band)
    for values in band:
        values.clear()
    ends = np.cumsum(repeats)
    at = np.repeat(columns - (ends - repeats), repeats) + np.arange(ends[-1])
    bits, painted = np.repeat(codes - FIRST, repeats), np.repeat(colours, repeats).astype(np.uint32)
    for row in range(BAND):
        chosen = (bits >> row & 1).astype(bool)
        if y + row < len(packed):
            packed[y + row][at[chosen]] = painted[chosen]


def _coloured(palette: dict[int, int], words: list[int]) -> int:
    """Define a colour if it is more than chosen; the colour, packed."""
    if len(words) >= 5 and words[1] == 2:
        palette[words[0]] = _packed(*words[2:5])
    elif len(words) >= 5 and words[1] == 1:
        from colorsys import hls_to_rgb

        hue, light, saturation = ((words[2] + 240) % 360) / 360, min(words[3], 100) / 100, min(words[4], 100) / 100
        palette[words[0]] = _packed(*(part * 100 for part in hls_to_rgb(hue, light, saturation)))  # DEC's 0 is blue
    return palette.get(words[0], palette[0])


def _packed(red: float, green: float, blue: float) -> int:
    """Opaque, from percents, as a canvas holds it."""
    import sys

    parts = bytes([*(round(min(part, 100) * 255 / 100) for part in (red, green, blue)), 255])
    return int.from_bytes(parts, sys.byteorder)


def _number(digits: bytes) -> int:
    """0 for none; more digits than a size can have are one that is too large."""
    return int(digits[:9] or 0)


def _within(width: int, height: int) -> bool:
    return max(width, height) <= LONGEST_EDGE and width * height <= MOST_PIXELS
