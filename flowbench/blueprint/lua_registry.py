"""Lua registry: scripts that Blueprints may name by id, and the Python functions that scripts may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flowbench.blueprint.python_function import PythonFunction
from flowbench.blueprint.registry import Functions

F = TypeVar("F", bound=Callable[..., Any])


class LuaScripts:
    """Scripts and host functions, both by name. Registering one again replaces it: a cell may be run twice.

    hosts: the functions. Each is called with the one argument of `host.name(argument)`, as a step calls an agent: it
    may also take ctx, token, prompt and secret, be async, or have a process of its own.
    """

    def __init__(self) -> None:
        self.hosts = Functions()
        self._sources: dict[str, str] = {}

    def register(self, id: str, source: str) -> None:
        """Enter a script, which agents name by `spec: {fn_id: id}`."""
        self._sources[id] = source

    def find(self, id: str) -> str | None:
        return self._sources.get(id)

    def ids(self) -> list[str]:
        return sorted(self._sources)

    def host(self, fn: F, *, name: str | None = None) -> F:
        """Let Lua scripts call this function as `host.name(argument)`: `@lua_host` above its def.

        What it raises is an error in the script, which may catch it. Raises: UnfitFunction.
        """
        self.hosts.register(fn, id=name)
        return fn

    def host_functions(self) -> list[PythonFunction]:
        return [self.hosts.get(name) for name in self.hosts.ids()]


lua_scripts = LuaScripts()
lua_script = lua_scripts.register
lua_host = lua_scripts.host
