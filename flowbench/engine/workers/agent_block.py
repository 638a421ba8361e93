"""Agents that are language models: asked for each visit, with tools, until they answer. Through pydantic-ai.

Nothing of the library is imported before a step needs it. Source: mlua-swarm 0.2.1 `AgentBlockFactory`; there the
agent-block SDK runs scripts, too.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import Any

import msgspec

from flowbench import flow
from flowbench.blueprint import (
    AgentBlockSpec,
    AgentDef,
    AgentProfile,
    Functions,
    PythonFunction,
    SpecError,
    read_agent_block,
)
from flowbench.engine.errors import AgentBlockFailed, Blocked, McpFailed
from flowbench.engine.folding import fold
from flowbench.engine.handing import on_thread
from flowbench.engine.spawner import Body, Site, Uses
from flowbench.engine.workers.mcp_stdio import McpServer, McpTool
from flowbench.engine.workers.model_tools import MCP, function_tool, mcp_names, mcp_tool
from flowbench.engine.workers.operator import system_of
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.terms import terms_of
from flowbench.errors import nearest

agent_models: dict[str, Any] = {}
"""Models of one's own, by the name that `profile.model` gives: any `pydantic_ai.models.Model`."""

OFFLINE = "test"  # the library's model that calls each tool once and needs no network
SHOWN = 20  # names in an error


