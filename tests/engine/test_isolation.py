"""Functions in a process of their own: they see what other functions see, and can be killed."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import time
from typing import Any

import pytest

import flowbench as fb
from flowbench.blueprint import Functions, UnfitFunction
from flowbench.process.tagged import RUN, bearing
from tests.engine.programs import until
from tests.flows import Json, attempt, blueprint, seq, step


@pytest.fixture
def functions() -> Functions:
    return Functions()


def launched(functions: Functions, flow: Json, ctx: Any, **more: Any) -> fb.Run:
    return fb.launch(blueprint(flow, **more), ctx, functions=functions)


def test_it_runs_in_another_process_with_the_runs_tag(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def where(value: int) -> Any:
        return [value, os.getpid(), os.environ["FLOWBENCH_RUN"]]

    run = launched(functions, step("where"), {"x": 1})

    value, pid, tag = run.result(60)["x"]
    assert (value, tag) == (1, run.id)
    assert pid != os.getpid()


def test_ctx_prompt_and_token_come_by_name_also_to_async_functions(functions: Functions) -> None:
    @functions.agent(isolation="process")
    async def look(value: Any, ctx: Any, token: fb.CancelToken, prompt: str) -> Any:
        await asyncio.sleep(0)
        token.heartbeat()
        return [value, ctx, prompt, token.deadline is not None]

    run = fb.launch(blueprint(step("look")), {"x": {"a": 1}}, functions=functions, timeout=600)

    assert run.result(60)["x"] == [{"a": 1}, {"x": {"a": 1}}, '{"a":1}', True]


def test_several_parameters_and_rust_fn(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def area(width: int, height: int) -> int:
        return width * height

    @functions.agent(isolation="process")
    def seen(text: str) -> str:
        return text.upper()

    agents = [{"name": "seen", "kind": "rust_fn", "spec": {"fn_id": "seen"}}]
    flow = seq(step("area", "$.box", "$.area"), step("seen", "$.box", "$.seen"))

    ctx = launched(functions, flow, {"box": {"width": 3, "height": 2}}, agents=agents).result(60)

    assert ctx["area"] == 6
    assert ctx["seen"] == '{"HEIGHT":2,"WIDTH":3}'


def test_its_failure_reads_like_any_other(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def bad(value: Any) -> None:
        raise ValueError("boom")

    @functions.agent
    def plain(value: Any) -> None:
        raise ValueError("boom")

    errors = [launched(functions, attempt(step(ref)), {"x": 1}).result(60)["err"] for ref in ("bad", "plain")]

    assert errors[0].replace("bad", "plain") == errors[1]


def test_a_run_that_failed_tells_the_line_in_the_function(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def bad(value: Any) -> None:
        raise ValueError("boom")

    with pytest.raises(fb.RunFailed) as raised:
        launched(functions, step("bad"), {"x": 1}).result(60)

    told = "\n".join(raised.value._render_traceback_())
    assert 'raise ValueError("boom")' in told
    assert "test_isolation.py" in told


def test_an_output_that_is_no_json_is_refused_as_everywhere(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def pair(value: Any) -> Any:
        return {"a": (1, 2)}

    @functions.agent(isolation="process")
    def big(value: Any) -> Any:
        return 1 << 80

    assert "$.a: tuple is no JSON value" in launched(functions, attempt(step("pair")), {"x": 1}).result(60)["err"]
    assert "integer outside 64 bits" in launched(functions, attempt(step("big")), {"x": 1}).result(60)["err"]


def test_its_prints_are_in_the_log_of_its_step(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def talk(value: Any) -> None:
        print("hello from afar")

    run = launched(functions, seq(step("talk")), {"x": 1})
    run.result(60)

    assert ("0", "talk", "stdout", "hello from afar") in [
        (line.at, line.agent, line.stream, line.text) for line in run.log.lines()
    ]


def test_a_crash_is_the_steps_failure_and_nobody_elses(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def crash(value: Any) -> None:
        os.abort()

    ctx = launched(functions, attempt(step("crash")), {"x": 1}).result(60)

    assert "the process of crash was killed by SIGABRT before the function had returned" in ctx["err"]


def test_a_loop_in_c_code_ends_on_abort_with_all_it_has_started(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def stuck(value: Any) -> None:
        subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], start_new_session=True)
        print("up", flush=True)
        sum(range(10**18))

    run = launched(functions, step("stuck"), {"x": 1})
    until(lambda: any(line.text == "up" for line in run.log.lines()))
    run.abort()
    run.wait(60)

    assert run.state == "cancelled"
    assert not run.orphans
    assert bearing(RUN, run.id) == set()


def test_functions_in_processes_run_side_by_side_up_to_the_limit(functions: Functions) -> None:
    @functions.agent(isolation="process")
    def nap(value: int) -> list[float]:
        began = time.time()
        time.sleep(0.2)
        return [began, time.time()]

    node = {
        "kind": "fanout",
        "items": {"op": "lit", "value": [1, 2, 3]},
        "bind": {"op": "path", "at": "$.i"},
        "body": step("nap", "$.i", "$.o"),
        "join": "all",
        "out": {"op": "path", "at": "$.r"},
    }
    times = sorted(b["o"] for b in fb.launch(blueprint(node), {}, functions=functions, limit=1).result(60)["r"])

    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"isolation": "process", "inline": True}, "cannot be inline and in a process of its own"),
        ({"isolation": "thread"}, 'isolation is "process" or None'),
    ],
)
def test_what_contradicts_itself_is_refused(functions: Functions, options: Any, said: str) -> None:
    with pytest.raises(UnfitFunction, match=said):
        functions.register(lambda value: value, id="f", **options)


def test_secrets_are_not_sent_by_name(functions: Functions) -> None:
    with pytest.raises(UnfitFunction, match=r"give it `\$secret:NAME` in its step's input"):
        functions.register(lambda value, secret: value, id="f", isolation="process")
