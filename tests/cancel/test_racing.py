"""Coroutines that race their token."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowbench.cancel import Aborted, AbortReason, CancelToken, Cause, future, work_profile
from tests.cancel.bodies import run


async def answer(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


class Sleeper:
    """A coroutine that sleeps until it is cancelled, so often as it takes."""

    def __init__(self, swallows: int = 0) -> None:
        self.began, self.swallows, self.cancels = asyncio.Event(), swallows, 0

    async def sleep(self) -> str:
        self.began.set()
        while True:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                self.cancels += 1
                if self.cancels > self.swallows:
                    raise


def test_the_answer_comes_back() -> None:
    assert run(future("answer", CancelToken(60), answer(3))) == 3
    assert run(future("answer", None, answer(4))) == 4


def test_what_it_raises_comes_back_as_it_is() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(future("fail", CancelToken(), fail()))


@pytest.mark.parametrize("timeout", [0, None], ids=["deadline", "abort"])
def test_abort_before_start_runs_nothing(timeout: float | None) -> None:
    began: list[int] = []

    async def work() -> None:
        began.append(1)

    token = CancelToken(timeout)
    token.abort() if timeout is None else None

    with pytest.raises(Aborted, match="User" if timeout is None else "Timeout"):
        run(future("never", token, work()))
    assert began == []


def test_an_abort_in_the_middle_cancels_it_and_says_who_asked() -> None:
    async def main() -> tuple[Cause, int]:
        token, sleeper = CancelToken(), Sleeper()
        task = asyncio.ensure_future(future("sleep", token, sleeper.sleep()))
        await sleeper.began.wait()
        token.abort(AbortReason.USER, "button")
        with pytest.raises(Aborted) as raised:
            await task
        return raised.value.cause, sleeper.cancels

    assert run(main()) == (Cause(AbortReason.USER, "button"), 1)


def test_a_deadline_is_enforced_from_outside() -> None:
    async def main() -> None:
        await future("sleep", CancelToken(0.02), Sleeper().sleep())

    with pytest.raises(Aborted, match=r"^Aborted: Timeout$"):
        run(main())


def test_a_foreign_cancellation_passes_on_and_takes_the_work_along() -> None:
    async def main() -> tuple[bool, int]:
        token, sleeper = CancelToken(), Sleeper()
        task = asyncio.ensure_future(future("sleep", token, sleeper.sleep()))
        await sleeper.began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return token.aborted(), sleeper.cancels

    assert run(main()) == (False, 1)


def test_a_cancellation_of_the_work_itself_passes_on() -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    async def main() -> str:
        try:
            await future("gives up", CancelToken(), gives_up())
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            return f"cancelled, asked {task.cancelling()} times"
        return "done"

    assert run(main()) == "cancelled, asked 0 times"


def test_work_that_swallows_its_cancellation_is_left_after_the_grace() -> None:
    async def main() -> int:
        token, sleeper = CancelToken(), Sleeper(swallows=1)
        task = asyncio.ensure_future(future("deaf", token, sleeper.sleep(), grace=0.05))
        await sleeper.began.wait()
        token.abort()
        with pytest.raises(Aborted):
            await task
        return sleeper.cancels  # the end of the loop cancels it once more, and it obeys

    assert run(main()) == 1


@pytest.mark.parametrize("ends", ["with a result", "with an error"])
def test_an_abort_beats_what_the_work_came_to_meanwhile(ends: str) -> None:
    token = CancelToken()

    async def work() -> int:
        token.abort()
        if ends == "with an error":
            raise ValueError("torn down")
        return 1

    with pytest.raises(Aborted) as raised:
        run(future("late", token, work()))
    assert isinstance(raised.value.__cause__, ValueError) == (ends == "with an error")


def test_an_abort_from_another_thread_is_heard() -> None:
    async def main() -> None:
        token, sleeper = CancelToken(), Sleeper()
        task = asyncio.ensure_future(future("sleep", token, sleeper.sleep()))
        await sleeper.began.wait()
        await asyncio.to_thread(token.abort)
        with pytest.raises(Aborted):
            await task

    run(main())


def test_one_sample_for_its_whole_life() -> None:
    run(future("waits a little", None, asyncio.sleep(0.03)))

    line = next(line for line in work_profile(60).folded.splitlines() if line.startswith("waits a little "))

    assert int(line.split()[-1]) >= 29_000
