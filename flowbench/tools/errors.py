"""Errors of tools: what a search, an edit, a shell or a terminal could not do, and what to do about it."""

from __future__ import annotations

from flowbench.errors import FlowbenchError


class ToolError(FlowbenchError):
    """A native tool did not do what was asked. Each kind of failure has a subclass with the facts it is built from."""

    code = "tool"


class PathMissing(ToolError):
    """path: as it was given. why: the system's words."""

    code = "path_missing"

    def __init__(self, path: str, why: str = "No such file or directory") -> None:
        super().__init__(f"Path not found: {path}: {why}")
        self.path, self.why = path, why


class NoDirectory(ToolError):
    """path: as it was given; something else than a directory is there."""

    code = "no_directory"

    def __init__(self, path: str) -> None:
        super().__init__(f"Search path must be a directory: {path}")
        self.path = path


class BadGlob(ToolError):
    """pattern: as it is read, with what was added to it. why: what is wrong with it, and where."""

    code = "bad_glob"

    def __init__(self, pattern: str, why: str) -> None:
        super().__init__(f"Invalid glob pattern: error parsing glob '{pattern}': {why}")
        self.pattern, self.why = pattern, why


class ConversionFailed(ToolError):
    """A page did not become Markdown. why: the library's words."""

    code = "conversion_failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"Conversion error: {why}")
        self.why = why


class BadRegex(ToolError):
    """pattern: as it was given. why: the words of the engine that has refused it, even as plain text."""

    code = "bad_regex"

    def __init__(self, pattern: str, why: str) -> None:
        super().__init__(f"Regex error: {pattern!r}: {why}")
        self.pattern, self.why = pattern, why


class SearchFailed(ToolError):
    """why: what the last engine that could run has said."""

    code = "search_failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"Search failed: {why}")
        self.why = why


class NotStreamed(ToolError):
    """A page was asked for of matches that come in no order."""

    code = "not_streamed"

    def __init__(self) -> None:
        super().__init__("Streaming grep (onMatches) does not support maxCount or offset")


class PtyError(ToolError):
    """A terminal session did not do what was asked."""

    code = "pty"


class PtyFailed(PtyError):
    """what: which step of it. why: the system's words, and what to do."""

    code = "pty_failed"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why = what, why


class PtyNotRunning(PtyError):
    """It was not started, or has ended."""

    code = "pty_not_running"

    def __init__(self) -> None:
        super().__init__("PTY session is not running")


class PtyAlreadyRunning(PtyError):
    """One session runs one program at a time."""

    code = "pty_already_running"

    def __init__(self) -> None:
        super().__init__("PTY session already running")


class PtyGone(PtyError):
    """Its program has ended; the call that has started it has not returned yet."""

    code = "pty_gone"

    def __init__(self) -> None:
        super().__init__("PTY session is no longer available")


class ShellFailed(ToolError):
    """A shell did not come to the point of carrying out the command, or was lost on the way; its session is gone.

    what: which step of it. why: the system's words, or what to do.
    """

    code = "shell_failed"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")
        self.what, self.why = what, why


class SixelFailed(ToolError):
    """A picture did not become a sequence of a terminal, or the other way round. Built from its text."""

    code = "sixel_failed"


class ClipboardFailed(ToolError):
    """The clipboard was not reached, or what it holds not read. Built from its text."""

    code = "clipboard_failed"


class NotSearchable(ToolError):
    """path: as it was given; there is neither a file nor a directory, but a pipe, a socket or a device."""

    code = "not_searchable"

    def __init__(self, path: str) -> None:
        super().__init__(f"Search path must be a file or directory: {path}")
        self.path = path


class AstError(ToolError):
    """A structural search or edit cannot be carried out; the text says why."""

    code = "ast"


class UnsupportedLanguage(AstError):
    """language: as it was given. known: every name there is."""

    code = "unsupported_language"

    def __init__(self, language: str, known: list[str]) -> None:
        super().__init__(f"Unsupported language '{language}'. Supported: {', '.join(known)}")
        self.language, self.known = language, known


class OverlappingReplacements(AstError):
    """Two replacements want the same piece of a file; nothing was written. path: of the file."""

    code = "overlapping_replacements"

    def __init__(self, path: str) -> None:
        super().__init__("Overlapping replacements detected; refine pattern to avoid ambiguous edits")
        self.path = path
        self.add_note(f"in {path}")


class NotWritten(AstError):
    """A file was not written; those before it were. path: of the file. why: the system's words. written: those."""

    code = "not_written"

    def __init__(self, path: str, why: str, written: list[str]) -> None:
        super().__init__(f"Failed to write {path}: {why}")
        self.path, self.why, self.written = path, why, written
