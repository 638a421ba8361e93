"""Prints of bodies: whose they are, and where else they appear."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import traceback
from contextlib import redirect_stdout
from typing import Any

import click
import pytest

import flowbench as fb
from flowbench.blueprint import Functions
from flowbench.runtime import Run, prints
from tests.flows import blueprint, fan, seq, step


@pytest.fixture
def functions() -> Functions:
    return Functions()


def run_to_end(functions: Functions, flow: Any, ctx: Any = None) -> Run:
    run = fb.launch(blueprint(flow), {"x": 1} if ctx is None else ctx, functions=functions, durability="memory")
    run.result(30)
    return run


def said(run: Run) -> list[tuple[str, str, str]]:
    return sorted((line.at, line.stream, line.text) for line in run.log.lines())


def test_inline_async_and_thread_bodies_are_heard(functions: Functions) -> None:
    @functions.agent(inline=True)
    def inline(value: Any) -> Any:
        print("inline")
        return value

    @functions.agent
    async def on_loop(value: Any) -> Any:
        await asyncio.sleep(0)
        print("loop")
        return value

    @functions.agent
    def on_thread(value: Any) -> Any:
        sys.stderr.write("thread\n")
        return value

    run = run_to_end(functions, seq(*(step(name) for name in ("inline", "on_loop", "on_thread", "inline"))))

    assert said(run) == [
        ("0", "stdout", "inline"), ("1", "stdout", "loop"), ("2", "stderr", "thread"), ("3", "stdout", "inline"),
    ]  # fmt: skip
    assert [line.agent for line in run.log.lines()] == ["inline", "on_loop", "on_thread", "inline"]


def test_branches_that_take_turns_keep_their_lines_apart(functions: Functions) -> None:
    @functions.agent
    async def spell(value: str) -> str:
        for letter in value:
            print(letter, end="")
            await asyncio.sleep(0)
        print()
        return value

    run = run_to_end(functions, fan(step("spell", "$.i", "$.o"), items=["abc", "def", "ghi"]))

    assert [(at, text) for at, _, text in said(run)] == [("0.f0", "abc"), ("0.f1", "def"), ("0.f2", "ghi")]


def test_quick_bodies_of_a_fan_out_do_not_speak_for_the_step_before_it(functions: Functions) -> None:
    @functions.agent
    async def before(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    @functions.agent(inline=True)
    def quick(value: Any) -> Any:
        print("quick", value)
        return value

    mixed = seq(step("quick", "$.i", "$.o"), step("before", "$.i", "$.o"), step("quick", "$.i", "$.o"))
    run = run_to_end(
        functions, seq(step("before"), fan(step("quick", "$.i", "$.o"), items=[5, 6]), fan(mixed, items=[7]))
    )

    assert [(at, text) for at, _, text in said(run)] == [
        ("1.f0", "quick 5"), ("1.f1", "quick 6"), ("2.f0.0", "quick 7"), ("2.f0.2", "quick 7"),
    ]  # fmt: skip


def test_tasks_and_threads_that_a_body_starts_speak_for_it(functions: Functions) -> None:
    @functions.agent
    async def starts(value: Any) -> Any:
        async def child(name: str) -> None:
            await asyncio.sleep(0)
            print(name)

        await asyncio.gather(child("task"), asyncio.to_thread(print, "thread"))
        return value

    @functions.agent(inline=True)
    def after(value: Any) -> Any:
        return value

    run = run_to_end(functions, seq(step("starts"), step("after")))

    assert [(at, text) for at, _, text in said(run)] == [("0", "task"), ("0", "thread")]


def test_what_others_print_meanwhile_goes_where_it_always_went(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    @functions.agent
    def waits(value: Any) -> Any:
        began.set()
        assert go_on.wait(30)
        return value

    run = fb.launch(blueprint(step("waits")), {"x": 1}, functions=functions, durability="memory")
    assert began.wait(30)
    print("mine")
    stranger = threading.Thread(target=print, args=("a stranger's",))
    stranger.start()
    stranger.join()
    go_on.set()
    run.result(30)

    assert capsys.readouterr().out == "mine\na stranger's\n"
    assert run.log.lines() == []


def test_prints_are_passed_on_unless_a_front_end_shows_them(
    functions: Functions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @functions.agent
    def talk(value: Any) -> Any:
        print("out", value)
        print("err", file=sys.stderr)
        return value

    run_to_end(functions, step("talk"))
    passed = capsys.readouterr()
    monkeypatch.setattr(prints, "passes_on", False)
    run = run_to_end(functions, step("talk"))

    assert tuple(passed) == ("out 1\n", "err\n")
    assert tuple(capsys.readouterr()) == ("", "")
    assert said(run) == [("0", "stderr", "err"), ("0", "stdout", "out 1")]


def test_a_body_may_redirect_click_print_tracebacks_and_write_bytes(functions: Functions) -> None:
    @functions.agent
    def various(value: Any) -> Any:
        with redirect_stdout(io.StringIO()) as kept:
            print("kept")
        click.echo("clicked")
        click.echo(b"bytes")
        traceback.print_exception(ValueError("careful"))
        sys.stdout.buffer.write("more bytes ä\n".encode())
        sys.stdout.writelines(["li", "nes\n"])
        assert sys.stdout.encoding
        assert isinstance(sys.stdout, io.TextIOBase)
        sys.stdout.flush()
        with pytest.raises(TypeError):
            sys.stdout.write(b"no text")  # type: ignore[arg-type]
        return kept.getvalue()

    run = run_to_end(functions, step("various"))

    out = [line.text for line in run.log.lines() if line.stream == "stdout"]
    assert run.ctx == {"x": "kept\n"}
    assert out == ["clicked", "bytes", "more bytes ä", "lines"]
    assert any("careful" in line.text for line in run.log.lines() if line.stream == "stderr")


def test_a_target_that_prints_itself_or_is_closed_does_no_harm(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Echoing(io.StringIO):
        def write(self, text: str) -> int:
            print(text, end="", file=other)
            return super().write(text)

    @functions.agent
    def talk(value: Any) -> Any:
        print("hello", flush=True)
        return value

    other = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Echoing())
    assert said(run_to_end(functions, step("talk"))) == [("0", "stdout", "hello")]
    assert other.getvalue() == "hello\n"
    sys.stdout.close()
    assert said(run_to_end(functions, step("talk"))) == [("0", "stdout", "hello")]


def test_a_run_inside_a_run_speaks_for_itself(functions: Functions) -> None:
    inner: list[Run] = []

    @functions.agent
    def talk(value: Any) -> Any:
        print("inner")
        return value

    @functions.agent
    def outer(value: Any) -> Any:
        inner.append(run_to_end(functions, step("talk")))
        print("outer")
        return value

    run = run_to_end(functions, step("outer"))

    assert (said(run), said(inner[0])) == ([("0", "stdout", "outer")], [("0", "stdout", "inner")])


def test_callbacks_of_the_runs_owner_are_not_its_steps(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    @functions.agent
    async def nap(value: Any) -> Any:
        await asyncio.sleep(0.01)
        return value

    heard = threading.Event()
    run = fb.launch(blueprint(step("nap")), {"x": 1}, functions=functions, durability="memory")
    run.on_end(lambda _: (print("over"), heard.set()))  # type: ignore[func-returns-value]
    assert heard.wait(30)

    assert (run.log.lines(), capsys.readouterr().out) == ([], "over\n")


def test_a_stream_put_in_place_while_a_run_lives_stays(functions: Functions) -> None:
    began, go_on = threading.Event(), threading.Event()

    @functions.agent
    def waits(value: Any) -> Any:
        began.set()
        assert go_on.wait(30)
        return value

    before = sys.stdout
    run = fb.launch(blueprint(step("waits")), {"x": 1}, functions=functions, durability="memory")
    assert began.wait(30)
    with redirect_stdout(io.StringIO()) as mine:
        go_on.set()
        run.result(30)
        assert sys.stdout is mine
        print("mine")
    print("stale", end="")
    run_to_end(functions, seq())

    assert sys.stdout is before
    assert mine.getvalue() == "mine\n"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_print_that_is_under_way_when_runs_end_has_a_stream(
    functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    functions.register(lambda value: value, id="same", inline=True)

    class Busy:
        def __str__(self) -> str:  # runs begin and end between the writes of one print
            prints.leave()
            run_to_end(functions, step("same"))
            return "busy"

    prints.enter()
    print(Busy(), "and", Busy())

    assert capsys.readouterr().out == "busy and busy\n"


def test_a_child_forked_by_a_body_prints_for_itself(functions: Functions) -> None:
    reader, writer = os.pipe()
    before = sys.stdout

    @functions.agent
    def forks(value: Any) -> Any:
        child = os.fork()
        if not child:
            os.write(writer, b"as before" if sys.stdout is before else b"heard")
            os._exit(0)
        os.waitpid(child, 0)
        print("parent")
        return value

    run = run_to_end(functions, step("forks"))
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "as before"
    assert said(run) == [("0", "stdout", "parent")]


def test_who_puts_a_function_before_write_while_a_run_is_live_is_called_and_calls_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    prints.enter()
    try:
        stream, said = sys.stdout, []
        before = stream.write
        stream.write = lambda text: (said.append(text), before(text))[1]  # type: ignore[method-assign]
        print("hello")
        stream.write = before  # type: ignore[method-assign]
        print("again")
    finally:
        prints.leave()

    assert "".join(said) == "hello\n"
    assert capsys.readouterr().out == "hello\nagain\n"
