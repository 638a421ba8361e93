"""Grace: ask, wait, force, wait, and never longer."""

from __future__ import annotations

import asyncio

import pytest

from flowbench.cancel import Ending, stop


@pytest.mark.parametrize(
    ("obeys", "ending", "acts"),
    [
        ({"ask", "force"}, Ending.ASKED, ["ask"]),
        ({"force"}, Ending.FORCED, ["ask", "force"]),
        (set(), Ending.ORPHANED, ["ask", "force"]),
    ],
    ids=["obeys", "must be forced", "cannot be ended"],
)
def test_stop_says_what_it_took(obeys: set[str], ending: Ending, acts: list[str]) -> None:
    done: list[str] = []

    async def run() -> Ending:
        gone = asyncio.Event()

        def act(name: str) -> None:
            done.append(name)
            if name in obeys:
                gone.set()

        return await stop(lambda: act("ask"), lambda: act("force"), gone.wait, seconds=0.02)

    assert asyncio.run(run()) is ending
    assert done == acts


def test_what_gone_raises_is_raised() -> None:
    async def gone() -> None:
        raise LookupError("no such process")

    with pytest.raises(LookupError):
        asyncio.run(stop(lambda: None, lambda: None, gone))
