"""Agents that are Lua scripts: each call has a fresh state in a process of its own, which can be killed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from flowbench import flow, process
from flowbench.blueprint import REFERENCE, AgentDef, LuaScripts, LuaSpec, PythonFunction, SpecError, read_lua
from flowbench.cancel import Aborted, BeatingToken
from flowbench.engine.errors import Blocked, LuaFailed
from flowbench.engine.ids import visit_id
from flowbench.engine.spawner import Body, Site, Uses, Voice
from flowbench.engine.workers import lua_child
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.python_fn import PythonSpawner
from flowbench.engine.workers.terms import terms_of
from flowbench.errors import nearest

LONGEST = 1 << 20  # characters of a script
PARSE_MEMORY = 64 << 20  # bytes that looking for syntax errors may take
_FILE = Path(lua_child.__file__)


class LuaFactory:
    """Builds agents of kind `lua`. spec: see LuaSpec.

    Source: mlua-swarm 0.2.1 `LuaInProcessSpawnerFactory`; source, hosts, timeout and memory_mb are ours.
    """

    def __init__(self, scripts: LuaScripts) -> None:
        self._scripts = scripts

    def build(self, agent: AgentDef) -> LuaSpawner:
        """Raises: SpecError, also for a script that is no Lua, with its line."""
        spec = read_lua(agent.spec)
        source = spec.source if spec.fn_id is None else self._scripts.find(spec.fn_id)
        if source is None:
            raise SpecError(self._unknown(str(spec.fn_id)))
        if find_spec("lupa") is None:
            raise SpecError("kind lua needs the Python package lupa: pip install lupa")
        label = spec.fn_id or agent.name
        _check_syntax(source, label)
        return LuaSpawner(agent.name, label, source, spec, self._hosts(spec))

    def _unknown(self, fn_id: str) -> str:
        known = self._scripts.ids()
        near = nearest(fn_id, known)
        hint = f"did you mean '{near}'?" if near else f"registered: {', '.join(known[:20]) or 'none yet'}"
        return f"lua spec: fn_id '{fn_id}' not registered in factory; {hint}; register it with lua_script(id, source)"

    def _hosts(self, spec: LuaSpec) -> list[PythonFunction]:
        """Raises: SpecError, for a name that is not registered."""
        functions = {each.id: each for each in self._scripts.host_functions()}
        if spec.hosts is None:
            return list(functions.values())
        for name in spec.hosts:
            if name not in functions:
                near = nearest(name, functions)
                hint = f"did you mean '{near}'?" if near else f"registered: {', '.join(functions) or 'none yet'}"
                raise SpecError(f"lua spec: no host function is called '{name}'; {hint}; register it with @lua_host")
        return [functions[name] for name in spec.hosts]


class LuaSpawner:
    """One script."""

    quick = False
    uses: Uses = "process"

    def __init__(self, agent: str, label: str, source: str, spec: LuaSpec, hosts: list[PythonFunction]) -> None:
        self._agent, self._label, self._source, self._spec = agent, label, source, spec
        self._hosts = {each.id: PythonSpawner(each, as_prompt=False) for each in hosts}
        self.wants_secrets = any(each.wants_secrets for each in self._hosts.values())
        told = [source, label, msgspec.to_builtins(spec), {each.id: each.hash for each in hosts}]
        self.digest = hashlib.sha256(flow.compact(told).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            seen = _Seen(site.voice())
            terms = terms_of(site, seen)
            terms["timeout"], terms["limit"] = self._spec.timeout, 4
            asked = {
                "source": _with_secrets(self._source, site),
                "label": self._label,
                "globals": self._globals(site, value),
                "hosts": list(self._hosts),
                "memory": self._spec.memory_mb << 20,
            }
            serve = _Server(site, self._hosts)
            try:
                told = await process.run_script(f"lua {self._label}", _FILE, asked, serve=serve, **terms)
            except (process.BodyDied, process.BodyRaised) as error:
                raise LuaFailed(self._label, str(error)) from error
            except process.TimedOut:
                why = f"it did not end within {self._spec.timeout:g} s (its timeout){seen.where}"
                raise LuaFailed(self._label, why) from None
            if "gap" in told and isinstance(terms["token"], BeatingToken):
                terms["token"].beats.hear(told["gap"])
            if "error" in told:
                raise LuaFailed(self._label, told["error"])
            if not told["ok"]:
                raise Blocked(told["value"], flow.compact(told["value"]), "")
            return told["value"]

        return body

    def _globals(self, site: Site, value: Any) -> dict[str, Any]:
        prompt, visit = text_form(value), site.visit()
        return {
            "_PROMPT": prompt,
            "_CTX": _parsed(prompt) if isinstance(value, str) else value,
            "_AGENT": self._agent,
            "_TASK_ID": visit_id(site.run_id, visit.address),
            "_ATTEMPT": visit.attempt,
        }


class _Seen:
    """A voice that notes where the script was when it was stopped. where: `; it was last seen in line 3`, or ""."""

    def __init__(self, voice: Voice) -> None:
        self.where = ""
        self._voice = voice

    def __call__(self, stream: str, text: str) -> None:
        if stream == "stderr" and text.startswith(lua_child.SEEN):
            self.where = f"; {text.strip()}"
        self._voice(stream, text)


class _Server:
    """Answers what a script asks: calls of host functions, one at a time."""

    def __init__(self, site: Site, hosts: Mapping[str, PythonSpawner]) -> None:
        self._site, self._here, self._hosts = site, site.here(), hosts

    async def __call__(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """{"value": JSON}, or {"error": text}."""
        try:
            with self._here:
                result = self._hosts[question["host"]].body(self._site)(question["arg"])
                if hasattr(type(result), "__await__"):
                    result = await result
            return {"value": flow.take(result)[0]}
        except Exception as error:  # whatever it raises is an error in the script
            return {"error": str(error) or type(error).__name__}
        except (Aborted, asyncio.CancelledError) as error:
            me = asyncio.current_task()
            if self._site.token.aborted() or (me is not None and me.cancelling()):
                raise
            return {"error": f"it was cancelled: {error}"}


def _with_secrets(source: str, site: Site) -> str:
    """References in the quoted texts of a script become bytes that cannot end the quotes."""

    def put_in(match: re.Match[str]) -> str:
        value = site.secrets.put_in(match[0])
        return match[0] if value == match[0] else "".join(f"\\{byte:03d}" for byte in value.encode())

    return REFERENCE.sub(put_in, source)


def _check_syntax(source: str, label: str) -> None:
    """Parse it here and now; nothing of it runs. Raises: SpecError."""
    from lupa import lua54

    if len(source) > LONGEST:
        raise SpecError(f"lua spec: the script has {len(source)} characters, {LONGEST} are allowed")
    lua = lua54.LuaRuntime(register_eval=False, register_builtins=False, max_memory=PARSE_MEMORY)
    try:
        lua.compile(source, name=f"={label}".encode(), mode=b"t")
    except lua54.LuaError as error:
        raise SpecError(f"lua spec: the script has an error in {lua_child.lined(str(error), label)}") from None
    except UnicodeEncodeError:
        raise SpecError("lua spec: the script is no text that can be written as UTF-8") from None


def _parsed(prompt: str) -> Any:
    """None for what is no JSON."""
    try:
        return flow.decode(prompt.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
