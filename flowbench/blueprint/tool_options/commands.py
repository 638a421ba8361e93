"""Options of the tools that run commands, and of those that look at processes."""

from __future__ import annotations

from typing import Literal

import msgspec

from flowbench.blueprint.tool_options.base import Timed, ToolOptions


class Minimizing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """enabled: do it at all. only: names of the filters that may be used. exclude: names of those that may not.
    max_capture_bytes: output that is longer stays as it is.
    """

    enabled: bool | None = None
    only: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    max_capture_bytes: int | None = None


class ShellCommand(Timed, frozen=True):
    """Runs a command in a shell and answers with its exit code and output. command: for bash, or sh where there is
    none. cwd: its folder. env: added to the environment. session_env: added to that of the session. snapshot_path: a
    script that the session begins with. minimizer: a shorter text of what known programs write, beside it. ok_from:
    "exit" (code 0 is a success), a list of exit codes, or "any".
    timeout_ms: milliseconds that it may take.
    """

    tool = "shell"
    principal, needed, danger = "command", ("command",), "runs a command in a shell"
    command: str | None = None
    cwd: str | None = None
    env: dict[str, str] | None = None
    session_env: dict[str, str] | None = None
    snapshot_path: str | None = None
    minimizer: Minimizing | None = None
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