class AgentBlockFactory:
    """Builds agents of kind `agent_block`. spec: see AgentBlockSpec. functions: that models may call by name."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def build(self, agent: AgentDef) -> AgentBlockSpawner:
        """Raises: SpecError."""
        spec = read_agent_block(agent.spec)
        if find_spec("pydantic_ai") is None:
            raise SpecError("kind agent_block needs the Python package pydantic-ai-slim: pip install pydantic-ai-slim")
        profile = agent.profile or AgentProfile()
        if not profile.model or not (":" in profile.model or profile.model in {OFFLINE, *agent_models}):
            raise SpecError(
                "agent_block: profile.model names a provider and its model, like anthropic:claude-sonnet-4-5, or a "
                f"model in engine.agent_models ({', '.join(agent_models) or 'none yet'}), not {profile.model!r}"
            )
        wanted = mcp_names(profile.tools)
        known = {each.name for each in spec.mcp_servers}
        for server in wanted:
            if server not in known:
                raise SpecError(f"agent_block: profile.tools names the MCP server '{server}', {_unlike(server, known)}")
        return AgentBlockSpawner(agent.name, spec, profile, self._found(profile))

    def _found(self, profile: AgentProfile) -> list[PythonFunction]:
        found = []
        for name in profile.tools:
            if name.startswith(MCP):
                continue
            if name not in self._functions:
                raise SpecError(
                    f"agent_block: profile.tools names '{name}', {_unlike(name, self._functions.ids())}; a tool is a "
                    f"function registered with @agent, or mcp__<server>__<tool>"
                )
            found.append(self._functions.get(name))
        return found


class AgentBlockSpawner:
    """One model with its system prompt and its tools."""

    quick = False

    def __init__(
        self, agent: str, spec: AgentBlockSpec, profile: AgentProfile, functions: list[PythonFunction]
    ) -> None:
        self._agent, self._spec, self._profile, self._functions = agent, spec, profile, functions
        self._wanted = mcp_names(profile.tools)
        self._servers = [each for each in spec.mcp_servers if each.name in self._wanted]
        self.uses: Uses = "process" if self._servers else "loop"
        self.wants_secrets = any("secret" in each.wants for each in functions)
        told = [
            msgspec.to_builtins(spec),
            [profile.system_prompt, profile.model, profile.effort, list(profile.tools)],
            {each.id: each.hash for each in functions},
        ]
        self.digest = hashlib.sha256(flow.compact(told).encode()).hexdigest()

    def body(self, site: Site) -> Body:
        async def body(value: Any) -> Any:
            with site.here():
                prompt, voice = text_form(value), site.voice()
                system = await system_of(site, self._profile.system_prompt, prompt)
                try:
                    async with asyncio.timeout(self._spec.timeout):
                        said = await self._asked(site, system, prompt)
                except TimeoutError:
                    raise AgentBlockFailed(f"it did not end within {self._spec.timeout:g} s (its timeout)") from None
                except McpFailed as error:
                    raise AgentBlockFailed(str(error)) from error
                voice("note", said.told)
                return answer_of(fold(said.output, self._spec.fold or "containers"))

        return body

    async def _asked(self, site: Site, system: str | None, prompt: str) -> _Said:
        """Raises: AgentBlockFailed, McpFailed, Aborted."""
        async with self._tools(site) as tools:
            agent, limits, errors = await on_thread(self._made, (system, tools, site), site)
            try:
                result = await agent.run(prompt, usage_limits=limits)
            except errors as error:
                raise AgentBlockFailed(_words(error)) from error
        used = result.usage
        told = f"{self._profile.model}: {used.input_tokens} tokens in, {used.output_tokens} out, "
        return _Said(result.output, f"{told}{used.requests} requests, {used.tool_calls} tool calls\n")

    def _made(self, given: tuple[str | None, list[Any], Site]) -> Any:
        """(agent, limits, what it raises). On a thread, as importing the library takes a second.

        Raises: AgentBlockFailed.
        """
        from pydantic_ai import Agent, UsageLimits
        from pydantic_ai.exceptions import AgentRunError, UserError

        system, tools, site = given
        model, effort = self._profile.model or "", self._profile.effort
        settings: Any = None if effort is None else {"thinking": effort}
        try:
            agent: Any = Agent(
                agent_models.get(model, model),
                instructions=system or None,
                tools=[*tools, *(function_tool(each, site) for each in self._functions)],
                name=self._agent,
                model_settings=settings,
            )
        except (UserError, ImportError, ValueError) as error:
            raise AgentBlockFailed(_words(error)) from error
        return agent, UsageLimits(request_limit=self._spec.max_requests), (AgentRunError, UserError, OSError)

    @asynccontextmanager
    async def _tools(self, site: Site) -> AsyncIterator[list[Any]]:
        """The tools of the MCP servers, while these run."""
        if not self._servers:
            yield []
            return
        async with AsyncExitStack() as stack:
            servers = [
                await stack.enter_async_context(self._server(site, index)) for index in range(len(self._servers))
            ]
            tools = []
            for server, has in servers:
                tools += await on_thread(self._offered, (server, has), site)
            yield tools

    @asynccontextmanager
    async def _server(self, site: Site, index: int) -> AsyncIterator[tuple[McpServer, list[McpTool]]]:
        spec, voice = self._servers[index], site.voice()
        filled: Any = site.secrets.put_in(msgspec.to_builtins(spec))
        seconds = self._spec.mcp_rpc_timeout_ms / 1000
        server = McpServer(spec.name, [filled["command"], *filled["args"]], seconds=seconds)
        terms = terms_of(site, lambda stream, text: None if stream == "stdout" else voice(stream, text))
        terms["name"], terms["env"] = f"{terms['name']}-{index}", filled["env"]
        terms["cwd"] = filled["cwd"] or self._spec.project_root
        attending = asyncio.ensure_future(server.attend(terms))
        try:
            yield server, await server.begin()
        finally:
            server.end()
            attending.cancel()  # its tree is gone when this is done
            await asyncio.wait([attending])

    def _offered(self, given: tuple[McpServer, list[McpTool]]) -> list[Any]:
        server, has = given
        wanted = self._wanted[server.name]
        for name in wanted - {"*"}:
            if name not in (known := {each.name for each in has}):
                raise McpFailed(server.name, f"it has no tool '{name}', {_unlike(name, known)}")
        return [mcp_tool(server, each) for each in has if "*" in wanted or each.name in wanted]


class _Said(msgspec.Struct):
    output: Any
    told: str


def answer_of(payload: Any) -> Any:
    """`content` of an object, else its `response`, else all of it. Raises: Blocked, if it says ok=false."""
    if not isinstance(payload, dict):
        return payload
    value = payload.get("content", payload.get("response", payload))
    if payload.get("ok", True) is False:
        raise Blocked(value, flow.compact(value), "")
    return value


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _unlike(name: str, known: Any) -> str:
    names = sorted(known)
    near = nearest(name, names)
    return f"did you mean '{near}'?" if near else f"there is {', '.join(names[:SHOWN]) or 'none'}"
