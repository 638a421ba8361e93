"""Shell, awaited: the same sessions on any loop, which goes on meanwhile."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from flowbench.cancel import CancelToken
from flowbench.process.tagged import RUN
from flowbench.tools import ShellResult, aio
from tests.process.trees import WAIT, run, survivors, tag, until

CANCELLED = ShellResult(cancelled=True, timed_out=False)


def test_a_session_outlasts_the_loop_that_has_begun_it() -> None:
    shell = aio.Shell()

    assert run(shell.run("x=1; sleep 600 & echo begun")).output == "begun\n"
    assert run(shell.run("echo $x", cwd="/")).output == "1\n"
    assert run(shell.live_background_job_count()) == 1
    assert run(shell.abort()) is False
    run(shell.close())
    assert run(shell.live_background_job_count()) == 0


def test_parts_are_told_on_the_callers_loop_and_awaited(tmp_path: Path) -> None:
    async def case() -> tuple[list[str], ShellResult]:
        here, parts = asyncio.get_running_loop(), []

        async def listen(text: str) -> None:
            assert asyncio.get_running_loop() is here
            await asyncio.sleep(0)
            parts.append(text)

        async with aio.Shell() as shell:
            return parts, await shell.run("seq 100000; exit 3", on_chunk=listen)

    parts, result = run(case())

    assert "".join(parts) == "".join(f"{number}\n" for number in range(1, 100_001))
    assert result == ShellResult(exit_code=3, cancelled=False, timed_out=False)


def test_the_loop_goes_on_while_a_command_runs(tmp_path: Path) -> None:
    async def case() -> ShellResult:
        async with aio.Shell() as shell:
            running = asyncio.ensure_future(shell.run(f"until [ -e {tmp_path}/go ]; do sleep 0.01; done; pwd"))
            await asyncio.sleep(0.01)
            assert not running.done()
            (tmp_path / "go").touch()
            return await running

    assert run(case()).output == f"{os.getcwd()}\n"


def test_a_stream_is_an_async_loop_with_a_result() -> None:
    async def case() -> tuple[str, ShellResult | None]:
        async with aio.Shell() as shell:
            stream = shell.stream("printf 'a\\nb'; false")
            return "".join([text async for text in stream]), stream.result

    told, result = run(case())

    assert told == "a\nb"
    assert result is not None
    assert (result.exit_code, result.working_dir) == (1, os.getcwd())


def test_who_leaves_a_stream_early_stops_the_command() -> None:
    word = tag()

    async def case() -> None:
        async with aio.Shell(session_env={RUN: word}) as shell:
            async for text in shell.stream(f"echo up; {WAIT}"):
                assert text == "up\n"
                break
            assert (await shell.run("echo next")).output == "next\n"

    run(case())

    until(lambda: not survivors(word))


def test_a_task_that_is_cancelled_ends_when_nothing_is_left() -> None:
    word = tag()

    async def case() -> str:
        async with aio.Shell(session_env={RUN: word}) as shell:
            up = asyncio.Event()
            for listen in (None, lambda _: up.set()):
                up.clear()
                command = f"echo up; (trap '' TERM; {WAIT}) & {WAIT}"
                task = asyncio.ensure_future(shell.run(command, on_chunk=listen))
                if listen is None:
                    await asyncio.to_thread(until, lambda: len(survivors(word)) > 3)
                else:
                    await up.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert survivors(word) == set()
            return (await shell.run("echo on")).output

    assert run(case()) == "on\n"


def test_an_abort_ends_what_is_awaited() -> None:
    async def case() -> list[ShellResult]:
        token, up = CancelToken(), asyncio.Event()
        async with aio.Shell() as shell:
            first = asyncio.ensure_future(shell.run("echo up; sleep 600", token=token, on_chunk=lambda _: up.set()))
            await up.wait()
            waits = asyncio.ensure_future(shell.run("echo never", token=token))
            await asyncio.sleep(0)
            token.abort()
            return [await first, await waits, await shell.run("sleep 600", timeout_ms=20)]

    assert run(case()) == [CANCELLED, CANCELLED, ShellResult(cancelled=False, timed_out=True)]


def test_two_shells_run_side_by_side(tmp_path: Path) -> None:
    meet = "touch {0}/{1}; until [ -e {0}/{2} ]; do sleep 0.01; done"

    async def case() -> list[ShellResult]:
        return await asyncio.gather(
            aio.execute_shell(meet.format(tmp_path, "a", "b")), aio.execute_shell(meet.format(tmp_path, "b", "a"))
        )

    assert [result.exit_code for result in run(case())] == [0, 0]


def test_closing_ends_what_runs() -> None:
    async def case() -> ShellResult:
        shell, up = aio.Shell(), asyncio.Event()
        running = asyncio.ensure_future(shell.run("echo up; sleep 600", on_chunk=lambda _: up.set()))
        await up.wait()
        await shell.close()
        return await running

    assert run(case()) == CANCELLED
