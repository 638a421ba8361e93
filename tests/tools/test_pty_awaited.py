"""PtySession, awaited: orders are legal at once, leaving ends the program, and a slow reader holds it up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.tools import PtyAlreadyRunning, PtyResult
from flowbench.tools.aio import PtySession
from flowbench.tools.outflow import LIMIT
from tests.process.trees import WAIT, run, survivors, tag, until

BLOCK = 1 << 16  # bytes


def test_orders_are_legal_right_after_the_start() -> None:
    async def case() -> tuple[PtyResult, str]:
        session, texts = PtySession(), []
        starting = session.start("read a; read b; stty size; echo $a $b", on_chunk=texts.append)
        session.resize(100, 30)
        session.write("one\r")
        session.write("two\r")
        return await starting, "".join(texts)

    ended, shown = run(case())

    assert ended == PtyResult(exit_code=0)
    assert shown.endswith("30 100\r\none two\r\n")


def test_a_kill_right_after_the_start_counts() -> None:
    async def case() -> PtyResult:
        session = PtySession()
        starting = session.start("sleep 600")
        session.kill()
        return await starting

    assert run(case()) == PtyResult(cancelled=True)


def test_a_second_start_is_refused_at_once() -> None:
    async def case() -> PtyResult:
        session = PtySession()
        first = session.start_argv("sleep", ["600"])
        with pytest.raises(PtyAlreadyRunning):
            session.start("true")
        session.kill()
        await first
        return await session.start("exit 2")

    assert run(case()) == PtyResult(exit_code=2)


def test_callbacks_may_wait() -> None:
    async def case() -> list[str]:
        texts: list[str] = []

        async def hear(text: str) -> None:
            await asyncio.sleep(0)
            texts.append(text)

        await PtySession().start("echo x", on_chunk=hear)
        return texts

    assert "".join(run(case())) == "x\r\n"


def test_a_cancelled_task_leaves_nothing_behind() -> None:
    async def case() -> int:
        pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(PtySession().start("trap '' TERM HUP; sleep 600", on_start=pid.set_result))
        await pid
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # and cannot be hurried
        with pytest.raises(asyncio.CancelledError):
            await task
        return pid.result()

    with pytest.raises(ProcessLookupError):
        os.kill(run(case()), 0)


def test_an_abort_before_the_start_raises_and_one_afterwards_returns() -> None:
    async def case() -> PtyResult:
        token, session = CancelToken(), PtySession()
        with pytest.raises(Aborted, match="Aborted: Timeout"):
            await session.start("true", timeout_ms=0)
        return await session.start("sleep 600", token=token, on_start=lambda _: token.abort())

    assert run(case()) == PtyResult(cancelled=True)


def test_texts_can_be_looped_over_and_leaving_early_ends_the_program() -> None:
    async def case() -> tuple[str, PtyResult | None, PtyResult | None]:
        session = PtySession()
        whole = "".join([text async for text in session.stream("echo a; exit 5")])
        first = session.last
        async for _ in session.stream("yes"):
            break
        return whole, first, session.last

    assert run(case()) == ("a\r\n", PtyResult(exit_code=5), PtyResult(cancelled=True))


def test_a_slow_reader_holds_the_program_up_and_loses_nothing(tmp_path: Path) -> None:
    blocks, told = 2 * LIMIT // BLOCK, tmp_path / "told"
    program = f"for n in $(seq {blocks}); do head -c {BLOCK} /dev/zero | tr '\\0' x; echo $n > {told}; done"

    def written() -> int:
        return int((told.exists() and told.read_text()) or 0)

    async def case() -> tuple[int, int]:
        most, whole = 0, 0

        async def hear(text: str) -> None:
            nonlocal most, whole
            if not whole:  # the first text is not done with until the program stands still
                while written() < LIMIT // BLOCK // 2 or most < written():
                    most = written()
                    await asyncio.sleep(0.2)
            whole += len(text)

        await PtySession().start(program, on_chunk=hear)
        return most, whole

    most, whole = run(case())

    assert most * BLOCK <= LIMIT + 3 * BLOCK  # one portion is in the reader's hands, one in the system's
    assert whole == blocks * BLOCK


@pytest.mark.parametrize("way", ["cancelled", "closed", "forgotten"])
def test_a_start_that_nobody_comes_to_await_ends_its_program(way: str) -> None:
    async def case(word: str) -> PtyResult:
        session = PtySession()
        starting = session.start_argv("sh", ["-c", WAIT, word])
        if way == "cancelled":
            task = asyncio.ensure_future(starting)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        elif way == "closed":
            starting.close()
        del starting
        assert (session.is_running, session.last) == (False, PtyResult(cancelled=True))
        return await session.start("exit 3")

    word = tag()

    assert run(case(word)) == PtyResult(exit_code=3)
    until(lambda: not survivors(word))


def test_a_session_whose_stream_was_left_is_free_at_once() -> None:
    async def case() -> PtyResult:
        session = PtySession()
        async for _ in session.stream("echo x; exec sleep 600"):
            break
        assert (session.is_running, session.last) == (False, PtyResult(cancelled=True))
        return await session.start("exit 3")

    assert run(case()) == PtyResult(exit_code=3)
