"""Lua scripts as agents: what they see, how they answer, what they cannot do, and that they end."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, LuaScripts, load, lua_scripts
from flowbench.engine.ids import visit_id
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import answer, failure, launched, until
from tests.flows import Json, attempt, blueprint, seq, step
from tests.need import need


@pytest.fixture(autouse=True)
def lupa() -> None:
    need(importlib.util.find_spec("lupa"), "lupa: pip install lupa")


def lua(source: str, **spec: Any) -> Json:
    return {"name": "work", "kind": "lua", "spec": {"source": source, **spec}}


@pytest.fixture
def registered() -> Iterator[LuaScripts]:
    """The scripts and host functions of this process; those of the test are taken away again."""
    before = lua_scripts.__dict__.copy()
    lua_scripts.__init__()  # type: ignore[misc]
    yield lua_scripts
    lua_scripts.__dict__.update(before)


def test_it_sees_its_prompt_and_its_place() -> None:
    source = "return {value = {_PROMPT, _CTX, _AGENT, _TASK_ID, _ATTEMPT}}"

    run = launched(lua(source), {"b": 1, "a": [2.5, None, [], {}]}, flow=seq(step("work")))

    prompt, ctx, agent, task, attempt_number = run.result(60)["x"]
    assert prompt == '{"a":[2.5,null,[],{}],"b":1}'
    assert ctx == {"b": 1, "a": [2.5, None, [], {}]}
    assert (agent, task, attempt_number) == ("work", visit_id(run.id, "0"), 1)


@pytest.mark.parametrize(
    ("value", "ctx"), [("plain", None), ('{"a": 1}', {"a": 1}), (7, 7), ("[1", None)], ids=["text", "json", "7", "torn"]
)
def test_the_prompt_is_parsed_where_it_is_json(value: Any, ctx: Any) -> None:
    assert answer(lua("return {_CTX}"), value) == ([] if ctx is None else [ctx]) or ctx is None


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("return {value = 5}", 5),
        ("return {ok = true, verdict = 'PASS'}", {"ok": True, "verdict": "PASS"}),
        ("return {value = {1, 2}, ok = true, more = 3}", [1, 2]),
        ("return 'é', 'second'", "é"),
        ("return {1, 2.0, 'x', true}", [1, 2.0, "x", True]),
        ("return {}", {}),
        ("return array()", []),
        ("return array{1}", [1]),
        ("return null", None),
        ("", None),
        ("return {a = null, b = {_CTX == nil}}", {"a": None, "b": [True]}),
        ("return load('return 1 + 1')()", 2),
    ],
)
def test_what_it_returns_is_its_answer(source: str, value: Any) -> None:
    assert answer(lua(source)) == value


def test_any_json_comes_back_as_it_went_in() -> None:
    value = [
        {"a": {}, "b": [], "": [[], [{}]], "1": "one", "é\u0000": None},
        [None, None, 1, None],
        [-(2**63), 2**63 - 1, 1.0, -0.0, 1e300, 5e-324, True, False, "", "\u2028", "\U0001f600"],
        {"deep": [[[[[[[[[[{"x": [1]}]]]]]]]]]]},
    ]

    told = answer(lua("return {value = _CTX}"), value)

    assert json.dumps(told) == json.dumps(value, sort_keys=True)
    assert answer(lua("return _CTX[1]"), [2**64 - 1]) == float(2**64 - 1)  # as in Lua's own numbers


def test_not_ok_blocks_the_step() -> None:
    assert failure(lua("return {value = {why = 'tired'}, ok = false}")) == 'blocked: {"why":"tired"}'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("local x = nil\n\nreturn x.y", "line 3: attempt to index a nil value (local 'x')"),
        ("error('no')", "line 1: no"),
        ("error({code = 5})", '{"code": 5}'),
        ("error(setmetatable({}, {__tostring = function() return 'nice' end}))", "nice"),
        ("return {1, x = 2}", "$: a table has names, or the numbers of a list, not both"),
        ("return {a = {1, nil, 3}}", "$.a: a list has the keys 1, 2, 3 ... without a gap"),
        ("return {f = print}", "$.f: a function is no JSON value"),
        ("return {0/0}", "$[0]: nan is no JSON number"),
        ("return '\\xff'", "$: a text that is no UTF-8"),
        ("local t = {} t.t = t return t", "200 tables inside each other, or one that holds itself"),
        ("return {ok = 'no'}", '$.ok: true or false, not "no"'),
        ("return host.nope(1)", "line 1: no host function is called 'nope'"),
        ("local function f() return 1 + f() end f()", "stack overflow"),
    ],
)
def test_a_failure_names_the_script_and_the_line(source: str, said: str) -> None:
    told = failure(lua(source))

    assert told.startswith("lua eval [work]: ")
    assert said in told


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end", "not enough memory: the script may have 16"),
        ("return ('x'):rep(1 << 30)", "not enough memory"),
        ("local s, t = ('x'):rep(1e6), {} for i = 1, 1e5 do t[i] = s end return t", "more than 64 MiB"),
        ("local t = {} for i = 1, 1e5 do t = {t, t} end return t", "tables inside each other"),
    ],
    ids=["many", "at once", "one text many times", "doubled"],
)
def test_its_memory_and_its_answer_are_bounded(source: str, said: str) -> None:
    assert said in failure(lua(source, memory_mb=16))


@pytest.mark.parametrize(
    "name",
    ["os", "io", "package", "debug", "require", "dofile", "loadfile", "python", "collectgarbage", "string.dump"],
)
def test_nothing_reaches_outside(name: str) -> None:
    assert answer(lua(f"return {name} == nil")) is True


def test_no_bytecode_is_loaded_and_no_python_object_is_found(registered: LuaScripts) -> None:
    @registered.host
    def bad(value: Any) -> Any:
        raise ValueError("boom")

    source = """
    local seen = {load("\\27Lua") == nil, load("return 1", "x", "b")() == 1}
    local fine, problem = pcall(function() local x = host.bad(1) return x end)
    for _, each in ipairs{problem, getmetatable(host), getmetatable(null), host.bad, tostring(_G)} do
      seen[#seen + 1] = type(each)
    end
    for name, each in pairs(_G) do if type(each) == "userdata" then seen[#seen + 1] = name end end
    return seen
    """

    assert answer(lua(source)) == [True, True, "string", "string", "string", "function", "string"]


def test_the_state_is_fresh_for_each_call() -> None:
    agent = lua("n = (n or 0) + 1 string.n = (string.n or 0) + 1 return {n, string.n}")

    ctx = launched(agent, flow=seq(step("work", out="$.a"), step("work", out="$.b"))).result(60)

    assert (ctx["a"], ctx["b"]) == ([1, 1], [1, 1])


def test_host_functions_are_called_with_json_and_raise_into_the_script(registered: LuaScripts) -> None:
    @registered.host
    def area(width: int, height: int) -> int:
        return width * height

    @registered.host
    async def place(value: Any, ctx: Any, token: fb.CancelToken) -> Any:
        token.heartbeat()
        return [value, ctx, None]

    @registered.host
    def bad(value: Any) -> Any:
        raise ValueError("boom")

    source = """
    local fine, problem = pcall(function() local x = host.bad(1) return x end)
    return {host.area{width = 3, height = 2}, host.place("here"), fine, problem}
    """
    size, where, fine, problem = answer(lua(source), {"in": 1})

    assert size == 6
    assert where == ["here", {"x": {"in": 1}}, None]
    assert (fine, problem) == (False, "work:2: host.bad: boom")


def test_an_agent_may_be_given_a_few_host_functions_only(registered: LuaScripts) -> None:
    registered.host(lambda value: value, name="one")
    registered.host(lambda value: value, name="two")

    assert answer(lua("return {pcall(function() return host.two(1) end)}", hosts=["one"]))[0] is False
    assert answer(lua("return host.one(1)", hosts=["one"])) == 1


def test_prints_are_in_the_log_of_the_step() -> None:
    run = launched(lua("print('one', 2, nil)"))
    run.result(60)

    assert ("stdout", "work", "one\t2\tnil") in [(line.stream, line.agent, line.text) for line in run.log.lines()]


def test_a_registered_script_and_one_from_a_file(registered: LuaScripts, tmp_path: Path) -> None:
    registered.register("judge", "return {value = 'registered'}")
    (tmp_path / "judge.lua").write_text("-- a comment\nreturn {value = 'from a file'}")
    agents = [
        {"name": "a", "kind": "lua", "spec": {"fn_id": "judge"}},
        {"name": "b", "kind": "lua", "spec": {"source": {"$file": "judge.lua"}}},
    ]
    flow = seq(step("a", out="$.a"), step("b", out="$.b"))

    ctx = fb.launch(load(blueprint(flow, agents=agents), folder=tmp_path), {"x": 1}).result(60)

    assert (ctx["a"], ctx["b"]) == ("registered", "from a file")


def test_a_secret_in_a_quoted_text_cannot_end_it() -> None:
    key = "s3cret\" .. os.exit() .. '\n\\"

    run = launched(lua("return {#'$secret:KEY', '$secret:KEY'}"), secrets={"KEY": key})

    assert run.result(60)["x"] == [len(key), "$secret:KEY"]


@pytest.mark.parametrize(
    "loop",
    [
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'again') end",
        "coroutine.wrap(function() while true do end end)()",
        "local x = (('a'):rep(40)):find(('a*'):rep(40) .. 'b')",
    ],
    ids=["pcall around a loop", "errors swallowed", "coroutine", "inside of C"],
)
def test_a_loop_ends_on_abort_and_leaves_no_process(loop: str) -> None:
    run = launched(lua(f"print('up') {loop}"))
    until(lambda: any(line.text == "up" for line in run.log.lines()))

    run.abort()
    run.wait(60)

    assert run.state == "cancelled"
    assert not run.orphans
    assert bearing(RUN, run.id) == set()


def test_an_abort_ends_a_script_that_waits_for_a_host_function(registered: LuaScripts) -> None:
    @registered.host
    def wait(value: Any, token: fb.CancelToken) -> Any:
        print("waiting")
        until(token.aborted)
        token.heartbeat()

    run = launched(lua("while true do pcall(host.wait, 1) end"))
    until(lambda: any("waiting" in line.text for line in run.log.lines()))

    run.abort()
    run.wait(60)

    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()


def test_its_timeout_is_the_steps_failure() -> None:
    run = launched(lua("while true do end", timeout=0.3), flow=attempt(step("work", "$.x", "$.y")))

    assert "lua eval [work]: it did not end within 0.3 s (its timeout)" in run.result(60)["err"]


def test_who_stops_a_script_is_told_where_it_was() -> None:
    run = launched(lua("local n = 0\nwhile true do for i = 1, 3000000 do n = n + i end print('round') end"))
    until(lambda: sum(line.text == "round" for line in run.log.lines()) > 1)

    run.abort()
    run.wait(60)

    assert [line.text for line in run.log.lines() if line.stream == "stderr"] == ["it was last seen in line 2"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "lua spec: 'fn_id' (string) required, or 'source' with the script itself"),
        ({"fn_id": "juge"}, "fn_id 'juge' not registered in factory; did you mean 'judge'?"),
        ({"source": "return 1", "fn_id": "judge"}, "'source' and 'fn_id' both name a script"),
        ({"source": "return 1", "timout": 1}, "lua spec: nobody knows 'timout'; did you mean 'timeout'?"),
        ({"source": "return 1", "timeout": -1}, "timeout is a number of seconds over 0"),
        ({"source": "return 1", "memory_mb": 0}, "memory_mb is a number of MiB from 1 on, not 0"),
        ({"source": "return 1", "hosts": ["fetsch"]}, "no host function is called 'fetsch'; did you mean 'fetch'?"),
        ({"source": "x = 1\nreturn +"}, "the script has an error in line 2: unexpected symbol near '+'"),
        ({"source": "\x1bLua"}, "the script has an error in attempt to load a binary chunk"),
    ],
)
def test_a_spec_that_says_it_wrong_is_refused_before_anything_runs(
    spec: Any, said: str, registered: LuaScripts
) -> None:
    registered.register("judge", "return 1")
    registered.host(lambda value: value, name="fetch")
    agents = [{"name": "work", "kind": "lua", "spec": spec}]

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(load(blueprint(step("work"), agents=agents)), engine.factories(Functions()))

    assert said in str(refused.value)
    assert refused.value.place.startswith("$.agents[0].spec")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowbench.engine.workers.lua.find_spec", lambda name: None)

    with pytest.raises(engine.InvalidSpec, match="kind lua needs the Python package lupa: pip install lupa"):
        engine.compile(load(blueprint(step("work"), agents=[lua("return 1")])), engine.factories(Functions()))


def test_the_digest_follows_the_script_and_what_it_may_call() -> None:
    def digest(source: str, *hosts: Any) -> str:
        scripts = LuaScripts()
        for each in hosts:
            scripts.host(each, name="host")
        factories = engine.factories(Functions(), lua=scripts)
        return engine.compile(load(blueprint(step("work"), agents=[lua(source)])), factories).routes["work"].digest

    one = digest("return 1")
    assert one == digest("return 1")
    assert len({one, digest("return 2"), digest("return 1", lambda a: a), digest("return 1", lambda a: [a])}) == 4
