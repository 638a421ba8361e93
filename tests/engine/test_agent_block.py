"""Language models as agents: what they are asked, what they may call, how they answer, and that they end."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flowbench as fb
from flowbench import engine
from flowbench.blueprint import Functions, load
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import until
from tests.flows import Json, attempt, blueprint, step
from tests.need import need

SERVER = {"name": "calc", "command": sys.executable, "args": ["-S", str(Path(__file__).parent / "mcp_server.py")]}


@pytest.fixture(autouse=True)
def library() -> None:
    need(importlib.util.find_spec("pydantic_ai"), "pydantic-ai: pip install pydantic-ai-slim")


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """says(one, another, ...): the model `fake` answers these, one after the other; gives what it was asked.

    A text is an answer, a (tool, arguments) pair a call, a function is called with the last thing it was told.
    """

    def install(*answers: Any) -> list[Any]:
        from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
        from pydantic_ai.models.function import AgentInfo, FunctionModel

        asked: list[Any] = []
        left = list(answers)

        async def model(messages: Any, info: AgentInfo) -> ModelResponse:
            last = messages[-1].parts[-1].content
            asked.append({"said": last, "system": info.instructions, "tools": {t.name: t for t in info.function_tools}})
            said = left.pop(0)
            said = said(last) if callable(said) else said
            said = await said if hasattr(said, "__await__") else said
            return ModelResponse(parts=[TextPart(said) if isinstance(said, str) else ToolCallPart(*said)])

        monkeypatch.setitem(engine.agent_models, "fake", FunctionModel(model))
        return asked

    return install


def block(tools: list[str] | None = None, system: str = "", model: str | None = "fake", **spec: Any) -> Json:
    profile = {"model": model, "system_prompt": system, "tools": tools or []}
    return {"name": "work", "kind": "agent_block", "spec": spec, "profile": profile}


def ended(agent: Json, value: Any = "hi", functions: Functions | None = None, flow: Json | None = None) -> fb.Run:
    run = fb.launch(blueprint(flow or step("work"), agents=[agent]), {"x": value}, functions=functions or Functions())
    run.wait(60)
    return run


def test_it_is_asked_the_prompt_with_its_rendered_system_prompt_and_its_tokens_are_noted(says: Any) -> None:
    asked = says("done")

    run = ended(block(system="Be {{ mood }}."), {"mood": "brief"})

    assert run.ctx == {"x": "done"}
    assert [(each["said"], each["system"]) for each in asked] == [('{"mood":"brief"}', "Be brief.")]
    [note] = [line.text for line in run.log.lines() if line.stream == "note"]
    assert note.startswith("fake: ")
    assert note.endswith("1 requests, 0 tool calls")


@pytest.mark.parametrize(
    ("said", "spec", "value"),
    [
        ("plain words", {}, "plain words"),
        ('{"content": [1], "more": 2}', {}, [1]),
        ('{"response": "r"}', {}, "r"),
        ('```json\n{"verdict": "PASS"}\n```', {}, {"verdict": "PASS"}),
        ("17", {}, "17"),
        ("17", {"fold": "json"}, 17),
        ('{"content": 1}', {"fold": "text"}, '{"content": 1}'),
    ],
)
def test_its_answer_is_the_content_the_response_or_all_of_it(says: Any, said: str, spec: Json, value: Any) -> None:
    says(said)

    assert ended(block(**spec)).ctx == {"x": value}


def test_ok_false_blocks_the_step(says: Any) -> None:
    says('{"content": {"why": 1}, "ok": false}')

    assert 'blocked: {"why":1}' in ended(block(), flow=attempt(step("work"))).ctx["err"]


def test_registered_functions_are_its_tools(says: Any) -> None:
    functions, threads = Functions(), []

    def price(item: str, count: int = 1, *, token: fb.CancelToken) -> int:
        """What so many cost."""
        threads.append(threading.current_thread() is threading.main_thread())
        assert token is not None
        return len(item) * count

    async def double(n: int) -> int:
        return n * 2

    def boom(n: int) -> int:
        raise ValueError("no such thing")

    def shop(item: str, count: int) -> str:
        return f"{count} {item}"

    for name, fn in {"price": price, "double": double, "boom": boom, "shop": shop}.items():
        functions.register(fn, id=name)
    asked = says(
        ("price", {"item": "tea"}),
        ("double", {"n": 4}),
        ("boom", {"n": 1}),
        ("shop", {"item": "tea", "count": 2}),
        "ok",
    )

    run = ended(block(["price", "double", "boom", "shop"]), functions=functions)

    assert run.ctx == {"x": "ok"}
    assert [each["said"] for each in asked] == ["hi", 3, 8, "no such thing", "2 tea"]
    tools = asked[0]["tools"]
    assert tools["price"].description == "What so many cost."
    assert tools["price"].parameters_json_schema["properties"] == {"item": {"type": "string"}}
    assert tools["shop"].parameters_json_schema["required"] == ["item", "count"]
    assert threads == [False]


def test_tools_of_servers_are_offered_as_the_profile_names_them(says: Any) -> None:
    server = {**SERVER, "env": {"UNIT": "kg"}}
    asked = says(("mcp__calc__add", {"a": 2, "b": 3}), ("mcp__calc__fail", {}), "ok")

    run = ended(block(["mcp__calc__add", "mcp__calc__fail"], mcp_servers=[server, {**SERVER, "name": "unused"}]))

    assert run.ctx == {"x": "ok"}
    assert set(asked[0]["tools"]) == {"mcp__calc__add", "mcp__calc__fail"}
    assert [each["said"] for each in asked[1:]] == ["5 kg", "it is broken"]
    assert [line.text for line in run.log.lines() if line.stream == "stderr"] == ["mcp server begins"]
    assert bearing(RUN, run.id) == set()


@pytest.mark.parametrize(
    ("tools", "server", "said"),
    [
        (["mcp__calc__ad"], SERVER, "MCP server 'calc': it has no tool 'ad', did you mean 'add'?"),
        (["mcp__calc__*"], {**SERVER, "command": "no-such-program"}, "MCP server 'calc': "),
        (["mcp__calc__*"], {**SERVER, "args": ["-c", "import sys; sys.exit(3)"]}, "MCP server 'calc': it "),
    ],
)
def test_a_server_that_does_not_serve_fails_the_step(says: Any, tools: list[str], server: Json, said: str) -> None:
    says("never")

    run = ended(block(tools, mcp_servers=[server]))

    assert "agent-block run failed: " + said in str(run.error)


def test_a_server_that_does_not_answer_in_time_tells_the_model(says: Any) -> None:
    asked = says(("mcp__calc__hang", {}), "gave up")

    run = ended(block(["mcp__calc__*"], mcp_servers=[SERVER], mcp_rpc_timeout_ms=3000))

    assert run.ctx == {"x": "gave up"}
    assert "no answer to tools/call within 3 s" in asked[1]["said"]


def test_an_abort_ends_the_request_and_the_servers(says: Any) -> None:
    left = threading.Event()

    async def waits(_: Any) -> str:
        try:
            await asyncio.sleep(600)
        finally:
            left.set()
        return "late"

    says(waits)
    agent = block(["mcp__calc__add"], mcp_servers=[SERVER])
    run = fb.launch(blueprint(step("work"), agents=[agent]), {"x": 1}, functions=Functions())
    until(lambda: any("mcp server begins" in line.text for line in run.log.lines()))

    run.abort()

    assert run.wait(60)
    assert run.state == "cancelled"
    assert bearing(RUN, run.id) == set()


def test_what_goes_wrong_is_the_steps_failure(says: Any) -> None:
    says(lambda _: asyncio.sleep(600))
    assert "agent-block run failed: it did not end within 0.2 s" in str(ended(block(timeout=0.2)).error)

    says(*[("nothing", {})] * 3, "done")
    assert "agent-block run failed: " in str(ended(block(max_requests=1)).error)

    assert "agent-block run failed: Unknown model: nobody:knows" in str(ended(block(model="nobody:knows")).error)


def test_the_librarys_own_test_model_needs_no_registration() -> None:
    functions = Functions()
    functions.register(lambda n: n, id="same")

    assert set(ended(block(["same"], model="test"), functions=functions).ctx["x"]) == {"same"}


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (block(model=None), "profile.model names a provider and its model"),
        (block(model="fak"), "profile.model names a provider"),
        (block(["prize"], model="test"), "profile.tools names 'prize', did you mean 'price'?"),
        (block(["mcp__calk__add"], model="test", mcp_servers=[SERVER]), "the MCP server 'calk', did you mean 'calc'?"),
        (block(model="test", script_path="a.lua"), "script_path is a script of the agent-block SDK"),
        (block(model="test", mcp_servers=[{"name": "a"}]), "agent_block spec: "),
        (block(model="test", mcp_servers=[SERVER, SERVER]), "mcp_servers[1] needs a name of its own"),
        (block(model="test", max_requests=0), "max_requests is a number from 1 on, not 0"),
        (block(model="test", fold="yaml"), "agent_block spec: fold cannot be"),
    ],
)
def test_a_spec_that_says_it_wrong_is_refused_before_anything_runs(agent: Json, said: str) -> None:
    functions = Functions()
    functions.register(lambda n: n, id="price")

    with pytest.raises(engine.InvalidSpec) as refused:
        engine.compile(load(blueprint(step("work"), agents=[agent])), engine.factories(functions))

    assert said in str(refused.value)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowbench.engine.workers.agent_block.find_spec", lambda name: None)

    with pytest.raises(engine.InvalidSpec, match="pip install pydantic-ai-slim"):
        engine.compile(load(blueprint(step("work"), agents=[block()])), engine.factories(Functions()))
