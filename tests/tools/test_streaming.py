"""Streams: order, back-pressure, errors, and readers that leave."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from flowbench import tools
from flowbench.cancel import Aborted, CancelToken
from flowbench.tools.streaming import AHEAD, streamed

Put = Callable[[Sequence[int]], None]


async def read(work: Callable[[CancelToken, Put], object], token: CancelToken | None = None) -> list[int]:
    return [item async for item in streamed("test", token or CancelToken(), work)]


def test_items_come_in_order_and_all_of_them() -> None:
    def work(token: CancelToken, put: Put) -> None:
        for number in range(1000):
            put([number, -number])

    assert asyncio.run(read(work)) == [item for number in range(1000) for item in (number, -number)]


def test_what_was_handed_over_before_an_error_is_read_first() -> None:
    def work(token: CancelToken, put: Put) -> None:
        put([1, 2])
        raise ValueError("broken")

    read_ = []

    async def both() -> None:
        async for item in streamed("test", CancelToken(), work):
            read_.append(item)  # noqa: PERF401 -- what is read before it raises

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(both())
    assert read_ == [1, 2]


def test_the_work_waits_for_a_slow_reader_and_ends_when_it_leaves() -> None:
    ended = threading.Event()
    most = 0

    def work(token: CancelToken, put: Put) -> None:
        nonlocal most
        try:
            while True:
                put([most])
                most += 1
        finally:
            ended.set()

    async def first() -> int:
        stream = streamed("test", CancelToken(), work)
        async for item in stream:
            await stream.aclose()  # type: ignore[attr-defined]
            return item
        raise AssertionError

    assert asyncio.run(first()) == 0
    assert ended.wait(30)
    assert most <= 2 * AHEAD + 1


def test_an_abort_ends_work_that_waits_for_room() -> None:
    token = CancelToken()

    def work(own: CancelToken, put: Put) -> None:
        for number in range(AHEAD):
            put([number])
        token.abort()
        put([AHEAD])

    with pytest.raises(Aborted, match="Aborted: User"):
        asyncio.run(read(work, token))


def test_an_aborted_token_runs_nothing() -> None:
    token = CancelToken()
    token.abort()

    with pytest.raises(Aborted):
        asyncio.run(read(lambda own, put: pytest.fail("it ran"), token))


def test_the_awaited_tools_are_at_hand_with_the_others() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from flowbench import tools; print(tools.aio.stream_grep.__name__)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.split() == ["stream_grep"]


def test_results_are_the_matches_that_they_hold(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")

    for found in (
        tools.grep("x", tmp_path),
        tools.search("x", "x"),
        tools.glob("*", tmp_path),
        tools.fuzzy_find("a", tmp_path),
        tools.ast_grep("x", tmp_path),
        tools.ast_match("x", "x", lang="py"),
    ):
        assert (len(found), list(found)) == (1, list(found.matches))
