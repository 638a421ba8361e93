"""Tool options: what the spec of an agent of kind `tool` may say, one struct per tool; their defaults are the tools'.

A field that is not said is left to the tool. The tools themselves are a room beside this one: a test holds the two
together.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec


class ToolOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base. tool: its name. principal: the option that takes a step's input which is no object; "" for none. needed:
    options without which it cannot begin. danger: what it does that a file has to be trusted for; "" for a tool that
    only reads. safe: options that take the danger away, as long as they say just this.
    """

    tool: ClassVar[str] = ""
    principal: ClassVar[str] = ""
    needed: ClassVar[tuple[str, ...]] = ()
    danger: ClassVar[str] = ""
    safe: ClassVar[dict[str, Any]] = {}


class Timed(ToolOptions, frozen=True):
    """timeout_ms: milliseconds that it may take."""

    timeout_ms: float | None = None


class ProcessList(ToolOptions, frozen=True):
    """Lists processes of this machine with their arguments. pid: this one and all below it; by default flowbench's own.
    path: those that run this program, by its file.
    """

    tool, principal = "process_list", "pid"
    pid: int | None = None
    path: str | None = None


class ProcessTerminate(Timed, frozen=True):
    """Ends a process and all below it, and says whether they are gone. pid: which. born: the moment of its birth, as
    process_list tells it: another process of that id is left alone. group: its process group, too. graceful_ms:
    milliseconds before it is killed. timeout_ms: milliseconds that are waited after that.
    """

    tool, principal, needed, danger = "process_terminate", "pid", ("pid",), "ends processes"
    pid: int | None = None
    born: float | None = None
    group: bool | None = None
    graceful_ms: float | None = None


class HtmlToMarkdown(Timed, frozen=True):
    """Turns an HTML page into Markdown. html: the page. clean_content: leave out navigation, forms and footers.
    skip_images: leave out images. timeout_ms: milliseconds that it may take.
    """

    tool = "html_to_markdown"
    principal, needed = "html", ("html",)
    html: str | None = None
    clean_content: bool | None = None
    skip_images: bool | None = None


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


class ShellCommand(Timed, frozen=True):
    """Runs a command in a shell and answers with its exit code and output. command: for bash, or sh where there is
    none. cwd: its folder. env: added to the environment. session_env: added to that of the session. snapshot_path: a
    script that the session begins with. ok_from: "exit" (code 0 is a success), a list of exit codes, or "any".
    timeout_ms: milliseconds that it may take.
    """

    tool = "shell"
    principal, needed, danger = "command", ("command",), "runs a command in a shell"
    command: str | None = None
    cwd: str | None = None
    env: dict[str, str] | None = None
    session_env: dict[str, str] | None = None
    snapshot_path: str | None = None
    ok_from: Literal["exit", "any"] | tuple[int, ...] | None = None


class Pty(Timed, frozen=True):
    """Runs a command on a terminal and answers with its exit code and output. command: for the shell. shell: that
    reads it. cwd: its folder. env: added to the environment. cols: of the terminal. rows: of the terminal.
    ok_from: "exit" (code 0 is a success), a list of exit codes, or "any". timeout_ms: milliseconds that it may take.
    """

    tool = "pty"
    principal, needed, danger = "command", ("command",), "runs a command on a terminal"
    command: str | None = None
    shell: str | None = None
    cwd: str | None = None
    env: dict[str, str] | None = None
    cols: int | None = None
    rows: int | None = None
    ok_from: Literal["exit", "any"] | tuple[int, ...] | None = None


class EncodeSixel(ToolOptions, frozen=True):
    """Turns a picture into the SIXEL sequence that terminals draw. path: of a PNG, JPEG, WebP or GIF. data: the picture
    itself, in base64. width: pixels. height: pixels.
    """

    tool = "encode_sixel"
    principal, needed = "path", ("width", "height")
    path: str | None = None
    data: bytes | None = None
    width: int | None = None
    height: int | None = None


class DecodeSixel(ToolOptions, frozen=True):
    """Turns a SIXEL sequence into a PNG, in base64. data: the sequence. path: of a file with it."""

    tool = "decode_sixel"
    principal = "data"
    data: str | None = None
    path: str | None = None


class ReadImage(Timed, frozen=True):
    """Takes the picture that the clipboard holds, as a PNG in base64, or null. timeout_ms: milliseconds that it may
    take.
    """

    tool, danger = "read_image_from_clipboard", "reads the clipboard"


class CopyText(ToolOptions, frozen=True):
    """Puts a text into the clipboard. text: the text."""

    tool, principal, needed, danger = "copy_to_clipboard", "text", ("text",), "replaces what the clipboard holds"
    text: str | None = None


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


class WrapText(ToolOptions, frozen=True):
    """Breaks a text into lines of so many cells, with colours kept. text: the text. width: cells of a line. tab_width:
    cells of a tab.
    """

    tool = "wrap_text_with_ansi"
    principal, needed = "text", ("text", "width")
    text: str | None = None
    width: int | None = None
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


class CountTokens(Timed, frozen=True):
    """Counts the tokens that a language model makes of a text, or estimates them and says so. text: the text.
    encoding: of tiktoken. timeout_ms: milliseconds that it may take.
    """

    tool = "count_tokens"
    principal, needed = "text", ("text",)
    text: str | None = None
    encoding: str | None = None


class ParseKey(ToolOptions, frozen=True):
    """Names the key that a terminal has sent. data: the bytes, as text. kitty_active: it speaks Kitty's protocol."""

    tool = "parse_key"
    principal, needed = "data", ("data",)
    data: str | None = None
    kitty_active: bool | None = None


ALL: tuple[type[ToolOptions], ...] = (
    Glob,
    FuzzyFind,
    ShellCommand,
    Pty,
    ProcessList,
    ProcessTerminate,
    HtmlToMarkdown,
    EncodeSixel,
    DecodeSixel,
    ReadImage,
    CopyText,
    CountTokens,
    VisibleWidth,
    TruncateToWidth,
    SliceWithWidth,
    ExtractSegments,
    WrapText,
    ParseKey,
)
"""In the order in which they are listed."""

TOOLS: dict[str, type[ToolOptions]] = {each.tool: each for each in ALL}
"""By the name that `spec.tool` gives."""
