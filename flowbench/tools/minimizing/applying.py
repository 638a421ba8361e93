"""Applying: when a filter may have a command's output, and what comes of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from flowbench.tools.minimizing.registry import Filter, filter_of
from flowbench.tools.minimizing.result import Minimized, MinimizerOptions

LEAST = 1_000  # characters; a shorter output stays as it is
SILENT = frozenset({"cd", "export", "unset", "set", "true", ":", "umask", "ulimit", "shopt", "source", ".", "mkdir"})
_WORDS = re.compile(r"[!{]|\[\[|if|for|while|until|case|select|function|time|coproc|eval|exec|trap|alias")
_MERGED = re.compile(r"(?<=\s)2>&1(?=\s|;|$)")  # both are one stream here anyway
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


def minimized(options: MinimizerOptions, command: str, text: str, exit_code: int) -> Minimized | None:
    """None: the text stays as it is. That is so for all but a simple command of a known program, or a chain by `&&`
    and `;` in which every other command is silent; for output that is short; and where a filter finds nothing to drop.
    """
    size = len(text.encode())
    if not options.enabled or len(text) < LEAST or size > options.max_capture_bytes:
        return None
    commands = simple_commands(command)
    speaking = [argv for argv in commands if argv[0] not in SILENT]
    found = filter_of(speaking[0][0]) if len(speaking) == 1 else None
    if found is None:
        return None
    name, filter = found
    if name in options.exclude or (options.only is not None and name not in options.only):
        return None
    shorter = _shortened(filter, speaking[0], text, exit_code)
    if shorter is not None and not shorter.strip() and exit_code == 0:
        shorter = "OK\n"
    if shorter is None or len(shorter) >= len(text):
        return None
    return Minimized(name if len(commands) == 1 else "chain", shorter, text, size, len(shorter.encode()))


def simple_commands(command: str) -> list[list[str]]:
    """The words of each command of a chain; empty for anything else: pipes, redirections, substitutions, loops, ..."""
    text = _MERGED.sub("", command.strip())
    if "\n" in text or "`" in text or "$(" in text or "<(" in text:
        return []
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # a quote that is open
        return []
    commands: list[list[str]] = [[]]
    for token in tokens:
        if token in {"&&", ";"}:
            commands.append([])
        elif token and set(token) <= set("();<>|&"):
            return []
        elif commands[-1] or not _ASSIGNED.fullmatch(token):
            commands[-1].append(token)
    if not commands[-1] and tokens and tokens[-1] == ";":
        commands.pop()
    is_plain = all(argv and not _WORDS.fullmatch(argv[0]) for argv in commands)
    return commands if is_plain else []


def _shortened(filter: Filter, argv: Sequence[str], text: str, exit_code: int) -> str | None:
    try:
        return filter(argv, text, exit_code)
    except Exception:  # anybody's filter: what it raises costs nobody their output
        return None
