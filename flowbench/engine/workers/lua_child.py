"""Lua child: one Lua script in a state of its own, inside a process of its own; JSON in, JSON out.

Standard library and lupa only: `process.run_script` reads this file into a bare interpreter. The script gets the
language without what reaches outside of it; it never holds a Python object, and functions of ours never raise into it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

DEEPEST = 200  # containers inside each other
LARGEST = 64 << 20  # characters and values of one JSON value: one long text may stand in a table a million times
SEEN = "it was last seen in line "
FULL = "not enough memory"  # in Lua's own words
HEADROOM = 512 << 20  # bytes of address space beside the script's own memory

PRELUDE = """
local send, say, beat, label = ...
local error, pcall, xpcall, select, type, tostring = error, pcall, xpcall, select, type, tostring
local setmetatable, rawget, rawset, load, concat = setmetatable, rawget, rawset, load, table.concat
local ARRAY = {__name = "array", __metatable = "array"}
local null = setmetatable({}, {__name = "null", __metatable = "null", __tostring = function() return "null" end,
  __newindex = function() error("null holds nothing", 2) end})
local real, sethook, getinfo = debug.getmetatable, debug.sethook, debug.getinfo

local function kind(value)
  if value == null then return "null" end
  if real(value) == ARRAY then return "array" end
  return "table"
end

function array(items)
  if items == nil then items = {} end
  if type(items) ~= "table" then error("array takes a table", 2) end
  return setmetatable(items, ARRAY)
end

_G.null = null
print = function(...)
  local parts = {}
  for n = 1, select("#", ...) do parts[n] = tostring((select(n, ...))) end
  say(concat(parts, "\\t"))
end
_G.load = function(chunk, name, mode, ...)
  if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
  return load(chunk, name, "t")
end
host = setmetatable({}, {__metatable = "host", __index = function(_, name)
  error("no host function is called '" .. tostring(name) .. "'" , 2)
end})
os, io, package, debug, require, dofile, loadfile, python, collectgarbage, warn = nil
string.dump = nil

local function lend(name)
  rawset(host, name, function(arg)
    local fine, value = send(name, arg)
    if not fine then error(value, 2) end
    return value
  end)
end

local function look()
  for level = 2, 20 do
    local at = getinfo(level, "Sl")
    if not at then return end
    if at.short_src == label then return beat(at.currentline) end
  end
end

local function run(chunk)
  local told
  sethook(look, "", 1000000)
  local fine, value = xpcall(chunk, function(problem)
    if type(problem) == "string" then told = problem end
    local meta = real(problem)
    if told == nil and meta and rawget(meta, "__tostring") then
      local can, text = pcall(tostring, problem)
      if can then told = text end
    end
    return problem
  end)
  return fine, value, told
end

