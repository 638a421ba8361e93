"""Agents that are tools: grep, a shell, a page as Markdown. Nothing of a tool is imported before one is built."""

from __future__ import annotations

from flowbench.blueprint import AgentDef, read_tool
from flowbench.engine.spawner import Spawner


class ToolFactory:
    """Builds agents of kind `tool`. spec: `{"tool": its name, "input": ..., ...options}`; see blueprint.TOOLS."""

    def build(self, agent: AgentDef) -> Spawner:
        """Raises: SpecError."""
        spec = read_tool(agent.spec)
        from flowbench.engine.workers.tool_step import ToolSpawner
        from flowbench.tools import CATALOG

        return ToolSpawner(spec, CATALOG[spec.tool])
