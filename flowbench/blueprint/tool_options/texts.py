"""Options of the tools for texts, as terminals and language models count them, and for keys."""

from __future__ import annotations

from flowbench.blueprint.tool_options.base import Timed, ToolOptions


class CountTokens(Timed, frozen=True):
    """Counts the tokens that a language model makes of a text, or estimates them and says so. text: the text.
    encoding: of tiktoken. timeout_ms: milliseconds that it may take.
    """

    tool = "count_tokens"
    principal, needed = "text", ("text",)
    text: str | None = None
    encoding: str | None = None


class VisibleWidth(ToolOptions, frozen=True):
    """Counts the cells that a text takes on a terminal. text: with or without escapes. tab_width: cells of a tab."""

    tool = "visible_width"
    principal, needed = "text", ("text",)
    text: str | None = None
    tab_width: int | None = None


class TruncateToWidth(ToolOptions, frozen=True):
    """Cuts a text to so many cells. text: one line. max_width: cells. ellipsis: 0 for …, 1 for three dots, 2 for none.
    pad: fill up with spaces. tab_width: cells of a tab.
    """

    tool = "truncate_to_width"
    principal, needed = "text", ("text", "max_width")
    text: str | None = None
    max_width: int | None = None
    ellipsis: int | None = None
    pad: bool | None = None
    tab_width: int | None = None


class SliceWithWidth(ToolOptions, frozen=True):
    """Takes a part of a line by its cells. line: the text. start: first cell. length: cells. strict: leave out a wide
    character that would reach over the end. tab_width: cells of a tab.
    """

    tool = "slice_with_width"
    principal, needed = "line", ("line", "start", "length")
    line: str | None = None
    start: int | None = None
    length: int | None = None
    strict: bool | None = None
    tab_width: int | None = None


class ExtractSegments(ToolOptions, frozen=True):
    """Takes the part of a line before a place and the part after another one, for what is drawn between. line: the
    text. before_end: cell where the first part ends. after_start: cell where the second part begins. after_length:
    cells of it. strict_after: leave out a wide character that would reach over its end. tab_width: cells of a tab.
    """

    tool = "extract_segments"
    principal, needed = "line", ("line", "before_end", "after_start", "after_length")
    line: str | None = None
    before_end: int | None = None
    after_start: int | None = None
    after_length: int | None = None
    strict_after: bool | None = None
    tab_width: int | None = None


class WrapText(ToolOptions, frozen=True):
    """Breaks a text into lines of so many cells, with colours kept. text: the text. width: cells of a line. tab_width:
    cells of a tab.
    """

    tool = "wrap_text_with_ansi"
    principal, needed = "text", ("text", "width")
    text: str | None = None
    width: int | None = None
    tab_width: int | None = None


class ParseKey(ToolOptions, frozen=True):
    """Names the key that a terminal has sent. data: the bytes, as text. kitty_active: it speaks Kitty's protocol."""

    tool = "parse_key"
    principal, needed = "data", ("data",)
    data: str | None = None
    kitty_active: bool | None = None
