"""Tools: search, edit, shell, terminal and text; each can be aborted, and each can be a step of a Blueprint.

The names here block; those of `flowbench.tools.aio` are the same ones, to be awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.tools.errors import BadGlob, PathMissing, ToolError

__all__ = ["BadGlob", "PathMissing", "ToolError"]

# Loaded when first used: each tool brings a library of its own.
__getattr__ = front("flowbench.tools", {"errors": ("BadGlob", "PathMissing", "ToolError")})
