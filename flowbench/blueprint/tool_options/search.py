"""Options of the tools that search files, texts and code, and rewrite code."""

from __future__ import annotations

from typing import Literal

from flowbench.blueprint.tool_options.base import Timed, ToolOptions


class Grep(Timed, frozen=True):
    """Finds lines in files by a regular expression. pattern: what to find. path: a file, or the folder to look in, by
    default the working directory. glob: *.py at any depth, src/**. type: py, ts, rust, or an extension. ignore_case:
    any case will do. multiline: a match may span lines. hidden: names with a dot, too, which is the default. gitignore:
    leave out what is ignored, which is the default. recursive: look in folders below, which is the default. max_count:
    matches to tell. offset: matches to pass over first. context: lines before and after each. context_before: lines
    before. context_after: lines after. max_columns: bytes of a line. max_count_per_file: matches of one file. mode:
    content, count, or files_with_matches. timeout_ms: milliseconds that it may take.
    """

    tool, principal, needed = "grep", "pattern", ("pattern",)
    pattern: str | None = None
    path: str | None = None
    glob: str | None = None
    type: str | None = None
    ignore_case: bool | None = None
    multiline: bool | None = None
    hidden: bool | None = None
    gitignore: bool | None = None
    recursive: bool | None = None
    max_count: int | None = None
    offset: int | None = None
    context: int | None = None
    context_before: int | None = None
    context_after: int | None = None
    max_columns: int | None = None
    max_count_per_file: int | None = None
    mode: Literal["content", "count", "files_with_matches"] | None = None


class Search(ToolOptions, frozen=True):
    """Finds lines in a text by a regular expression. content: the text. pattern: what to find. ignore_case: any case
    will do. multiline: a match may span lines. max_count: matches to tell. offset: matches to pass over first. context:
    lines before and after each. context_before: lines before. context_after: lines after. max_columns: bytes of a line.
    mode: content, count, or files_with_matches.
    """

    tool, principal, needed = "search", "content", ("content", "pattern")
    content: str | None = None
    pattern: str | None = None
    ignore_case: bool | None = None
    multiline: bool | None = None
    max_count: int | None = None
    offset: int | None = None
    context: int | None = None
    context_before: int | None = None
    context_after: int | None = None
    max_columns: int | None = None
    mode: Literal["content", "count", "files_with_matches"] | None = None


class HasMatch(ToolOptions, frozen=True):
    """Says whether a regular expression is found in a text. content: the text. pattern: what to find. ignore_case: any
    case will do. multiline: a match may span lines.
    """

    tool, principal, needed = "has_match", "content", ("content", "pattern")
    content: str | None = None
    pattern: str | None = None
    ignore_case: bool | None = None
    multiline: bool | None = None


class Glob(Timed, frozen=True):
    """Finds files and folders by a pattern. pattern: *.py at any depth, src/**/test_*.{py,pyi}. path: the folder to
    look in, by default the working directory. file_type: only file, dir or symlink (1, 2, 3). recursive: false takes
    *.py for the folder alone. hidden: names with a dot, too. max_results: the first so many. gitignore: leave out what
    is ignored. cache: a listing of less than a second ago will do. sort_by_mtime: newest first. include_node_modules:
    look there, too. timeout_ms: milliseconds that it may take.
    """

    tool, principal = "glob", "pattern"
    pattern: str | None = None
    path: str | None = None
    file_type: Literal["file", "dir", "symlink"] | int | None = None
    recursive: bool | None = None
    hidden: bool | None = None
    max_results: int | None = None
    gitignore: bool | None = None
    cache: bool | None = None
    sort_by_mtime: bool | None = None
    include_node_modules: bool | None = None


class FuzzyFind(Timed, frozen=True):
    """Finds files and folders by a few letters of their names, best first. query: the letters. path: the folder to look
    in, by default the working directory. hidden: names with a dot, too. gitignore: leave out what is ignored. cache: a
    listing of less than a second ago will do. max_results: the best so many. timeout_ms: milliseconds that it may take.
    """

    tool, principal, needed = "fuzzy_find", "query", ("query",)
    query: str | None = None
    path: str | None = None
    hidden: bool | None = None
    gitignore: bool | None = None
    cache: bool | None = None
    max_results: int | None = None


class Shaped(Timed, frozen=True):
    """What the structural tools share."""

    lang: str | None = None
    selector: str | None = None
    strictness: Literal["cst", "smart", "ast", "relaxed", "signature", "template"] | None = None


class AstGrep(Shaped, frozen=True):
    """Finds code by its shape. patterns: code, with $NAME for one node and $$$NAME for several; one, or a list of which
    any will do. path: a file, or the folder to look in, by default the working directory. lang: of all files, by
    default as their names say. glob: *.py for the folder itself, **/*.py for all. selector: the kind of node that is
    meant. strictness: how exactly. limit: matches to tell. offset: matches to pass over first. include_meta: what the
    names stand for. timeout_ms: milliseconds that it may take.
    """

    tool, principal, needed = "ast_grep", "patterns", ("patterns",)
    patterns: str | tuple[str, ...] | None = None
    path: str | None = None
    glob: str | None = None
    limit: int | None = None
    offset: int | None = None
    include_meta: bool | None = None


class AstMatch(Shaped, frozen=True):
    """Finds code by its shape in a text. source: the text. patterns: as of ast_grep. lang: the language of the text.
    selector: the kind of node that is meant. strictness: how exactly. limit: matches to tell. offset: matches to pass
    over first. include_meta: what the names stand for. timeout_ms: milliseconds that it may take.
    """

    tool, principal, needed = "ast_match", "source", ("source", "patterns", "lang")
    source: str | None = None
    patterns: str | tuple[str, ...] | None = None
    limit: int | None = None
    offset: int | None = None
    include_meta: bool | None = None


class AstEdit(Shaped, frozen=True):
    """Rewrites code by its shape, or tells what it would rewrite. rewrites: pattern to template, with $NAME in both.
    path: a file, or the folder to look in, by default the working directory. lang: of all files, by default as their
    names say. glob: *.py for the folder itself, **/*.py for all. selector: the kind of node that is meant. strictness:
    how exactly. dry_run: only tell, which is the default. max_replacements: at most so many. max_files: in at most so
    many. fail_on_parse_error: refuse files that are no code as a whole. timeout_ms: milliseconds that it may take.
    """

    tool, principal, needed = "ast_edit", "path", ("rewrites",)
    danger, safe = "writes files, unless its spec says dry_run: true", {"dry_run": True}
    rewrites: dict[str, str] | None = None
    path: str | None = None
    glob: str | None = None
    dry_run: bool | None = None
    max_replacements: int | None = None
    max_files: int | None = None
    fail_on_parse_error: bool | None = None
