"""Speech: what a session's shell runs between commands, how a command is put to it, and what its answer means.

A random word goes in with each command, on a pipe of its own, and comes back on another one when the command has ended:
what a command writes to its output is never mistaken for an answer. Commands have neither pipe: both are closed for as
long as one is carried out. The answer is given in the condition of a loop, where `set -e`, traps and `continue` cannot
reach it; a `break` or `return` of the command ends the loop, and so the session. It is an `until`, because after
`set -n` nothing is carried out and every condition "succeeds": a `while` would go round for ever.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flowbench.tools.errors import ShellFailed

# `bash` beside this file is the loop. It is read by `.`, for `return` to have something to return from, and by a name
# without a folder, because that is what bash puts before its messages ("bash: line 1: ..."). One line, so that they
# count the lines of the command alone.
_BASH = r"""
__flowbench_status=0 __flowbench_word= __flowbench_fresh=1
__flowbench_next() {
  __flowbench_status=$1
  if [[ -n $__flowbench_word ]]; then
    command printf '%s\0%s\0%s\0' "$__flowbench_word" "$1" "$PWD" >&99 && command jobs -p >&99 &&
      command printf '\0' >&99 || exit "$1"
  fi
  TMOUT=0 IFS= command read -r -d '' -u 98 __flowbench_word &&
    TMOUT=0 IFS= command read -r -d '' -u 98 __flowbench_dir &&
    TMOUT=0 IFS= command read -r -d '' -u 98 __flowbench_command || exit "$1"
  if [[ -n $__flowbench_dir ]] && ! CDPATH= command cd -- "$__flowbench_dir" >/dev/null; then
    command printf '%s\0cd\0\0\0' "$__flowbench_word" >&99
    exit 1
  fi
  [[ -z $__flowbench_fresh ]] || unset OLDPWD __flowbench_fresh
  __flowbench_fresh=
}
__flowbench_last() { return "$__flowbench_status"; }
set --
shopt -u sourcepath
. bash
"""

# The same for any POSIX shell. Some take file numbers of one digit only, and read lines only.
_SH = r"""
__flowbench_status=0 __flowbench_word=
__flowbench_next() {
  __flowbench_status=$1
  if [ -n "$__flowbench_word" ]; then
    command printf '%s\0%s\0%s\0' "$__flowbench_word" "$1" "$PWD" >&9 && jobs -p >&9 &&
      command printf '\0' >&9 || exit "$1"
  fi
  IFS= read -r __flowbench_word <&8 && IFS= read -r __flowbench_dir <&8 &&
    IFS= read -r __flowbench_command <&8 || exit "$1"
  __flowbench_dir=$(command printf '%b.' "$__flowbench_dir")
  __flowbench_dir=${__flowbench_dir%.}
  __flowbench_command=$(command printf '%b.' "$__flowbench_command")
  __flowbench_command=${__flowbench_command%.}
  if [ -n "$__flowbench_dir" ] && ! CDPATH= command cd -- "$__flowbench_dir" >/dev/null; then
    command printf '%s\0cd\0\0\0' "$__flowbench_word" >&9
    exit 1
  fi
}
__flowbench_last() { return "$__flowbench_status"; }
until { ! __flowbench_next "$?"; } 2>/dev/null; do if { __flowbench_last; } 2>/dev/null; then
  eval "$__flowbench_command" 8<&- 9>&-; else eval "$__flowbench_command" 8<&- 9>&-; fi; done; exit