return kind, array, null, lend, run
"""

Ask = Callable[[Any], Any]


class Unfit(Exception):
    """A Lua value that is no JSON; says where."""


def main(asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """{"value": JSON, "ok": bool}, or {"error": text} with the script's line; with both, "gap" of its heartbeats.

    asked: source, label, globals (name -> JSON), hosts (names), memory (bytes).
    """
    from lupa import lua54

    _limit(asked["memory"] + HEADROOM)
    lua = lua54.LuaRuntime(
        encoding=None,
        source_encoding="utf-8",
        register_eval=False,
        register_builtins=False,
        unpack_returned_tuples=True,
        attribute_filter=_no_attribute,
        overflow_handler=float,
        max_memory=asked["memory"],
    )
    label = asked["label"]
    state = _State(lua, lua54, ask, label)
    try:
        for name in asked["hosts"]:
            state.lend(name.encode())
        for name, value in asked["globals"].items():
            lua.globals()[name.encode()] = state.to_lua(value)
        chunk = lua.compile(asked["source"], name=b"=" + label.encode(), mode=b"t")
    except lua54.LuaMemoryError:
        return {"error": "the script and its input need more memory than it may have"}
    except lua54.LuaError as error:  # a syntax error
        return {"error": lined(_words(error), label)}
    except RecursionError:
        return {"error": "its input has too many lists and objects inside each other"}
    try:
        fine, value, told = _beside(lambda: state.run(chunk), state)
        if not fine:
            said = lined(state.problem(value, told), label)
            said = f"{said}: the script may have {asked['memory'] >> 20} MiB" if said == FULL else said
            return {"error": said, **state.beaten()}
        return {**state.answer(value), **state.beaten()}
    except Unfit as error:
        return {"error": str(error)}
    except (lua54.LuaMemoryError, MemoryError):
        return {"error": f"{FULL}: the script may have {asked['memory'] >> 20} MiB"}


class _State:
    """line: where the script was at its last heartbeat, every million instructions; 0 before the first. gap: seconds
    between two of them, at most, the first counted from the start.
    """

    def __init__(self, lua: Any, library: Any, ask: Ask, label: str) -> None:
        self._lua, self._ask, self.line = lua, ask, 0
        self.gap, self._last = 0.0, perf_counter()
        self._type = library.lua_type
        made = lua.compile(PRELUDE, name=b"=prelude", mode=b"t")(self._send, _say, self._beat, label.encode())
        self._kind, self._array, self._null, self.lend, self.run = made

    def to_lua(self, value: Any, inside: bool = False) -> Any:
        """A list becomes a marked table, so that it comes back as one; null inside of something becomes `null`."""
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        if isinstance(value, list):
            return self._array(self._lua.table_from([self.to_lua(each, True) for each in value]))
        if isinstance(value, dict):
            pairs = {key.encode("utf-8", "surrogatepass"): self.to_lua(each, True) for key, each in value.items()}
            return self._lua.table_from(pairs)
        return self._null if value is None and inside else value

    def to_json(self, value: Any) -> Any:
        """Raises: Unfit."""
        self._left = LARGEST
        self._charge(value)
        return self._plain(value, "$", 0)

    def _charge(self, value: Any) -> None:
        self._left -= 16 + (len(value) if isinstance(value, bytes) else 0)
        if self._left < 0:
            raise Unfit(f"the value is too large: it has more than {LARGEST >> 20} MiB")

    def _plain(self, value: Any, place: str, depth: int) -> Any:
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, bytes):
            return _text(value, place)
        if isinstance(value, float):
            if value - value != 0.0:
                raise Unfit(f"{place}: {value} is no JSON number")
            return value
        kind = self._type(value)
        if kind != "table":
            raise Unfit(f"{place}: a {kind} is no JSON value")
        if depth == DEEPEST:
            raise Unfit(f"{place[:40]}...: more than {DEEPEST} tables inside each other, or one that holds itself")
        mark = self._kind(value)
        return None if mark == b"null" else self._container(value, mark == b"array", place, depth + 1)

    def _container(self, table: Any, is_array: bool, place: str, depth: int) -> Any:
        found = {}
        for key, each in table.items():  # one by one: a long text comes as a copy each time
            self._charge(key)
            self._charge(each)
            found[key] = each
        if is_array or (found and all(key.__class__ is int for key in found)):
            size = len(found)
            if any(key.__class__ is not int or not 1 <= key <= size for key in found):
                raise Unfit(f"{place}: a list has the keys 1, 2, 3 ... without a gap, and no others")
            return [self._plain(found[n], f"{place}[{n - 1}]", depth) for n in range(1, size + 1)]
        made = {}
        if not all(isinstance(key, bytes) for key in found):
            raise Unfit(f"{place}: a table has names, or the numbers of a list, not both and nothing else")
        for key in sorted(found):  # Lua's own order is another one each time
            name = _text(key, place)
            made[name] = self._plain(found[key], f"{place}.{name}", depth)
        return made

    def _send(self, name: bytes, arg: Any) -> tuple[bool, Any]:
        """A call of `host.name(arg)`. Never raises: the script would get hold of the exception."""
        try:
            reply = self._ask({"host": name.decode(), "arg": self.to_json(arg)})
            if "error" in reply:
                return False, b"host." + name + b": " + reply["error"].encode("utf-8", "replace")
            return True, self.to_lua(reply["value"])
        except Unfit as error:
            return False, b"host." + name + b": its argument cannot be sent: " + str(error).encode()
        except EOFError:
            os._exit(1)  # whoever would answer is gone
        except Exception as error:
            return False, b"host." + name + b": " + str(error).encode("utf-8", "replace")

    def _beat(self, line: int) -> None:
        self.line, now = line, perf_counter()
        self.gap, self._last = max(self.gap, now - self._last), now

    def beaten(self) -> dict[str, float]:
        """{"gap": seconds}, its end included, if there was a heartbeat."""
        return {"gap": max(self.gap, perf_counter() - self._last)} if self.line else {}

    def answer(self, value: Any) -> dict[str, Any]:
        """A table with the key `value` or `ok` says both; any other value is the answer, and ok.

        Raises: Unfit. Source: mlua-swarm 0.2.1 `LuaInProcessSpawnerFactory`.
        """
        whole = self.to_json(value)
        if not isinstance(whole, dict) or not whole.keys() & {"value", "ok"}:
            return {"value": whole, "ok": True}
        ok = whole.get("ok", True)
        if not isinstance(ok, bool):
            raise Unfit(f"$.ok: true or false, not {json.dumps(ok)[:80]}")
        return {"value": whole.get("value", None) if "value" in whole else whole, "ok": ok}

    def problem(self, value: Any, told: bytes | None) -> str:
        """What was thrown, in words."""
        if told is None and isinstance(value, bytes):
            told = value  # out of memory: nobody was asked
        if told is not None:
            return told.decode("utf-8", "replace")
        if isinstance(value, BaseException):
            return _words(value)
        try:
            return json.dumps(self.to_json(value), ensure_ascii=False)
        except Unfit:
            return f"an error that is a {self._type(value)}"


def _beside(run: Callable[[], Any], state: _State) -> Any:
    """`run()` on a thread, so that this one hears at once that it is asked to stop, and says where the script was.

    Raises: what it raises.
    """

    def stop(number: int, frame: object) -> None:
        if state.line:
            os.write(2, f"{SEEN}{state.line}\n".encode())
        os._exit(1)

    results: list[Any] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(run())
        except BaseException as error:  # told by whoever waits
            failures.append(error)

    signal.signal(signal.SIGTERM, stop)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _words(error: BaseException) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _text(value: bytes, place: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unfit(f"{place}: a text that is no UTF-8") from None


def lined(text: str, label: str) -> str:
    """`judge:3: oh` -> `line 3: oh`; also used where scripts are parsed before they run."""
    number, colon, rest = text.removeprefix(f"{label}:").partition(":")
    return f"line {number}:{rest}" if text.startswith(f"{label}:") and colon and number.isdigit() else text


def _say(text: bytes) -> None:
    sys.stdout.write(text.decode("utf-8", "replace") + "\n")


def _no_attribute(*_: object) -> str:
    raise AttributeError("nothing here")


def _limit(size: int) -> None:
    """Where the system can: no more address space, no core file."""
    import resource

    for what, most in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue
