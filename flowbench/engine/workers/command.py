"""Agents that are programs: started for each visit, fed the prompt, heard to their end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from flowbench import flow, process
from flowbench.blueprint import AgentDef, AgentProfile, CommandSpec, read_command, under
from flowbench.engine import outputs
from flowbench.engine.errors import Blocked
from flowbench.engine.folding import fold
from flowbench.engine.spawner import Body, Site, Uses, Voice
from flowbench.engine.visiting import Task
from flowbench.engine.workers.answer import answer
from flowbench.engine.workers.filling import Filling, checked
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.stream import Events
from flowbench.engine.workers.terms import terms_of

HEARD = 64 << 10  # characters of stdout that are told while it works


class CommandFactory:
    """Builds agents of kind `subprocess`. spec: see CommandSpec."""

    def build(self, agent: AgentDef) -> CommandSpawner:
        """Raises: SpecError."""
        return CommandSpawner(agent, read_command(agent.spec))


class _Given(NamedTuple):
    """What a program is started with."""

    argv: list[str]
    stdin: str | None
    env: dict[str, str]
    cwd: str | None


class CommandSpawner:
    """One program. Its exit code always counts, also behind a Final that is ok; of several Finals the last holds."""

    quick, wants_secrets = False, False
    uses: Uses = "process"

    def __init__(self, agent: AgentDef, command: CommandSpec) -> None:
        """Raises: SpecError."""
        self._agent, self._command = agent.name, command
        self._profile = agent.profile or AgentProfile()
        self._parts = checked(command, agent.profile)
        told: list[Any] = [msgspec.to_builtins(command)]
        if self._parts:
            told += [self._profile.system_prompt, self._profile.model]
        self.digest = hashlib.sha256(flow.compact(told).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            voice = site.voice()
            holds = terms_of(site, voice)
            task, text, command = site.task(), text_form(value), self._command
            given = await self._filled(value, text, task, site) if self._parts else self._plain(text, site)
            holds["env"] = given.env | {
                "MSE_TASK_ID": task.id,
                "MSE_ATTEMPT": str(task.attempt),
                "MSE_CTX_AGENT": self._agent,
                "MSE_TOKEN_AGENT_ID": task.agent_id,
                "MSE_TOKEN_NONCE": task.nonce,  # reserved, not minted; without a signature it opens nothing
            }
            holds["cwd"], holds["timeout"], holds["limit"] = given.cwd, command.timeout, command.max_processes
            stdin = None if given.stdin is None else given.stdin.encode()
            if command.stream_mode is None:
                holds["voice"] = briefly(voice, site.secrets.text)
                ended = await process.spawn(given.argv, stdin=stdin, **holds)
                return answer(ended, command, site.secrets.text)
            events = Events(command.stream_mode, voice, site.secrets.text)
            holds["voice"] = lambda stream, text: None if stream == "stdout" else voice(stream, text)
            ended = await process.spawn(given.argv, stdin=stdin, heard=events.take, **holds)
            events.end()
            return _last(events, ended, command.fold or "text")

        return body

    def _plain(self, text: str, site: Site) -> _Given:
        """The spec as it is, with the values of the secrets that it names."""
        spec = self._command
        is_fed = spec.use_stdin is not False
        plain = {"argv": [spec.program, *spec.args], "env": dict(spec.env), "cwd": spec.cwd}
        filled: dict[str, Any] = site.secrets.put_in(plain)
        argv = [*filled["argv"], *([] if is_fed else [text])]
        return _Given(argv, text if is_fed else None, filled["env"], filled["cwd"])

    async def _filled(self, value: Any, text: str, task: Task, site: Site) -> _Given:
        """The template form, filled in."""
        named = {
            "agent": self._agent,
            "model": self._profile.model or "",
            "task_id": task.id,
            "attempt": str(task.attempt),
            "run_id": site.run_id,
        }
        filling = Filling(value, text, named, self._profile.system_prompt)
        filled = await filling.fill(self._parts, site)
        argv = [filled[f"argv[{index}]"] for index in range(len(self._command.argv or ()))]
        env = {name: filled[under("env", name)] for name in self._command.env}
        return _Given(argv, filled.get("stdin"), env, filled.get("cwd"))


def briefly(voice: Voice, hide: Callable[[str], str]) -> Voice:
    """Of a long answer only the beginning is told: it is the step's output anyway. hide: as of `answer`."""
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


def _last(events: Events, ended: process.Ended, how: str) -> Any:
    """What the last Final holds, with the artifacts as its parts. how: a text in it is folded.

    Raises: Blocked when it is not ok, there is none, or the exit code is not 0; NotFolded.
    """
    if events.final is None:
        value: Any = {
            "raw": "",
            "note": "streaming mode: no Final event received",
            "exit_success": ended.code == 0,
        }
    else:
        value = outputs.answer(events.final.content)
        if events.final.ok and ended.code == 0:
            answer = fold(value, how)
            return flow.Output(answer, events.parts) if events.parts else answer
    why = "" if ended.code == 0 else f" - it {process.ended(ended.code)}"
    raise Blocked(value, flow.compact(value), why)
