"""Tools: search, edit, shell, terminal and text; each can be aborted, and each can be a step of a Blueprint.

The names here block; those of `flowbench.tools.aio` are the same ones, to be awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.tools import aio
    from flowbench.tools.catalog import CATALOG, Tool
    from flowbench.tools.clipboard import copy_to_clipboard, read_image_from_clipboard
    from flowbench.tools.errors import (
        AstError,
        BadGlob,
        BadRegex,
        ClipboardFailed,
        ConversionFailed,
        NoDirectory,
        NotSearchable,
        NotStreamed,
        NotWritten,
        OverlappingReplacements,
        PathMissing,
        PtyAlreadyRunning,
        PtyError,
        PtyFailed,
        PtyGone,
        PtyNotRunning,
        SearchFailed,
        ShellFailed,
        SixelFailed,
        ToolError,
        UnsupportedLanguage,
    )
    from flowbench.tools.files.finding import FuzzyMatch, FuzzyResult, fuzzy_find
    from flowbench.tools.files.globbing import GlobMatch, GlobResult, glob
    from flowbench.tools.files.scans import invalidate_fs_scan_cache
    from flowbench.tools.files.walking import FileType
    from flowbench.tools.html import html_to_markdown
    from flowbench.tools.keys import (
        KittySequence,
        matches_key,
        matches_kitty_sequence,
        matches_legacy_sequence,
        parse_key,
        parse_kitty_sequence,
    )
    from flowbench.tools.minimizing.registry import register_minimizer
    from flowbench.tools.minimizing.result import Minimized, MinimizerOptions
    from flowbench.tools.pictures import Picture
    from flowbench.tools.profile import get_work_profile
    from flowbench.tools.ps import Process, ProcessStatus
    from flowbench.tools.pty_life import PtyResult
    from flowbench.tools.pty_session import PtySession, PtyTerms
    from flowbench.tools.searching.grepping import grep
    from flowbench.tools.searching.hits import ContextLine, GrepMatch, GrepResult, SearchResult
    from flowbench.tools.searching.in_text import has_match, search
    from flowbench.tools.shells.blocking import Shell, ShellStream, execute_shell
    from flowbench.tools.shells.result import ShellResult
    from flowbench.tools.sixel import decode_sixel, decode_sixel_to_png, encode_sixel
    from flowbench.tools.syntax.editing import AstChange, AstEditResult, AstFileChange, ast_edit
    from flowbench.tools.syntax.searching import AstGrepResult, AstMatch, AstMatchResult, ast_grep, ast_match
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
    from flowbench.tools.tokens import TokenCount, count_tokens

__all__ = [
    "CATALOG",
    "AstChange",
    "AstEditResult",
    "AstError",
    "AstFileChange",
    "AstGrepResult",
    "AstMatch",
    "AstMatchResult",
    "BadGlob",
    "BadRegex",
    "ClipboardFailed",
    "ContextLine",
    "ConversionFailed",
    "EllipsisKind",
    "FileType",
    "FuzzyMatch",
    "FuzzyResult",
    "GlobMatch",
    "GlobResult",
    "GrepMatch",
    "GrepResult",
    "KittySequence",
    "Minimized",
    "MinimizerOptions",
    "NoDirectory",
    "NotSearchable",
    "NotStreamed",
    "NotWritten",
    "OverlappingReplacements",
    "PathMissing",
    "Picture",
    "Process",
    "ProcessStatus",
    "PtyAlreadyRunning",
    "PtyError",
    "PtyFailed",
    "PtyGone",
    "PtyNotRunning",
    "PtyResult",
    "PtySession",
    "PtyTerms",
    "SearchFailed",
    "SearchResult",
    "Segments",
    "Shell",
    "ShellFailed",
    "ShellResult",
    "ShellStream",
    "SixelFailed",
    "Slice",
    "TokenCount",
    "Tool",
    "ToolError",
    "UnsupportedLanguage",
    "WorkProfile",
    "aio",
    "ast_edit",
    "ast_grep",
    "ast_match",
    "copy_to_clipboard",
    "count_tokens",
    "decode_sixel",
    "decode_sixel_to_png",
    "encode_sixel",
    "execute_shell",
    "extract_segments",
    "fuzzy_find",
    "get_work_profile",
    "glob",
    "grep",
    "has_match",
    "html_to_markdown",
    "invalidate_fs_scan_cache",
    "matches_key",
    "matches_kitty_sequence",
    "matches_legacy_sequence",
    "parse_key",
    "parse_kitty_sequence",
    "read_image_from_clipboard",
    "register_minimizer",
    "search",
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
        "aio": (),
        "catalog": ("CATALOG", "Tool"),
        "clipboard": ("copy_to_clipboard", "read_image_from_clipboard"),
        "errors": (
            "AstError",
            "BadGlob",
            "BadRegex",
            "ClipboardFailed",
            "ConversionFailed",
            "NoDirectory",
            "NotSearchable",
            "NotStreamed",
            "NotWritten",
            "OverlappingReplacements",
            "PathMissing",
            "PtyAlreadyRunning",
            "PtyError",
            "PtyFailed",
            "PtyGone",
            "PtyNotRunning",
            "SearchFailed",
            "ShellFailed",
            "SixelFailed",
            "ToolError",
            "UnsupportedLanguage",
        ),
        "files.finding": ("FuzzyMatch", "FuzzyResult", "fuzzy_find"),
        "files.globbing": ("GlobMatch", "GlobResult", "glob"),
        "files.scans": ("invalidate_fs_scan_cache",),
        "files.walking": ("FileType",),
        "html": ("html_to_markdown",),
        "keys.kitty": ("KittySequence", "matches_kitty_sequence", "parse_kitty_sequence"),
        "keys.legacy": ("matches_legacy_sequence",),
        "keys.matching": ("matches_key",),
        "keys.reading": ("parse_key",),
        "minimizing.registry": ("register_minimizer",),
        "minimizing.result": ("Minimized", "MinimizerOptions"),
        "pictures": ("Picture",),
        "profile": ("WorkProfile", "get_work_profile"),
        "ps": ("Process", "ProcessStatus"),
        "pty_life": ("PtyResult",),
        "pty_session": ("PtySession", "PtyTerms"),
        "searching.grepping": ("grep",),
        "searching.hits": ("ContextLine", "GrepMatch", "GrepResult", "SearchResult"),
        "searching.in_text": ("has_match", "search"),
        "shells.blocking": ("Shell", "ShellStream", "execute_shell"),
        "shells.result": ("ShellResult",),
        "sixel": ("decode_sixel", "decode_sixel_to_png", "encode_sixel"),
        "syntax.editing": ("AstChange", "AstEditResult", "AstFileChange", "ast_edit"),
        "syntax.searching": ("AstGrepResult", "AstMatch", "AstMatchResult", "ast_grep", "ast_match"),
        "text.cells": ("set_hangul_compat_jamo_width_override", "visible_width"),
        "text.cutting": (
            "EllipsisKind",
            "Segments",
            "Slice",
            "extract_segments",
            "slice_with_width",
            "truncate_to_width",
        ),
        "text.wrapping": ("wrap_text_with_ansi",),
        "tokens": ("TokenCount", "count_tokens"),
    },
)
