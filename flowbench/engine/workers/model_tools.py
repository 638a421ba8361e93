"""Model tools: what a model may call in a step: registered Python functions, and tools of MCP servers."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from typing import Any

from flowbench import flow
from flowbench.blueprint import PythonFunction, UnfitInput
from flowbench.cancel import Aborted
from flowbench.engine.errors import McpFailed
from flowbench.engine.spawner import Site
from flowbench.engine.workers.agent_block import MCP
from flowbench.engine.workers.mcp_stdio import McpServer, McpTool
from flowbench.engine.workers.python_fn import PythonSpawner

VALUE = "value"  # how the one argument of a function is called that gives it no name


def function_tool(function: PythonFunction, site: Site) -> Any:
    """A pydantic_ai.Tool that calls the function as a step would: on a thread, in a process, as it says itself."""
    from pydantic_ai import Tool
    from pydantic_ai.exceptions import ModelRetry, ToolFailed

    body, here = PythonSpawner(function, as_prompt=False).body(site), site.here()
    single, schema = _schema(function)

    async def call(**given: Any) -> Any:
        value = given.get(single) if single else given or None
        try:
            with here:
                result = body(value)
                if hasattr(type(result), "__await__"):
                    result = await result
            return flow.take(result)[0]
        except UnfitInput as error:
            raise ModelRetry(str(error)) from error
        except Exception as error:  # whatever it raises is for the model to hear
            raise ToolFailed(str(error) or type(error).__name__) from error
        except (Aborted, asyncio.CancelledError) as error:
            me = asyncio.current_task()
            if site.token.aborted() or (me is not None and me.cancelling()):
                raise
            raise ToolFailed(f"it was cancelled: {error}") from error

    return Tool.from_schema(call, function.id, inspect.getdoc(function.fn) or function.id, schema)


def mcp_tool(server: McpServer, tool: McpTool) -> Any:
    """A pydantic_ai.Tool that asks the server."""
    from pydantic_ai import Tool
    from pydantic_ai.exceptions import ToolFailed

    async def call(**given: Any) -> Any:
        try:
            said, fine = await server.call(tool.name, given)
        except McpFailed as error:
            raise ToolFailed(str(error)) from error
        if not fine:
            raise ToolFailed(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
        return said

    name = f"{MCP}{server.name}__{tool.name}"
    return Tool.from_schema(call, name, tool.description or tool.name, tool.input_schema)


def _schema(function: PythonFunction) -> tuple[str, dict[str, Any]]:
    """(the one argument that is the input, or "" where the object of them is, JSON Schema of all)."""
    parameters = [
        each for each in inspect.signature(function.fn).parameters.values() if each.name not in function.wants
    ]
    fixed = [each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    single = ""
    if function.takes == "value":
        needed = [each for each in fixed if each.default is each.empty] or fixed
        single, fixed = (needed[0].name if needed else VALUE), needed[:1]
    types = _types(function.fn)
    properties = {each.name: types(each.name) for each in fixed} or ({single: {}} if single else {})
    needs = [each.name for each in fixed if each.default is each.empty]
    return single, {
        "type": "object",
        "properties": properties,
        "required": needs,
        "additionalProperties": function.open_ended,
    }


def _types(fn: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """JSON Schema of a parameter by its annotation; of one that says nothing, or nothing that is known: anything."""
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        annotations = inspect.get_annotations(inspect.unwrap(fn), eval_str=True) if inspect.isroutine(fn) else {}
    except Exception:  # annotations are foreign code
        annotations = {}

    def schema(name: str) -> dict[str, Any]:
        if name not in annotations:
            return {}
        try:
            return TypeAdapter(annotations[name]).json_schema()
        except (PydanticUserError, TypeError, NameError):
            return {}

    return schema
