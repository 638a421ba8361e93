"""Workers: one agent kind per file."""

from __future__ import annotations

from collections.abc import Mapping

from flowbench.blueprint import Functions, LuaScripts, lua_scripts
from flowbench.engine.spawner import Factory
from flowbench.engine.workers.agent_block import AgentBlockFactory
from flowbench.engine.workers.command import CommandFactory
from flowbench.engine.workers.lua import LuaFactory
from flowbench.engine.workers.operator import OperatorFactory, Operators
from flowbench.engine.workers.python_fn import PythonFactory
from flowbench.engine.workers.tool import ToolFactory


def factories(
    functions: Functions,
    *,
    lua: LuaScripts = lua_scripts,
    operators: Operators | None = None,
    more: Mapping[str, Factory] | None = None,
) -> Mapping[str, Factory]:
    """Everything that can run an agent here, by kind.

    lua: registered scripts, and what scripts may call. operators: by default those of this process's engine.
    more: kinds that other rooms run.
    """
    from flowbench.engine.core import default  # which needs this room for what prompts look like

    return {
        "agent_block": AgentBlockFactory(functions),
        "lua": LuaFactory(lua),
        "operator": OperatorFactory(operators or Operators({}, default)),
        "python_fn": PythonFactory(functions),
        "rust_fn": PythonFactory(functions, as_prompt=True),
        "subprocess": CommandFactory(),
        "tool": ToolFactory(),
        **(more or {}),
    }
