"""MCP over stdio: a server of tools as a child of the run, which dies with it.

pydantic-ai's own client needs some thirty more packages and starts servers that outlive an abort; what a step needs
of the protocol are four messages. Source: Model Context Protocol 2025-06-18, lifecycle and tools.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from flowbench import process
from flowbench.cancel import Aborted
from flowbench.engine.errors import McpFailed
from flowbench.process import Terms

PROTOCOL = "2025-06-18"
UNKNOWN_METHOD = -32601
PAGES = 100  # of tools that one server may list


class McpTool(msgspec.Struct, frozen=True, rename="camel"):
    """As a server lists it. input_schema: JSON Schema of its arguments."""

    name: str
    description: str | None = None
    input_schema: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})


class McpServer:
    """One server. seconds: that it may take for each answer.

    Begin `attend` in a task group, then `begin`; `end` lets it go.
    """

    def __init__(self, name: str, argv: Sequence[str], *, seconds: float) -> None:
        self.name, self._seconds = name, seconds
        self._dialog = process.Dialog(argv, self._hear)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._ended: str | None = None

    async def attend(self, terms: Terms) -> None:
        """Its life; how it ends is told to whoever waits for an answer."""
        try:
            ended = await self._dialog.attend(**terms)
            self._ended = f"it {process.ended(ended.code)}" if ended.code else "it has ended"
        except (process.ProcessError, Aborted) as error:
            self._ended = str(error)
        finally:
            for each in self._waiting.values():
                if not each.done():
                    each.set_exception(McpFailed(self.name, self._ended or "it was stopped"))

    async def begin(self) -> list[McpTool]:
        """Shake hands; the tools it has. Raises: McpFailed."""
        about = {"name": "flowbench", "version": "0"}
        await self._ask("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": about})
        self._say({"method": "notifications/initialized"})
        tools: list[McpTool] = []
        cursor: dict[str, Any] = {}
        for _ in range(PAGES):
            page = await self._ask("tools/list", cursor)
            try:
                tools += msgspec.convert(page.get("tools", []), list[McpTool])
            except msgspec.ValidationError as error:
                raise McpFailed(self.name, f"its list of tools makes no sense: {error}") from None
            if not isinstance(after := page.get("nextCursor"), str):
                break
            cursor = {"cursor": after}
        return tools

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[Any, bool]:
        """(what it says, all is well). Raises: McpFailed."""
        said = await self._ask("tools/call", {"name": tool, "arguments": arguments})
        fine = said.get("isError") is not True
        if said.get("structuredContent") is not None:
            return said["structuredContent"], fine
        parts = [part for part in said.get("content") or [] if isinstance(part, dict)]
        if all(part.get("type") == "text" for part in parts):
            return "\n".join(str(part.get("text", "")) for part in parts), fine
        return parts, fine

    def end(self) -> None:
        """Its stdin ends, which asks it to go."""
        self._dialog.end()

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if self._ended is not None:
            raise McpFailed(self.name, self._ended)
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._say({"id": number, "method": method, "params": params})
        try:
            async with asyncio.timeout(self._seconds):
                said = await answer
        except TimeoutError:
            raise McpFailed(self.name, f"no answer to {method} within {self._seconds:g} s") from None
        finally:
            del self._waiting[number]
        if "error" in said:
            error = said["error"]
            why = error.get("message") if isinstance(error, dict) else error
            raise McpFailed(self.name, f"{method}: {why}")
        result = said.get("result")
        return result if isinstance(result, dict) else {}

    def _say(self, message: dict[str, Any]) -> None:
        self._dialog.say(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def _hear(self, line: bytes) -> None:
        """Answers are handed on; of what a server asks only whether anybody is there is answered."""
        try:
            said = json.loads(line)
        except ValueError:
            return  # a server that prints: its stderr would be the place
        if not isinstance(said, dict):
            return
        if "method" not in said:
            waiting = self._waiting.get(said.get("id"))  # type: ignore[arg-type]  # whatever it made of our numbers
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
        elif said.get("method") == "ping":
            self._say({"id": said.get("id"), "result": {}})
        elif "id" in said:
            self._say({"id": said["id"], "error": {"code": UNKNOWN_METHOD, "message": "flowbench offers nothing"}})
