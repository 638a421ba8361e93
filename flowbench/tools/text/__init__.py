"""Text: how wide it is on a terminal; to cut and wrap it by cells, with its colours and links whole."""

from __future__ import annotations

from flowbench.tools.text.cells import set_hangul_compat_jamo_width_override, visible_width
from flowbench.tools.text.cutting import (
    EllipsisKind,
    Segments,
    Slice,
    extract_segments,
    slice_with_width,
    truncate_to_width,
)
from flowbench.tools.text.wrapping import wrap_text_with_ansi

__all__ = [
    "EllipsisKind",
    "Segments",
    "Slice",
    "extract_segments",
    "set_hangul_compat_jamo_width_override",
    "slice_with_width",
    "truncate_to_width",
    "visible_width",
    "wrap_text_with_ansi",
]
