"""Specs: what the `spec` of an agent may say, by kind: for editors, for the lint, and for whoever builds the agent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from flowbench.blueprint.place import under
from flowbench.blueprint.placeholders import Part, SpecError, placeholders
from flowbench.errors import nearest
from flowbench.flow import compact

MODES = ("ndjson_lines", "sse_events", "length_prefixed")
FOLDS = ("containers", "json", "text")
PROCESSES = 256  # of one program, all that it starts included; as `process.PROCESSES`
MEMORY = 256  # MiB of one Lua state


class CommandSpec(msgspec.Struct, frozen=True):
    """A program, in one of two forms. Plain: `program` and `args`, taken as they are. Template: `argv`, with
    placeholders.

    program: the program, found on PATH. args: after the program; the prompt is the last one unless it is fed to stdin.
    use_stdin: the prompt is fed to stdin. stream_mode: how stdout tells events; null: stdout is the answer.
    timeout: seconds. env: added to the environment; with `argv` its values may hold placeholders.
    cwd: the folder it runs in; with `argv` it may hold placeholders. max_processes: that it may have at once.
    argv: the program and its arguments; {prompt}, {in.field}, {system}, {model}, {agent}, {task_id}, {attempt} and
    {run_id} are put in, a brace itself is {{ or }}. stdin: what it is fed, with placeholders; null: nothing.
    output: a JSON Pointer to the answer inside of stdout's JSON. ok_from: "exit" (code 0), a list of exit codes, or a
    JSON Pointer to a boolean in stdout's JSON, with ! before it if true is bad. fold: how text becomes JSON:
    containers (objects and lists, also fenced), json (anything, else the step fails), text (not at all).
    """

    program: str | None = None
    args: tuple[str, ...] = ()
    use_stdin: bool | None = None
    stream_mode: str | None = None
    timeout: float | None = None
    env: dict[str, str] = {}
    cwd: str | None = None
    max_processes: int = PROCESSES
    argv: tuple[str, ...] | None = None
    stdin: str | None = None
    output: str | None = None
    ok_from: str | tuple[int, ...] | None = None
    fold: str | None = None


class LuaSpec(msgspec.Struct, frozen=True):
    """A Lua script, inline or by the id it is registered under.

    source: the script itself. fn_id: the id of a registered one. hosts: which registered host functions it may call;
    null: all. timeout: seconds. memory_mb: MiB it may have.
    """

    source: str | None = None
    fn_id: str | None = None
    hosts: tuple[str, ...] | None = None
    timeout: float | None = None
    memory_mb: int = MEMORY


S = TypeVar("S", bound=msgspec.Struct)
CHOICES = {"stream_mode": MODES, "fold": FOLDS}
"""Fields that take one of a few words."""


def read_command(spec: Any) -> CommandSpec:
    """Raises: SpecError. Source: mlua-swarm 0.2.1 `ShellFactory`; all but program, args, use_stdin and stream_mode
    is ours.
    """
    is_template = isinstance(spec, Mapping) and spec.get("argv") is not None
    if not is_template and not (isinstance(spec, Mapping) and isinstance(spec.get("program"), str) and spec["program"]):
        raise SpecError("shell spec: 'program' (string) required")
    for name in ("args", "argv"):
        for index, each in enumerate(spec.get(name) or ()):
            if not isinstance(each, str):
                raise SpecError(
                    f"shell spec: {name}[{index}] has to be a string: write '{compact(each)}' in quotes",
                    f"{name}[{index}]",
                )
    mode = spec.get("stream_mode")
    if mode is not None and mode not in MODES:
        raise SpecError(
            f"unknown stream_mode: {mode}; there are {', '.join(MODES)}, and null for plain output", "stream_mode"
        )
    command = read_spec(spec, CommandSpec, "shell spec")
    _check_form(command)
    check_time(command.timeout, "shell spec")
    for name, text in command.env.items():
        if not name or "=" in name or "\0" in name + text:
            raise SpecError(f"shell spec: env[{json.dumps(name)}] cannot be set: a name holds no =, and nothing NUL")
    if "\0" in "".join([command.program or "", *command.args, *(command.argv or ()), command.cwd or ""]):
        raise SpecError("shell spec: program, args and cwd hold no NUL character")
    if command.max_processes < 1:
        raise SpecError(f"shell spec: max_processes is a number from 1 on, not {command.max_processes}")
    _check_answer(command)
    templates(command)
    return command


def read_lua(spec: Any) -> LuaSpec:
    """Raises: SpecError. Source: mlua-swarm 0.2.1 `LuaInProcessSpawnerFactory`; all but fn_id is ours."""
    if not isinstance(spec, Mapping) or not any(isinstance(spec.get(name), str) for name in ("source", "fn_id")):
        raise SpecError("lua spec: 'fn_id' (string) required, or 'source' with the script itself")
    lua = read_spec(spec, LuaSpec, "lua spec")
    if lua.source is not None and lua.fn_id is not None:
        raise SpecError("lua spec: 'source' and 'fn_id' both name a script; leave one of them out")
    check_time(lua.timeout, "lua spec")
    if not 1 <= lua.memory_mb <= 1 << 20:
        raise SpecError(f"lua spec: memory_mb is a number of MiB from 1 on, not {lua.memory_mb}")
    return lua


def templates(command: CommandSpec) -> dict[str, list[Part]]:
    """The parts of every text of the template form, by place: `argv[1]`, `env.KEY`; nothing for the plain form.

    Raises: SpecError, for placeholders that nobody knows.
    """
    if command.argv is None:
        return {}
    texts = {f"argv[{index}]": text for index, text in enumerate(command.argv)}
    texts |= {under("env", name): text for name, text in command.env.items()}
    texts |= {name: text for name in ("stdin", "cwd") if (text := getattr(command, name)) is not None}
    parts = {place: placeholders(text, place) for place, text in texts.items()}
    if any(not isinstance(part, str) for part in parts["argv[0]"]):
        raise SpecError(
            "shell spec: argv[0] names the program, which the input may not choose: no placeholder there", "argv[0]"
        )
    return parts


def _check_form(command: CommandSpec) -> None:
    if command.argv is None:
        if command.stdin is not None:
            raise SpecError("shell spec: stdin belongs to the template form: write argv in place of program and args")
        return
    for name in ("program", "args", "use_stdin"):
        if getattr(command, name):
            instead = "stdin says what is fed to it" if name == "use_stdin" else "argv holds all of it"
            raise SpecError(f"shell spec: '{name}' does not go with 'argv': {instead}")
    if not command.argv or not command.argv[0]:
        raise SpecError("shell spec: argv begins with the name of a program")


def _check_answer(command: CommandSpec) -> None:
    ok = command.ok_from
    if command.stream_mode is not None and not (command.output is ok is None):
        raise SpecError("shell spec: output and ok_from look into plain stdout; a stream says both in its Final")
    if isinstance(ok, tuple):
        if not ok or not all(0 <= code <= 255 for code in ok):
            raise SpecError("shell spec: ok_from lists exit codes, 0 to 255")
    elif ok is not None and ok != "exit":
        _check_pointer(ok.removeprefix("!"), "ok_from", 'or "exit", or a list of exit codes')
    if command.output is not None:
        _check_pointer(command.output, "output", '"" for all of it')
    if command.fold == "text" and (command.output or (isinstance(ok, str) and ok != "exit")):
        raise SpecError("shell spec: with fold: text stdout is no JSON that output or ok_from could look into")


def _check_pointer(text: str, name: str, otherwise: str) -> None:
    if text and (not text.startswith("/") or any(part[:1] not in ("0", "1") for part in text.split("~")[1:])):
        near = f"; did you mean '/{text.removeprefix('$').strip('.').replace('.', '/')}'?"
        raise SpecError(f"shell spec: {name} is a JSON Pointer like /result/text, {otherwise}{near}", name)


def check_time(seconds: float | None, where: str) -> None:
    """Raises: SpecError."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise SpecError(f"{where}: timeout is a number of seconds over 0, not {seconds:g}", "timeout")


def read_spec(spec: Mapping[str, Any], cls: type[S], where: str) -> S:
    """A spec of any kind; null is as good as absent. where: how messages begin. Raises: SpecError."""
    known = cls.__struct_fields__
    for key in spec:
        if key not in known:
            near = nearest(key, known)
            raise SpecError(f"{where}: nobody knows '{key}'" + (f"; did you mean '{near}'?" if near else ""), key)
    for key, words in CHOICES.items():
        if (word := spec.get(key)) is not None and word not in words:
            near = nearest(word, words) if isinstance(word, str) else None
            hint = f"did you mean {near}?" if near else f"there are {', '.join(words)}"
            raise SpecError(f"{where}: {key} cannot be {compact(word)}; {hint}", key)
    try:
        return msgspec.convert({key: each for key, each in spec.items() if each is not None}, cls)
    except msgspec.ValidationError as error:
        raise SpecError(f"{where}: {str(error).replace(' | null', '')}") from error
