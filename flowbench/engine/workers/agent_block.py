"""Agents that are language models: what their Blueprint has to say. Who asks them is in model_block.

Nothing of pydantic-ai is imported before a step needs it. Source: mlua-swarm 0.2.1 `AgentBlockFactory`; there the
agent-block SDK runs scripts, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from flowbench.blueprint import AgentDef, AgentProfile, Functions, PythonFunction, SpecError, read_agent_block
from flowbench.engine.spawner import Spawner
from flowbench.errors import nearest

agent_models: dict[str, Any] = {}
"""Models of one's own, by the name that `profile.model` gives: any `pydantic_ai.models.Model`."""

OFFLINE = "test"  # the library's model that calls each tool once and needs no network
MCP = "mcp__"
SHOWN = 20  # names in an error


class AgentBlockFactory:
    """Builds agents of kind `agent_block`. spec: see AgentBlockSpec. functions: that models may call by name."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def build(self, agent: AgentDef) -> Spawner:
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
                raise SpecError(f"agent_block: profile.tools names the MCP server '{server}', {unlike(server, known)}")
        from flowbench.engine.workers.model_block import AgentBlockSpawner  # most runs ask no model

        return AgentBlockSpawner(agent.name, spec, profile, self._found(profile))

    def _found(self, profile: AgentProfile) -> list[PythonFunction]:
        found = []
        for name in profile.tools:
            if name.startswith(MCP):
                continue
            if name not in self._functions:
                raise SpecError(
                    f"agent_block: profile.tools names '{name}', {unlike(name, self._functions.ids())}; a tool is a "
                    f"function registered with @agent, or mcp__<server>__<tool>"
                )
            found.append(self._functions.get(name))
        return found


def mcp_names(tools: tuple[str, ...]) -> dict[str, set[str]]:
    """Server -> its tools that `mcp__<server>__<tool>` entries name; `*` for all."""
    found: dict[str, set[str]] = {}
    for tool in tools:
        server, separator, name = tool.removeprefix(MCP).partition("__")
        if tool.startswith(MCP) and separator and server and name:
            found.setdefault(server, set()).add(name)
    return found


def unlike(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = nearest(name, names)
    return f"did you mean '{near}'?" if near else f"there is {', '.join(names[:SHOWN]) or 'none'}"