"""

HERE = str(Path(__file__).parent)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# of the shell that has started this process, or of this one; they mean nothing in another, or would change how it reads
_PRIVATE = re.compile(
    r"(PS[0-9]|PS1_.*|BASH.*|PWD|OLDPWD|SHLVL|SHELL|SHELLOPTS|IFS|RANDOM|SRANDOM|UID|EUID|PPID|HIST.*|ENV|LINENO|"
    r"PIPESTATUS|SECONDS|EPOCHSECONDS|EPOCHREALTIME|DIRSTACK|FUNCNAME|GROUPS|OPTARG|OPTERR|OPTIND|PROMPT_.*|CDPATH|"
    r"GLOBIGNORE|FIGNORE|FCEDIT|EXECIGNORE|TIMEFORMAT|TMOUT|REPLY|MAPFILE|READLINE_.*|COPROC|POSIXLY_CORRECT|_)"
)
_GIT = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES"}
)


class Speech(NamedTuple):
    """A kind of shell. program: whole path. talk: file numbers in it, of requests and of answers."""

    program: str
    is_bash: bool

    @property
    def talk(self) -> tuple[int, int]:
        return (98, 99) if self.is_bash else (8, 9)

    @property
    def argv(self) -> list[str]:
        if self.is_bash:
            return [self.program, "--noprofile", "--norc", "-c", _BASH, "bash"]
        return [self.program, "-c", _SH, "sh"]

    def put(self, word: str, command: str, folder: str, env: Mapping[str, str]) -> bytes:
        """One command as bytes. folder: to change to before; empty: stay. env: for this command alone."""
        if env:
            command = self._with(env, command)
        fields = [_bytes(each) for each in (word, folder, command)]
        if self.is_bash:
            return b"".join(each + b"\0" for each in fields)
        return b"".join(each.replace(b"\\", b"\\0134").replace(b"\n", b"\\n") + b"\n" for each in fields)

    def _with(self, env: Mapping[str, str], command: str) -> str:
        inner = f"eval {shlex.quote(command)}"
        if self.is_bash:
            return " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items()) + " " + inner
        # There an assignment before `eval` stays, so what was is put back; what the command leaves by `exit` is gone.
        before = [
            f'if [ "${{{name}+x}}" ]; then __flowbench_{name}=${name}; else unset __flowbench_{name}; fi; '
            f"export {name}={shlex.quote(value)}"
            for name, value in env.items()
        ]
        after = [
            f'if [ "${{__flowbench_{name}+x}}" ]; then {name}=$__flowbench_{name}; else unset {name}; fi'
            for name in env
        ]
        ended = ["__flowbench_status=$?", *after, "__flowbench_last"]
        return "\n".join([*before, inner, *ended])


class Answer(NamedTuple):
    """status: exit code; -1: the folder could not be entered. jobs: process ids of what goes on in the background."""

    status: int
    folder: str
    jobs: frozenset[int]


def word() -> str:
    """What nobody can know who was not told."""
    return secrets.token_hex(16)


def answer(said: bytearray, expected: str) -> Answer | None:
    """The answer to the command that was put with this word; None as long as it is not whole. What is read is taken."""
    begin = said.find(expected.encode() + b"\0")
    fields = bytes(said[begin:]).split(b"\0") if begin >= 0 else []
    if len(fields) < 5:
        return None
    said.clear()
    _, status, folder, jobs = fields[:4]
    return Answer(
        int(status) if status.isdigit() else -1, os.fsdecode(folder), frozenset(int(job) for job in jobs.split())
    )


def speech(path: str, platform: str = sys.platform) -> Speech:
    """bash, or sh where there is none. path: folders to look in, as PATH has them. Raises: ShellFailed."""
    if platform == "win32":
        raise ShellFailed(
            "Failed to initialize shell",
            "there is no shell for Windows in flowbench yet; run it in WSL, or start programs with subprocess",
        )
    for name in ("bash", "sh"):
        if found := shutil.which(name, path=path or os.defpath):
            return Speech(os.path.abspath(found), name == "bash")
    raise ShellFailed("Failed to initialize shell", "neither bash nor sh is on PATH")


def inherited(env: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What a session gets of this process's environment, and on top of it `own`.

    Left out is what belongs to one shell alone, and what tells git to work in another place than the current folder.
    Raises: ShellFailed, for names and values that no environment takes.
    """
    for name, value in own.items():
        if not name or "=" in name or "\0" in name + value:
            raise ShellFailed("Failed to set env", f"{name!r} cannot be a variable, or its value holds a NUL character")
    return {name: value for name, value in env.items() if not _PRIVATE.fullmatch(name) and name not in _GIT} | dict(own)


def check(command: str, env: Mapping[str, str]) -> None:
    """Raises: ShellFailed, for what cannot be said to a shell."""
    if "\0" in command:
        raise ShellFailed("Shell execution failed", "the command holds a NUL character")
    for name, value in env.items():
        if not _NAME.fullmatch(name):
            raise ShellFailed("Failed to set env", f"{name!r} is no name of a variable (letters, digits and _)")
        if "\0" in value:
            raise ShellFailed("Failed to set env", f"the value of {name} holds a NUL character")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
