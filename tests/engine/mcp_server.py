"""An MCP server of the tests: `add`, `fail`, `hang`; says on stderr when it begins. Standard library only."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

TOOLS = [
    {
        "name": "add",
        "description": "Adds two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
    {"name": "fail", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "hang", "inputSchema": {"type": "object", "properties": {}}},
]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {}}
    if method == "tools/list":
        first = params.get("cursor") is None
        return {"tools": TOOLS[:1], "nextCursor": "2"} if first else {"tools": TOOLS[1:]}
    tool, arguments = params["name"], params["arguments"]
    if tool == "hang":
        print("hanging", file=sys.stderr, flush=True)
        time.sleep(600)
    if tool == "fail":
        return {"content": [{"type": "text", "text": "it is broken"}], "isError": True}
    total = arguments["a"] + arguments["b"]
    return {"content": [{"type": "text", "text": f"{total} {os.environ.get('UNIT', '')}".strip()}]}


print("mcp server begins", file=sys.stderr, flush=True)
print("a line that is no JSON", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        told = answer(asked["method"], asked.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": told}), flush=True)
