"""Tool options: what may be said of each tool in a Blueprint, one struct per tool.

A field that is not said is left to the tool. The tools themselves are a room beside this one: a test holds the two
together.
"""

from __future__ import annotations

from flowbench.blueprint.tool_options import commands, pictures, search, texts
from flowbench.blueprint.tool_options.base import ToolOptions

__all__ = ["TOOLS", "ToolOptions"]

ALL: tuple[type[ToolOptions], ...] = (
    search.Grep,
    search.Search,
    search.HasMatch,
    search.Glob,
    search.FuzzyFind,
    search.AstGrep,
    search.AstMatch,
    search.AstEdit,
    commands.ShellCommand,
    commands.Pty,
    commands.ProcessList,
    commands.ProcessTerminate,
    pictures.HtmlToMarkdown,
    pictures.EncodeSixel,
    pictures.DecodeSixel,
    pictures.ReadImage,
    pictures.CopyText,
    texts.CountTokens,
    texts.VisibleWidth,
    texts.TruncateToWidth,
    texts.SliceWithWidth,
    texts.ExtractSegments,
    texts.WrapText,
    texts.ParseKey,
)
"""In the order in which they are listed."""

TOOLS: dict[str, type[ToolOptions]] = {each.tool: each for each in ALL}
"""By the name that `spec.tool` gives."""
