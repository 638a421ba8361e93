"""Model block: one language model is asked for each visit, with tools, until it answers. Through pydantic-ai."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from flowbench import flow
from flowbench.blueprint import AgentBlockSpec, AgentProfile, PythonFunction
from flowbench.engine.errors import AgentBlockFailed, Blocked, McpFailed
from flowbench.engine.folding import fold
from flowbench.engine.handing import on_thread
from flowbench.engine.spawner import Body, Site, Uses
from flowbench.engine.workers.agent_block import agent_models, mcp_names, unlike
from flowbench.engine.workers.mcp_stdio import McpServer, McpTool
from flowbench.engine.workers.model_tools import function_tool, mcp_tool
from flowbench.engine.workers.operator import system_of
from flowbench.engine.workers.prompt import text_form
from flowbench.engine.workers.terms import terms_of


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
                raise McpFailed(server.name, f"it has no tool '{name}', {unlike(name, known)}")
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
