"""Python functions as agents: what they are called with, and where they run."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from tests.flows import Json, blueprint, fan, seq, step


@pytest.fixture
def functions() -> Functions:
    return Functions()


def result(functions: Functions, flow: Json, ctx: Any, **more: Any) -> Any:
    return fb.launch(blueprint(flow, **more), ctx, functions=functions).result(30)


def test_inline_async_and_plain_run_where_they_say(functions: Functions) -> None:
    @functions.agent(inline=True)
    def inline(value: Any) -> str:
        return threading.current_thread().name

    @functions.agent
    async def on_loop(value: Any) -> str:
        return threading.current_thread().name

    @functions.agent
    def on_thread(value: Any) -> str:
        return threading.current_thread().name

    ctx = result(functions, seq(*[step(n, out=f"$.{n}") for n in ("inline", "on_loop", "on_thread")]), {"x": 1})

    assert ctx["inline"] == ctx["on_loop"] == "flowbench-engine"
    assert ctx["on_thread"] != "flowbench-engine"


@pytest.mark.parametrize("way", ["inline", "async", "thread"])
def test_ctx_token_and_prompt_come_by_name(functions: Functions, way: str) -> None:
    if way == "async":

        @functions.agent(id="look")
        async def look_async(value: Any, ctx: Any, token: fb.CancelToken, prompt: str) -> Any:
            return [value, ctx, token.aborted(), prompt]
    else:

        @functions.agent(id="look", inline=way == "inline")
        def look(value: Any, ctx: Any, token: fb.CancelToken, prompt: str) -> Any:
            return [value, ctx, token.aborted(), prompt]

    ctx = result(functions, step("look"), {"x": {"b": 1, "a": [1.0]}})

    assert ctx["x"] == [{"b": 1, "a": [1.0]}, {"x": {"b": 1, "a": [1.0]}}, False, '{"a":[1.0],"b":1}']


def test_a_function_may_do_what_it_likes_to_its_ctx_and_input(functions: Functions) -> None:
    @functions.agent(inline=True)
    def spoil(value: Any, ctx: Any) -> int:
        value.append(9)
        ctx["x"] = "gone"
        return len(value)

    assert result(functions, step("spoil", "$.x", "$.y"), {"x": [1]}) == {"x": [1], "y": 2}


def test_several_parameters_get_the_inputs_keys(functions: Functions) -> None:
    @functions.agent
    def area(width: int, height: int, times: int = 1) -> int:
        return width * height * times

    assert result(functions, step("area"), {"x": {"width": 3, "height": 2}}) == {"x": 6}
    with pytest.raises(fb.RunFailed, match='"width" is missing, "depth" is unexpected'):
        result(functions, step("area"), {"x": {"depth": 3, "height": 1}})


def test_spelled_rust_fn_it_gets_the_prompt(functions: Functions) -> None:
    functions.register(lambda text: [type(text).__name__, text], id="seen", inline=True)
    agents = [{"name": "seen", "kind": "rust_fn", "spec": {"fn_id": "seen"}}]

    assert result(functions, step("seen"), {"x": {"é": 1e21}}, agents=agents)["x"] == ["str", '{"é":1e21}']
    assert result(functions, step("seen"), {"x": "plain"}, agents=agents)["x"] == ["str", "plain"]


def test_the_token_of_a_loser_is_aborted(functions: Functions) -> None:
    heard: list[str] = []

    @functions.agent
    def racer(value: int, token: fb.CancelToken) -> int:
        if value == 2:
            time.sleep(0.02)
            return value
        cause = token.wait_blocking(20)
        heard.append("stopped" if cause is not None else "never")
        return value

    ctx = result(functions, fan(step("racer", "$.i", "$.o"), join="any"), {})
    until = time.monotonic() + 10
    while len(heard) < 2 and time.monotonic() < until:
        time.sleep(0.005)

    assert ctx["r"]["o"] == 2
    assert heard == ["stopped", "stopped"]


def test_an_async_agent_sees_its_own_cancellation_and_its_token(functions: Functions) -> None:
    seen: list[bool] = []

    @functions.agent
    async def wait(value: Any, token: fb.CancelToken) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append(token.aborted())

    run = fb.launch(blueprint(step("wait")), {"x": 1}, functions=functions)
    while not run.progress().running:
        time.sleep(0.005)
    run.abort()
    run.wait(30)

    assert seen == [True]


def test_plain_functions_run_side_by_side(functions: Functions) -> None:
    together = threading.Barrier(3, timeout=20)

    @functions.agent
    def meet(value: int) -> int:
        together.wait()
        return value

    ctx = result(functions, fan(step("meet", "$.i", "$.o")), {})

    assert [b["o"] for b in ctx["r"]] == [1, 2, 3]
