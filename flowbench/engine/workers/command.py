"""Agents that are programs: started for each visit, fed the prompt, heard to their end."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from flowbench import flow, process
from flowbench.blueprint import AgentDef
from flowbench.engine.errors import Blocked
from flowbench.engine.outputs import content
from flowbench.engine.spawner import Body, Site, SpecError, Uses, Voice
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.stream import MODES, Events
from flowbench.engine.workers.terms import terms_of
from flowbench.errors import nearest

JSON_LIMIT = 16 << 20  # bytes of stdout that are read as JSON
HEARD = 64 << 10  # characters of stdout that are told while it works
TOLD = 4000  # characters of each stream in the text of a failure; its end, where programs say why


class Command(msgspec.Struct, frozen=True):
    """The spec. args: after the program; the prompt is the last one unless it is fed to stdin.

    stream_mode: how stdout tells events, see `stream`; None: stdout is the answer. timeout: seconds. env: added to
    this process's own. cwd: by default this process's. max_processes: that it may have at once.
    """

    program: str
    args: tuple[str, ...] = ()
    use_stdin: bool = True
    stream_mode: str | None = None
    timeout: float | None = None
    env: dict[str, str] = {}
    cwd: str | None = None
    max_processes: int = process.PROCESSES


class CommandFactory:
    """Builds agents of kind `subprocess`.

    Source: mlua-swarm 0.2.1 `ShellFactory`; timeout, env, cwd and max_processes are ours.
    """

    def build(self, agent: AgentDef) -> CommandSpawner:
        """Raises: SpecError."""
        return CommandSpawner(agent.name, _command(agent.spec))


class CommandSpawner:
    """One program. Its exit code always counts, also behind a Final that is ok; of several Finals the last holds."""

    quick, wants_secrets = False, False
    uses: Uses = "process"

    def __init__(self, agent: str, command: Command) -> None:
        self._agent, self._command = agent, command
        self.digest = hashlib.sha256(flow.compact(msgspec.to_builtins(command)).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            voice = site.voice()
            holds = terms_of(site, voice)
            visit, text, given = site.visit(), text_form(value), self._filled(site)
            argv = [given["program"], *given["args"], *([] if self._command.use_stdin else [text])]
            holds["env"] = given["env"] | {
                "MSE_TASK_ID": f"{site.run_id}/{visit.address}",
                "MSE_ATTEMPT": str(visit.attempt),
                "MSE_CTX_AGENT": self._agent,
            }
            holds["cwd"], holds["timeout"] = given["cwd"], self._command.timeout
            holds["limit"] = self._command.max_processes
            stdin = text.encode() if self._command.use_stdin else None
            if self._command.stream_mode is None:
                holds["voice"] = _briefly(voice, site.secrets.text)
                return _answer(await process.spawn(argv, stdin=stdin, **holds), site.secrets.text)
            events = Events(self._command.stream_mode, voice, site.secrets.text)
            holds["voice"] = lambda stream, text: None if stream == "stdout" else voice(stream, text)
            ended = await process.spawn(argv, stdin=stdin, heard=events.take, **holds)
            events.end()
            return _last(events, ended)

        return body

    def _filled(self, site: Site) -> dict[str, Any]:
        """The parts of the spec that may name secrets, with their values."""
        spec = self._command
        plain = {"program": spec.program, "args": list(spec.args), "env": dict(spec.env), "cwd": spec.cwd}
        filled: dict[str, Any] = site.secrets.put_in(plain)
        return filled


def _briefly(voice: Voice, hide: Callable[[str], str]) -> Voice:
    """Of a long answer only the beginning is told: it is the step's output anyway. hide: as of `_answer`."""
    left = HEARD

    def tell(stream: str, text: str) -> None:
        nonlocal left
        if stream == "stdout" and len(text) > left:
            text = hide(text)
        if stream == "stdout":
            text, rest, left = text[:left], text[left:], max(left - len(text), 0)
            if rest and text:
                voice("note", "there is more on its stdout; the step's output has it\n")
        if text:
            voice(stream, text)

    return tell


def _answer(ended: process.Ended, hide: Callable[[str], str]) -> Any:
    """stdout as JSON, else as text beside stderr. Raises: Blocked, unless the program ended with 0.

    hide: takes secrets out of what is cut: half of one nobody would find.
    """
    value, is_json = _json(ended.stdout)
    if not is_json:
        value = {"raw": ended.stdout.text().rstrip(), "stderr": ended.stderr.text()}
    if ended.code == 0:
        return value
    told = value if is_json else {key: _tail(hide(text)) for key, text in value.items()}
    raise Blocked(value, flow.compact(told), f" - it {process.ended(ended.code)}")


def _last(events: Events, ended: process.Ended) -> Any:
    """What the last Final holds. Raises: Blocked when it is not ok, there is none, or the exit code is not 0."""
    if events.final is None:
        value: Any = {
            "raw": "",
            "note": "streaming mode: no Final event received",
            "exit_success": ended.code == 0,
        }
    else:
        value = content(events.final.content)
        if events.final.ok and ended.code == 0:
            return value
    why = "" if ended.code == 0 else f" - it {process.ended(ended.code)}"
    raise Blocked(value, flow.compact(value), why)


def _json(output: process.Output) -> tuple[Any, bool]:
    """(value, stdout is JSON)."""
    text = output.whole(JSON_LIMIT)
    try:
        return flow.take(flow.decode((text or b"").strip()))[0], True
    except (msgspec.MsgspecError, flow.NotJson, UnicodeDecodeError, RecursionError):
        return None, False


def _tail(text: str) -> str:
    return text if len(text) <= TOLD else f"... {text[-TOLD:]}"


def _command(spec: Any) -> Command:
    """Raises: SpecError."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("program"), str) or not spec["program"]:
        raise SpecError("shell spec: 'program' (string) required")
    known = Command.__struct_fields__
    for key in spec:
        if key not in known:
            near = nearest(key, known)
            raise SpecError(f"shell spec: nobody knows '{key}'" + (f"; did you mean '{near}'?" if near else ""))
    for index, each in enumerate(spec.get("args") or ()):
        if not isinstance(each, str):
            raise SpecError(f"shell spec: args[{index}] has to be a string: write '{flow.compact(each)}' in quotes")
    mode = spec.get("stream_mode")
    if mode is not None and mode not in MODES:
        raise SpecError(f"unknown stream_mode: {mode}; there are {', '.join(MODES)}, and null for plain output")
    try:
        command = msgspec.convert({key: each for key, each in spec.items() if each is not None}, Command)
    except msgspec.ValidationError as error:
        raise SpecError(f"shell spec: {error}") from error
    if command.timeout is not None and not 0 < command.timeout < math.inf:
        raise SpecError(f"shell spec: timeout is a number of seconds over 0, not {command.timeout:g}")
    for name, text in command.env.items():
        if not name or "=" in name or "\0" in name + text:
            raise SpecError(f"shell spec: env[{json.dumps(name)}] cannot be set: a name holds no =, and nothing NUL")
    if "\0" in "".join([command.program, *command.args, command.cwd or ""]):
        raise SpecError("shell spec: program, args and cwd hold no NUL character")
    if command.max_processes < 1:
        raise SpecError(f"shell spec: max_processes is a number from 1 on, not {command.max_processes}")
    return command
