"""The tools, to be awaited: the names of `flowbench.tools` with the same arguments."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowbench.tools.awaiting import awaited

if TYPE_CHECKING:
    from flowbench import tools
    from flowbench.tools.files.globbing import stream_glob as stream_glob
    from flowbench.tools.ps_awaited import Process as Process
    from flowbench.tools.pty_awaited import PtySession as PtySession
    from flowbench.tools.searching.streams import stream_grep as stream_grep
    from flowbench.tools.shells.awaited import Shell as Shell
    from flowbench.tools.shells.awaited import execute_shell as execute_shell

    ast_match = awaited("ast_match", tools.ast_match)
    ast_grep = awaited("ast_grep", tools.ast_grep)
    ast_edit = awaited("ast_edit", tools.ast_edit)
    fuzzy_find = awaited("fuzzy_find", tools.fuzzy_find)
    glob = awaited("glob", tools.glob)
    grep = awaited("grep", tools.grep)
    html_to_markdown = awaited("html_to_markdown", tools.html_to_markdown)
    count_tokens = awaited("count_tokens", tools.count_tokens)
    read_image_from_clipboard = awaited("clipboard.read_image", tools.read_image_from_clipboard)

# Those that block and are awaited on a worker thread; the name is the tag, too, but for those in TAGS.
BLOCKING = frozenset(
    {
        "ast_edit",
        "ast_grep",
        "ast_match",
        "count_tokens",
        "fuzzy_find",
        "glob",
        "grep",
        "html_to_markdown",
        "read_image_from_clipboard",
    }
)
TAGS = {"read_image_from_clipboard": "clipboard.read_image"}
# Those that are async by nature: the file of this room that defines them, under the same name.
HOMES = {
    "Process": "ps_awaited",
    "PtySession": "pty_awaited",
    "Shell": "shells.awaited",
    "execute_shell": "shells.awaited",
    "stream_glob": "files.globbing",
    "stream_grep": "searching.streams",
}

__all__ = [
    "Process",
    "PtySession",
    "Shell",
    "ast_edit",
    "ast_grep",
    "ast_match",
    "count_tokens",
    "execute_shell",
    "fuzzy_find",
    "glob",
    "grep",
    "html_to_markdown",
    "read_image_from_clipboard",
    "stream_glob",
    "stream_grep",
]


def __getattr__(name: str) -> Any:
    if name in BLOCKING:
        value = awaited(TAGS.get(name, name), getattr(import_module("flowbench.tools"), name))
    elif name in HOMES:
        value = getattr(import_module(f"flowbench.tools.{HOMES[name]}"), name)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = value
    return value
