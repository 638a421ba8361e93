"""Pictures: images in memory. The one file that knows Pillow; arrays are of numpy, uint8, rows first."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 64 * 1024 * 1024  # of a picture that is read: 256 MB of memory
COLOURS = 256


class Picture(msgspec.Struct, frozen=True):
    """A picture as a PNG file. width, height: pixels."""

    data: bytes
    width: int
    height: int
    mime_type: str = "image/png"

    def __repr__(self) -> str:
        return f"Picture({self.width} x {self.height}, {len(self.data):,} bytes of {self.mime_type})"


class Undetected(Exception):
    """These bytes are no picture of a kind that is read."""


def pixels(data: bytes, width: int, height: int) -> np.ndarray[Any, Any]:
    """A PNG, JPEG, WebP or GIF (its first frame) as rows of RGBA, stretched to exactly this size.

    Raises: Undetected; OSError and others for a picture that is broken.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise Undetected("the image format could not be determined; PNG, JPEG, WebP and GIF are read") from None
    with opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise OSError(f"{opened.width} x {opened.height} pixels are more than {MOST_PIXELS:,}")
        image = opened.convert("RGBA")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def indexed(rgba: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], list[tuple[int, int, int]]]:
    """Rows of numbers of colours, and the colours, at most 256: those of the picture if it has no more."""
    import numpy as np
    from PIL import Image

    wide = rgba.astype(np.uint32)
    packed = wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2]
    colours, numbers = np.unique(packed, return_inverse=True)
    if len(colours) <= COLOURS:
        exact = [(int(colour) >> 16, int(colour) >> 8 & 255, int(colour) & 255) for colour in colours]
        return numbers.reshape(packed.shape), exact
    image = Image.fromarray(rgba[:, :, :3].copy()).quantize(COLOURS, dither=Image.Dither.NONE)
    flat = image.getpalette() or []
    return np.asarray(image), list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def png(rgba: np.ndarray[Any, Any]) -> Picture:
    """Rows of RGBA as a PNG file."""
    from PIL import Image

    return _saved(Image.fromarray(rgba))


def as_png(data: bytes) -> Picture:
    """Any picture that Pillow reads, as a PNG file. Raises: OSError and others for what is none."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        return _saved(opened if opened.mode in ("RGB", "RGBA", "L") else opened.convert("RGBA"))


def grabbed() -> Picture | None:
    """The picture of this system's clipboard, where Pillow reaches it itself (macOS, Windows); None for none."""
    from PIL import Image, ImageGrab

    found = ImageGrab.grabclipboard()
    return _saved(found) if isinstance(found, Image.Image) else None


def _saved(image: Any) -> Picture:
    out = io.BytesIO()
    image.save(out, "PNG")
    return Picture(out.getvalue(), image.width, image.height)
