"""Gate: commands of the stack and of the invariants, each run in a shell at the root; one that fails shuts the gate."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowbench.cancel import CancelToken
from flowbench.project import stack
from flowbench.project.errors import BadStack
from flowbench.project.files import read

if TYPE_CHECKING:
    from flowbench.project.project import Project

TYPES = ("test", "lint", "typecheck")
INVARIANTS = "invariants.md"
TEMPLATE = """\
# Invariants

<!-- What must always hold. Each has a heading, and a line that says how to verify it:

## Tests pass
**Verify:** `pytest -q`
-->
"""
Voice = Callable[[str], object]
"""Hears what a command prints, as it comes."""

_BUILTINS = frozenset(
    [
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fg",
        "for",
        "getopts",
        "hash",
        "help",
        "history",
        "if",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "time",
        "times",
        "trap",
        "true",
        "type",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "until",
        "wait",
        "while",
        "{",
        "(",
        "!",
    ]
)
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"^##[ \t]+(?P<name>.+?)[ \t]*$", re.MULTILINE)
_VERIFY = re.compile(r"\*\*Verify:\*\*[ \t]*`(?P<command>[^`\n]+)`")


def guard(
    project: Project, *, layer: str = "all", token: CancelToken | None = None, voice: Voice | None = None
) -> dict[str, Any]:
    """{results: [{layer, type, command, passed, exit_code, status, reason?}], passed, failed, skipped, message?}.

    Abort raises Aborted, and ends what runs. status: passed | failed | skipped; skipped: its tool is not installed.
    Without a stack it is looked for first. layer: all | backend | frontend | ... Raises: BadStack.
    """
    layers = project.config.get("stack") or stack.look(project)["stack"]
    if not isinstance(layers, dict):
        raise BadStack("stack in config.json is no object: `flowctl stack set --file FILE` mends it")
    wanted = [
        (name, kind, str(commands[kind]))
        for name, commands in layers.items()
        if isinstance(commands, dict) and layer in ("all", name)
        for kind in TYPES
        if commands.get(kind)
    ]
    if not wanted:
        message = "no stack detected, nothing to run" if not layers else f"no commands for {layer}"
        return {"results": [], "message": message}
    results = []
    for name, kind, command in wanted:
        results.append({"layer": name, "type": kind, **_run(project.layout.root, command, token, voice)})
    return {"results": results, **_counts(results)}


def check(project: Project, *, token: CancelToken | None = None, voice: Voice | None = None) -> dict[str, Any]:
    """{results: [{name, command, passed, exit_code, status, reason?}], passed, failed, skipped, message?}.

    Abort raises Aborted, and ends what runs: the commands after `**Verify:**` below each heading of invariants.md.
    """
    text = invariants(project)
    if text is None:
        return {"results": [], "message": f"no {INVARIANTS}"}
    results = [{"name": name, **_run(project.layout.root, command, token, voice)} for name, command in verified(text)]
    if not results:
        return {"results": [], "message": f"{INVARIANTS} verifies nothing"}
    return {"results": results, **_counts(results)}


def invariants(project: Project) -> str | None:
    """The text of invariants.md; None: there is none."""
    try:
        return read(project.layout.flow / INVARIANTS)[0].decode(errors="replace")
    except FileNotFoundError:
        return None


def begin_invariants(project: Project, *, force: bool = False, dry_run: bool = False) -> dict[str, Any]:
    """{path, message}. force: over one that is there; without it that stays, and `success` is False."""
    path = project.layout.flow / INVARIANTS
    if invariants(project) is not None and not force:
        return {
            "success": False,
            "path": str(path),
            "message": f"{INVARIANTS} already exists. Use --force to overwrite.",
        }
    with project.change("invariants init", dry_run=dry_run) as change:
        change.write(INVARIANTS, TEMPLATE)
        change.event("invariants_made", epic="")
    return {"path": str(path), "message": f"{INVARIANTS} created", **({"dry_run": True} if dry_run else {})}


def verified(text: str) -> Iterator[tuple[str, str]]:
    """(heading, command) of each line `**Verify:** `command``; what HTML comments hold is none."""
    bare = _COMMENT.sub("", text)
    heads = [*_HEADING.finditer(bare)]
    for found in _VERIFY.finditer(bare):
        name = next((head["name"] for head in reversed(heads) if head.start() < found.start()), "")
        yield name, found["command"].strip()


def missing_tool(command: str, root: Path) -> str | None:
    """The program that a command needs and that is not installed; None if it is there, or if nobody can tell.

    Words before it are passed over: `cd x &&`, `A=1`, `env`, builtins of the shell.
    """
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return None
    here = root
    while words:
        word = words.pop(0)
        if _ASSIGNED.match(word) or word in {"env", "nohup", "time", "exec", "command", "!"}:
            continue
        if word == "cd" and words:
            here = here / words.pop(0)
            if words and set(words[0]) <= set("&;"):
                words.pop(0)
                continue
            return None
        if word in _BUILTINS or not word or set(word) <= set("();<>|&"):
            return None
        if "/" in word:
            return None if (here / word).exists() else word
        return None if shutil.which(word) else word
    return None


def _run(root: Path, command: str, token: CancelToken | None, voice: Voice | None) -> dict[str, Any]:
    from flowbench.tools import execute_shell

    tool = missing_tool(command, root)
    if tool is not None:
        reason = f"{tool} not found in PATH"
        return {"command": command, "passed": False, "exit_code": None, "status": "skipped", "reason": reason}
    if voice is not None:
        voice(f"$ {command}\n")
    told = execute_shell(command, cwd=str(root), token=token, on_chunk=voice)
    if told.cancelled and token is not None:
        token.heartbeat()
    passed = told.exit_code == 0
    return {
        "command": command,
        "passed": passed,
        "exit_code": told.exit_code,
        "status": "passed" if passed else "failed",
    }


def _counts(results: list[dict[str, Any]]) -> dict[str, int]:
    return {word: sum(each["status"] == word for each in results) for word in ("passed", "failed", "skipped")}
