"""Tools: search, edit, shell, terminal and text; each can be aborted, and each can be a step of a Blueprint.

The names here block; those of `flowbench.tools.aio` are the same ones, to be awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.tools.errors import BadGlob, PathMissing, ToolError
    from flowbench.tools.text import (
        EllipsisKind,
        Segments,
        Slice,
        extract_segments,
        set_hangul_compat_jamo_width_override,
        slice_with_width,
        truncate_to_width,
        visible_width,
        wrap_text_with_ansi,
    )

__all__ = [
    "BadGlob",
    "EllipsisKind",
    "PathMissing",
    "Segments",
    "Slice",
    "ToolError",
    "extract_segments",
    "set_hangul_compat_jamo_width_override",
    "slice_with_width",
    "truncate_to_width",
    "visible_width",
    "wrap_text_with_ansi",
]

# Loaded when first used: each tool brings a library of its own.
__getattr__ = front(
    "flowbench.tools",
    {
        "errors": ("BadGlob", "PathMissing", "ToolError"),
        "text.cells": ("set_hangul_compat_jamo_width_override", "visible_width"),
        "text.cutting": (
            "EllipsisKind", "Segments", "Slice", "extract_segments", "slice_with_width", "truncate_to_width",
        ),
        "text.wrapping": ("wrap_text_with_ansi",),
    },
)  # fmt: skip
