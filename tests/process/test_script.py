"""Scripts in a process of their own: they ask, are answered, and can be killed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from flowbench.cancel import Aborted, CancelToken
from flowbench.process import BodyDied, BodyRaised, TimedOut, run_script
from flowbench.process.tagged import RUN, bearing
from tests.process import scripts

FILE = Path(scripts.__file__)


async def twice(question: Any) -> Any:
    return question * 2


def run(asked: Any, serve: Any = twice, **terms: Any) -> Any:
    return asyncio.run(run_script("the script", FILE, asked, serve=serve, **terms))


def test_it_asks_and_is_answered_as_often_as_it_likes() -> None:
    assert run({"do": "sum", "times": 50}) == sum(range(50)) * 2


def test_long_texts_travel_and_prints_go_to_the_voice() -> None:
    said: list[tuple[str, str]] = []

    told = run({"do": "talk", "text": "é\n"}, voice=lambda *each: said.append(each))

    assert told == ["é\n", 2_000_000]
    assert said == [("stdout", "hello\n")]


def test_what_it_raises_and_how_it_dies_is_told() -> None:
    with pytest.raises(BodyRaised, match="boom"):
        run({"do": "fail"})
    with pytest.raises(BodyDied, match="the script ended with exit code 3"):
        run({"do": "die"})


def test_what_the_answering_function_raises_ends_the_script() -> None:
    async def refuse(question: Any) -> Any:
        raise LookupError("not today")

    with pytest.raises(LookupError, match="not today"):
        run({"do": "ask and sleep"}, refuse, tag=f"lookup-{os.getpid()}")
    assert bearing(RUN, f"lookup-{os.getpid()}") == set()


def test_an_abort_while_it_is_answered_ends_both() -> None:
    token, ended = CancelToken(), []

    async def slow(question: Any) -> Any:
        token.abort()
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(question)

    with pytest.raises(Aborted):
        run({"do": "ask and sleep"}, slow, token=token, tag=f"slow-{os.getpid()}")
    assert ended == ["ready"]
    assert bearing(RUN, f"slow-{os.getpid()}") == set()


def test_its_time_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(TimedOut, match="did not end within"):
        run(str(tmp_path / "mark"), timeout=0.5)
